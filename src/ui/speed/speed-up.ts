import type { ModelInfo } from "../../index.js";
import type { DashboardHost } from "../dashboard/host.js";
import type { SharderPanel, ShownSharder } from "../dashboard/panel.js";
import { element, setText } from "../parts/dom.js";
import { EXPLANATIONS } from "../parts/explanation-texts.js";
import { failureText } from "../parts/failure-text.js";
import { formatCount } from "../parts/format.js";
import { perTextFrame } from "../parts/frame.js";
import type { SpeedResult } from "./speed-result.js";
import { keepSpeed, readSpeed, speedKey } from "./speed-store.js";
import { speedFigures, speedNote, speedRows, speedSummary } from "./speed-text.js";

/** What is done at present: nothing, waiting for the end of a job, or measuring. */
type Phase = { readonly kind: "idle" } | { readonly kind: "waiting" } | { readonly kind: "measuring"; step: string };

const QUESTION = "Press Measure to compare with one worker and plain TF.js. It takes half a minute.";

const HEADINGS = ["", "On", "Items/s", "Lowest to highest", "Runs"];

/** The speed-up, in large: how many times as fast as one worker, and as plain TF.js, measured on this machine. */
export class SpeedUp implements SharderPanel {
  readonly root: HTMLElement;
  readonly #host: DashboardHost;
  readonly #isShown: boolean;
  readonly #figures = element("p", { class: "speed-figures", "data-testid": "speed-figures" });
  readonly #note = element("p", { class: "muted", "data-testid": "speed-note" });
  readonly #measure = element("button", { type: "button", "data-testid": "measure" }, "Measure");
  readonly #cancel = element("button", { type: "button", "data-testid": "cancel-measuring", hidden: "" }, "Cancel");
  readonly #summary = element("summary");
  /** What the figures say and don't say; it is long, and so folded away with the table. */
  readonly #said = element("p", { "data-testid": "speed-said" });
  readonly #rows = element("tbody");
  readonly #details: HTMLElement;
  readonly #update = perTextFrame(() => this.#updateNow());
  readonly #listeners: (() => void)[] = [];
  #shown: ShownSharder | undefined;
  #result: SpeedResult | undefined;
  #phase: Phase = { kind: "idle" };
  #controller = new AbortController();

  /** @param isShown whether it is there before there is a sharder. */
  constructor(host: DashboardHost, isShown: boolean) {
    this.#host = host;
    this.#isShown = isShown;
    this.#measure.addEventListener("click", () => this.measure());
    this.#cancel.addEventListener("click", () => this.#stop());
    this.#details = element(
      "details",
      { hidden: "" },
      this.#summary,
      this.#said,
      element(
        "p",
        { class: "speed-items" },
        "The same items on each in turn, three times or more; the middle value counts.",
      ),
      ...EXPLANATIONS.speed.map((text) => element("p", {}, text)),
      element(
        "div",
        { class: "scrolling", tabindex: "0", role: "region", "aria-label": "Measured speeds" },
        element(
          "table",
          { class: "speeds" },
          element(
            "thead",
            {},
            element("tr", {}, ...HEADINGS.map((heading) => element("th", { scope: "col" }, heading))),
          ),
          this.#rows,
        ),
      ),
    );
    this.root = element(
      "section",
      { class: "panel speed-up", "aria-label": "Speed-up", "data-testid": "speed-up" },
      this.#figures,
      this.#note,
      element("div", { class: "buttons" }, this.#measure, this.#cancel),
      this.#details,
    );
    this.#updateNow();
  }

  /** What was measured for the present model on this machine, now or earlier. */
  get result(): SpeedResult | undefined {
    return this.#result;
  }

