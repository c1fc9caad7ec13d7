import { element, setText } from "./dom.js";

export interface ResumeChoices {
  resume(): void;
  startOver(): void;
}

/** Offers to resume a run that a reload or a crash has interrupted. */
export class ResumeOffer {
  readonly root: HTMLElement;
  readonly #text = element("p");
  readonly #resume = element("button", { type: "button", class: "primary" }, "Resume");
  readonly #startOver = element("button", { type: "button" }, "Start over");
  #choices: ResumeChoices | undefined;

  constructor(testId: string) {
    this.root = element(
      "div",
      { class: "offer", role: "status", "data-testid": testId },
      this.#text,
      element("div", { class: "buttons" }, this.#resume, this.#startOver),
    );
    this.#resume.addEventListener("click", () => this.#choices?.resume());
    this.#startOver.addEventListener("click", () => this.#choices?.startOver());
    this.hide();
  }

  show(text: string, choices: ResumeChoices): void {
    setText(this.#text, text);
    this.#choices = choices;
    this.root.hidden = false;
  }

  hide(): void {
    this.root.hidden = true;
    this.#choices = undefined;
  }
}
