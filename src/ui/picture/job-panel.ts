import { asControl } from "../element-controls.js";
import { element, setText } from "../parts/dom.js";
import { ProgressView, type ProgressText } from "../parts/progress-view.js";

export interface JobCommands {
  runAgain(): void;
  togglePause(): void;
  cancel(): void;
  save(): void;
}

/** Which buttons are enabled. */
export interface JobChoices {
  readonly canRunAgain: boolean;
  /** Whether nothing has run yet, so that it is no "again". */
  readonly isFirstRun: boolean;
  readonly canPause: boolean;
  readonly isPaused: boolean;
  readonly canCancel: boolean;
  readonly canSave: boolean;
}

/** Shows the job's progress, with buttons that control it. */
export class JobPanel {
  readonly root: HTMLElement;
  readonly #progress = new ProgressView();
  readonly #again = button("Run again", "run-again");
  readonly #pause = button("Pause", "pause");
  readonly #cancel = button("Cancel", "cancel");
  readonly #save = button("Save as PNG", "save");

  /** @param choose opens another picture; the first of the buttons. */
  constructor(choose: HTMLElement, commands: JobCommands) {
    this.#again.addEventListener("click", () => commands.runAgain());
    this.#pause.addEventListener("click", () => commands.togglePause());
    this.#cancel.addEventListener("click", () => commands.cancel());
    this.#save.addEventListener("click", () => commands.save());
    this.root = element(
      "section",
      { class: "job", "aria-label": "Picture" },
      asControl(
        "buttons",
        element("div", { class: "buttons" }, choose, this.#again, this.#pause, this.#cancel, this.#save),
      ),
      ...this.#progress.roots,
    );
  }

  update(text: ProgressText, choices: JobChoices): void {
    this.#progress.update(text);
    this.#updateButtons(choices);
  }

  #updateButtons({ canRunAgain, isFirstRun, canPause, isPaused, canCancel, canSave }: JobChoices): void {
    const hadFocus = [this.#pause, this.#cancel].some((each) => each.matches(":focus"));
    setText(this.#again, isFirstRun ? "Run" : "Run again");
    setText(this.#pause, isPaused ? "Resume" : "Pause");
    this.#again.disabled = !canRunAgain;
    this.#pause.disabled = !canPause;
    this.#cancel.disabled = !canCancel;
    this.#save.disabled = !canSave;
    // Disabling the focused button would send the focus back to the top of the page.
    if (hadFocus && (this.#pause.disabled || this.#cancel.disabled) && canRunAgain) this.#again.focus();
  }
}

function button(text: string, testId: string): HTMLButtonElement {
  return element("button", { type: "button", "data-testid": testId }, text);
}
