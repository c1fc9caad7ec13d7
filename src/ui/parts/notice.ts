import { element, setText } from "./dom.js";

/** Says what went wrong and what to do. It stays above everything else until the next attempt. */
export class Notice {
  readonly root: HTMLElement;
  readonly #title = element("strong");
  readonly #text = element("p");
  readonly #retry = element("button", { type: "button" }, "Try again");
  #onRetry: (() => void) | undefined;

  constructor(testId = "notice") {
    this.root = element("div", { class: "notice", role: "alert", "data-testid": testId });
    this.#retry.addEventListener("click", () => this.#onRetry?.());
    this.hide();
  }

  show(title: string, text: string, onRetry?: () => void): void {
    setText(this.#title, title);
    setText(this.#text, text);
    this.#onRetry = onRetry;
    this.root.replaceChildren(this.#title, this.#text, ...(onRetry === undefined ? [] : [this.#retry]));
    this.root.hidden = false;
  }

  /** @param answers the buttons, the first of which is the default. */
  ask(title: string, text: string, answers: readonly { readonly title: string; readonly run: () => void }[]): void {
    const buttons = answers.map(({ title: label, run }) => {
      const button = element("button", { type: "button" }, label);
      button.addEventListener("click", run);
      return button;
    });
    setText(this.#title, title);
    setText(this.#text, text);
    this.root.replaceChildren(this.#title, this.#text, element("div", { class: "buttons" }, ...buttons));
    this.root.hidden = false;
  }

  hide(): void {
    this.root.hidden = true;
    this.root.replaceChildren();
  }
}
