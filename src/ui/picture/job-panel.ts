import { asControl } from "../element-controls.js";
import { element, setText } from "../parts/dom.js";
import { ProgressView, type ProgressText } from "../parts/progress-view.js";
import type { PictureInput } from "./picture-input.js";
import { PITCH } from "./picture-words.js";
import type { SaveControls } from "./save-controls.js";

export interface JobCommands {
  runAgain(): void;
  togglePause(): void;
  cancel(): void;
  repeat(isOn: boolean): void;
}

/** Which buttons are enabled. */
export interface JobChoices {
  readonly canRunAgain: boolean;
  /** What starting would do. */
  readonly start: "Run" | "Run again" | "Go on";
  readonly canPause: boolean;
  readonly isPaused: boolean;
  readonly canCancel: boolean;
  readonly isRepeating: boolean;
}

/** Shows the job's progress, with buttons that control it. */
export class JobPanel {
  readonly root: HTMLElement;
  readonly #progress = new ProgressView();
  readonly #again = button("Run again", "run-again");
  readonly #pause = button("Pause", "pause");
  readonly #cancel = button("Cancel", "cancel");
  readonly #repeat = element("input", { type: "checkbox", id: "repeat", "data-testid": "repeat" });
  /** The model and the workers, in words. Its place is below the picture, since it changes with what is running. */
  readonly runsWith = element("p", { class: "muted running-with", "data-testid": "running-with" });
  #isFocusLost = false;

  /** @param speedUp what several workers bring. */
  constructor(input: PictureInput, saving: SaveControls, speedUp: HTMLElement, commands: JobCommands) {
    this.#again.addEventListener("click", () => commands.runAgain());
    this.#pause.addEventListener("click", () => commands.togglePause());
    this.#cancel.addEventListener("click", () => commands.cancel());
    this.#repeat.addEventListener("change", () => commands.repeat(this.#repeat.checked));
    const repeat = element("label", { class: "check", title: "Enlarge it again and again" }, this.#repeat, "Repeat");
    this.root = element(
      "section",
      { class: "job", "aria-label": "Picture" },
      asControl("pitch", element("p", { class: "pitch" }, PITCH)),
      asControl("speed-up", speedUp),
      asControl(
        "buttons",
        element(
          "div",
          { class: "buttons" },
          ...input.roots,
          this.#again,
          this.#pause,
          this.#cancel,
          repeat,
          saving.root,
        ),
      ),
      ...this.#progress.roots,
    );
  }

  /** @param runsWith the model and the workers, in words. */
  update(text: ProgressText, choices: JobChoices, runsWith: string): void {
    this.#progress.update(text);
    setText(this.runsWith, runsWith);
    this.#updateButtons(choices);
  }

  #updateButtons({ canRunAgain, start, canPause, isPaused, canCancel, isRepeating }: JobChoices): void {
    const focused = [this.#again, this.#pause, this.#cancel].find((each) => each.matches(":focus"));
    setText(this.#again, start);
    setText(this.#pause, isPaused ? "Resume" : "Pause");
    this.#again.disabled = !canRunAgain;
    this.#pause.disabled = !canPause;
    this.#cancel.disabled = !canCancel;
    this.#repeat.checked = isRepeating;
    if (focused?.disabled === true) this.#isFocusLost = true;
    if (this.#isFocusLost) this.#returnFocus();
  }

  /** Disabling the focused button would send the focus back to the top of the page. Never to Cancel, where a second press would harm. */
  #returnFocus(): void {
    const root = this.root.getRootNode();
    const active = root instanceof ShadowRoot || root instanceof Document ? root.activeElement : null;
    const isElsewhere = active !== null && active !== document.body && !active.matches(":disabled");
    const next = [this.#again, this.#pause].find((each) => !each.disabled);
    if (!isElsewhere) next?.focus();
    this.#isFocusLost = !isElsewhere && next === undefined;
  }
}

function button(text: string, testId: string): HTMLButtonElement {
  return element("button", { type: "button", "data-testid": testId }, text);
}