  /** The same with items like those of the present job or the last one, so that its times can be compared. */
  get comparable(): SpeedResult | undefined {
    const itemShape = this.#host.workload?.itemShape;
    if (this.#shown === undefined || itemShape === undefined) return undefined;
    const isLatest = this.#result?.itemShape === itemShape;
    return isLatest ? this.#result : readSpeed(keyOf(this.#shown.sharder.model), itemShape);
  }

  get isMeasuring(): boolean {
    return this.#phase.kind !== "idle";
  }

  /** Whether what the sharder runs now is a measurement, and no job of the user's. */
  get isRunning(): boolean {
    return this.#phase.kind === "measuring";
  }

  /** @param listener called when `result` or `isMeasuring` has changed. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  attach(shown: ShownSharder): void {
    this.#stop();
    this.#shown = shown;
    const { sharder, signal } = shown;
    this.#result = readSpeed(keyOf(sharder.model));
    signal.addEventListener("abort", () => this.#stop(), { once: true });
    sharder.addEventListener("worker", () => this.#update(), { signal });
    this.#changed();
  }

  /** A job has started or ended. */
  update(): void {
    if (this.#phase.kind === "waiting" && !this.#host.isBusy) void this.#run();
    this.#update();
  }

  /** Measure the baselines: at once or, while a job is under way, as soon as that has ended. */
  measure(): void {
    if (this.isMeasuring || this.#shown === undefined) return;
    const why = this.#whyUnmeasured;
    if (why !== undefined) return this.#host.fail("The speed-up can’t be measured", why);
    if (this.#host.workload === undefined) {
      this.#host.fail("There is nothing to measure yet", "Expected a job, received none so far: run one first.");
      return;
    }
    this.#host.stopRepeating?.();
    this.#phase = { kind: "waiting" };
    this.#changed();
    this.#cancel.focus();
    this.update();
  }

  #stop(): void {
    this.#controller.abort();
    const hadFocus = this.#cancel.matches(":focus");
    this.#phase = { kind: "idle" };
    this.#changed();
    // The pressed button is hidden, and the focus would fall to the top of the page.
    if (hadFocus) this.#measure.focus();
  }

  async #run(): Promise<void> {
    const { sharder, signal } = this.#shown!;
    const { workload } = this.#host;
    if (workload === undefined) return this.#stop();
    this.#controller = new AbortController();
    const until = AbortSignal.any([signal, this.#controller.signal]);
    const phase: Phase = { kind: "measuring", step: "Loading TF.js" };
    this.#phase = phase;
    this.#changed();
    this.#host.note("The speed-up is being measured: what the workers do until then is no job of yours");
    try {
      const { measureSpeed } = await import("./measure-speed.js");
      const result = await measureSpeed(sharder, workload, {
        signal: until,
        onStep: (step) => {
          phase.step = step;
          this.#update();
        },
        checkQuiet: () => {
          if (this.#host.isBusy) throw new Error("Another job has started meanwhile: measure again once it is done.");
        },
      });
      this.#result = result;
      keepSpeed(keyOf(sharder.model), result);
      const figures = speedFigures(result).map(([ratio, than]) => `${ratio} ${than}`);
      this.#host.note(`The speed-up has been measured: ${figures.join(", ") || "there is nothing to compare with"}`);
    } catch (thrown) {
      if (!until.aborted) this.#host.fail("The speed could not be measured", failureText(thrown));
    }
    if (this.#phase !== phase) return;
    const hadFocus = this.#cancel.matches(":focus");
    this.#phase = { kind: "idle" };
    this.#changed();
    if (hadFocus) this.#measure.focus();
  }

  #changed(): void {
    this.#updateNow();
    for (const listener of this.#listeners) listener();
  }

  #updateNow(): void {
    this.root.hidden = !this.#isShown && this.#shown === undefined;
    const { kind } = this.#phase;
    const result = this.#result;
    const isIdle = kind === "idle";
    this.#measure.disabled = this.#shown === undefined;
    this.#measure.hidden = !isIdle || this.#whyUnmeasured !== undefined;
    this.#cancel.hidden = isIdle;
    setText(this.#measure, result === undefined ? "Measure" : "Measure again");
    this.#showFigures(result);
    setText(this.#note, this.#noteText());
    // In its place are what is done at present, and how to begin.
    this.#note.hidden = isIdle && result !== undefined;
    this.#details.hidden = !this.#note.hidden;
    if (result === undefined) return;
    const alive = this.#shown?.sharder.workers.filter(({ state }) => state === "ready" || state === "busy") ?? [];
    const backends = alive.map(({ backend }) => backend);
    const itemShape = this.#host.workload?.itemShape;
    setText(this.#summary, speedSummary(result, backends, itemShape));
    setText(this.#said, speedNote(result, backends, itemShape));
  }

  /** The host is asked once it has a sharder, not before it is complete. */
  get #whyUnmeasured(): string | undefined {
    return this.#shown && this.#host.whyUnmeasured;
  }

  #noteText(): string {
    if (this.#phase.kind === "waiting") return "Starts as soon as the present job is done.";
    if (this.#phase.kind === "measuring") return `Measuring: ${this.#phase.step} …`;
    return this.#whyUnmeasured ?? QUESTION;
  }

  #showFigures(result: SpeedResult | undefined): void {
    const figures = result === undefined ? [] : speedFigures(result);
    const text = figures.flat().join(" ");
    if (this.#figures.getAttribute("data-shown") === text) return;
    this.#figures.setAttribute("data-shown", text);
    this.#figures.hidden = figures.length === 0;
    this.#figures.replaceChildren(
      ...figures.map(([ratio, than]) => element("span", {}, element("strong", {}, ratio), ` ${than}`)),
    );
    this.#rows.replaceChildren(
      ...(result === undefined ? [] : speedRows(result)).map(([title = "", ...cells]) =>
        element("tr", {}, element("th", { scope: "row" }, title), ...cells.map((cell) => element("td", {}, cell))),
      ),
    );
    setText(
      this.#details.querySelector(".speed-items")!,
      `The same ${formatCount(result?.itemCount ?? 0, "item")} on each in turn, three times or more; the middle value counts.`,
    );
  }
}

function keyOf(model: ModelInfo): string {
  return speedKey(model, navigator.hardwareConcurrency);
}
