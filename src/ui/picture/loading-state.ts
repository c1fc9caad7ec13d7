import type { LoadingProgress } from "../../index.js";
import type { ShownJobState } from "../job-view.js";
import { loadingText } from "../loading-text.js";
import type { LogPanel } from "../parts/log-panel.js";
import type { Notice } from "../parts/notice.js";
import type { ProgressText } from "../parts/progress-view.js";
import type { PictureInput } from "./picture-input.js";

/** What the tab shows before it has a sharder. */
export class LoadingState {
  readonly #notice: Notice;
  readonly #log: LogPanel;
  readonly #input: PictureInput;
  readonly #onChange: () => void;
  #state: ShownJobState = "loading";
  #text: ProgressText = { fraction: undefined, headline: "Loading the model", detail: "" };
  /** Starts the loading, where that waits for the user. */
  #onWanted: (() => void) | undefined;

  constructor(notice: Notice, log: LogPanel, input: PictureInput, onChange: () => void) {
    this.#notice = notice;
    this.#log = log;
    this.#input = input;
    this.#onChange = onChange;
  }

  get state(): ShownJobState {
    return this.#state;
  }

  get text(): ProgressText {
    return this.#text;
  }

  /** Whether nothing is loaded before the user or the host wants it. */
  get isHeldBack(): boolean {
    return this.#onWanted !== undefined;
  }

  /** Load nothing before the user or the host wants it. @param onWanted called at most once. */
  holdBack(onWanted: () => void): void {
    this.#state = "waiting";
    this.#onWanted = onWanted;
    this.#show({ fraction: 0, headline: "Not started", detail: "Press Run, or choose, drop or paste pictures." });
  }

  /** Start the loading that was held back. */
  begin(): void {
    const start = this.#onWanted;
    this.#onWanted = undefined;
    if (start === undefined) return;
    this.#state = "loading";
    start();
  }

  show(progress: LoadingProgress): void {
    this.#show(loadingText(progress));
  }

  /** Ask before anything is loaded from other sites. @param text the question. */
  ask(text: string, onAgree: () => void, onDecline: () => void): void {
    this.#state = "waiting";
    this.#notice.ask("Load from another site?", text, [
      { title: "Load it", run: onAgree },
      { title: "Use the page’s own model", run: onDecline },
    ]);
    this.#input.disable();
    this.#show({ fraction: 0, headline: "Waiting for your answer", detail: "" });
  }

  fail(message: string, onRetry: () => void): void {
    this.#state = "failed";
    this.#notice.show("The model could not be started", message, onRetry);
    this.#log.add(message, "fault");
    this.#input.disable();
    this.#show({ fraction: 0, headline: "Not ready", detail: "" });
  }

  ready(): void {
    this.#show({ fraction: 0, headline: "Ready", detail: "Choose, drop or paste pictures." });
  }

  #show(text: ProgressText): void {
    this.#text = text;
    this.#onChange();
  }
}
