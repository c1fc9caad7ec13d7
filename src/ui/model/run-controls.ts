import { element, setText } from "../parts/dom.js";

export interface RunCommands {
  run(): void;
  togglePause(): void;
  cancel(): void;
}

/** Which buttons are enabled. */
export interface RunChoices {
  readonly canRun: boolean;
  readonly canPause: boolean;
  readonly isPaused: boolean;
  readonly canCancel: boolean;
}

/** The buttons of a run. */
export class RunControls {
  readonly #run = element("button", { type: "button", class: "primary", "data-testid": "model-run" }, "Run");
  readonly #pause = element("button", { type: "button", "data-testid": "model-pause" }, "Pause");
  readonly #cancel = element("button", { type: "button", "data-testid": "model-cancel" }, "Cancel");
  readonly root = element("div", { class: "buttons" }, this.#run, this.#pause, this.#cancel);

  constructor(commands: RunCommands) {
    this.#run.addEventListener("click", () => commands.run());
    this.#pause.addEventListener("click", () => commands.togglePause());
    this.#cancel.addEventListener("click", () => commands.cancel());
  }

  update({ canRun, canPause, isPaused, canCancel }: RunChoices): void {
    const buttons = [this.#cancel, this.#run, this.#pause];
    const hadFocus = buttons.some((button) => button.matches(":focus"));
    this.#run.disabled = !canRun;
    this.#pause.disabled = !canPause;
    setText(this.#pause, isPaused ? "Resume" : "Pause");
    this.#cancel.disabled = !canCancel;
    // Disabling the focused button would send the focus back to the top of the page.
    if (hadFocus && !buttons.some((button) => button.matches(":focus:enabled"))) {
      buttons.find((button) => !button.disabled)?.focus();
    }
  }
}
