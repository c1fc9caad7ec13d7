import { element, setText } from "../parts/dom.js";

/** What a worker's button does at present. */
export interface RemovalChoice {
  /** It has ended for good, so there is nothing to lose. */
  readonly isDead: boolean;
  /** Jobs have no other worker. */
  readonly isLast: boolean;
  /** It starts, or is already being removed. */
  readonly isPending: boolean;
}

/** What the button shows, and its name, which begins with that: who speaks to the page says what is written there. */
export function removalWords(
  id: string,
  isDead: boolean,
  isWarned: boolean,
): { readonly text: string; readonly name: string } {
  if (isWarned) return { text: "Remove anyway", name: `Remove anyway: ${id}` };
  const text = isDead ? "Dismiss" : "Remove";
  return { text, name: `${text} ${id}` };
}

/** The button that removes a worker. For the last one it warns first, and removes on a second press. */
export class Removal {
  readonly button: HTMLButtonElement;
  readonly warning: HTMLElement;
  readonly #id: string;
  #choice: RemovalChoice = { isDead: false, isLast: false, isPending: true };
  #isWarned = false;

  constructor(id: string, remove: () => void) {
    this.#id = id;
    this.button = element("button", { type: "button", class: "small" });
    this.warning = element("p", { class: "removal-warning", id: `removal-${id}`, hidden: "" });
    this.button.addEventListener("click", () => {
      if (this.#choice.isPending) return;
      if (this.#choice.isLast && !this.#isWarned) this.#warn(true);
      else remove();
    });
    this.button.addEventListener("blur", () => this.#warn(false));
    this.#show();
  }

  update(choice: RemovalChoice): void {
    this.#choice = choice;
    if (!choice.isLast && this.#isWarned) this.#warn(false);
    else this.#show();
  }

  #warn(isWarned: boolean): void {
    this.#isWarned = isWarned;
    this.#show();
  }

  #show(): void {
    const { isDead, isPending } = this.#choice;
    const { text, name } = removalWords(this.#id, isDead, this.#isWarned);
    setText(this.button, text);
    this.button.setAttribute("aria-label", name);
    // Not `disabled`, which would send the focus back to the top of the page.
    this.button.setAttribute("aria-disabled", String(isPending));
    this.warning.hidden = !this.#isWarned;
    const warning = "This is the last worker: without it nothing runs until you add another. Press again to remove it.";
    setText(this.warning, this.#isWarned ? warning : "");
    if (this.#isWarned) this.button.setAttribute("aria-describedby", this.warning.id);
    else this.button.removeAttribute("aria-describedby");
  }
}
