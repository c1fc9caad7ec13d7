import type { ItemWord, ShownSharder } from "../dashboard/panel.js";
import { element } from "../parts/dom.js";
import type { AttemptLog } from "../record/attempt-log.js";
import type { RunRecord } from "../record/run-record.js";
import { Choice } from "./choice.js";
import { drawTimeline } from "./draw-timeline.js";
import { layOutLanes } from "./lane-layout.js";
import { summariseLanes } from "./lane-summary.js";
import { LaneTable } from "./lane-table.js";
import { Legend } from "./legend.js";
import { pointedAt, type CanvasPoint, type Pointed } from "./pointed.js";
import { RedrawLoop } from "./redraw-loop.js";
import { timeAt, type Scene } from "./scene.js";
import { TimeAxis } from "./time-axis.js";
import { TimelineCanvas } from "./timeline-canvas.js";
import { listenForInput, type TimelineTarget } from "./timeline-input.js";
import { TimelineTip } from "./timeline-tip.js";
import { TimelineTools, type TimelineCommands } from "./timeline-tools.js";
import { workUnderWay } from "./under-way.js";
import { describeAttempt } from "./words.js";

/** For those who want less motion, it moves by itself no more often, ms. */
const CALM_MS = 1_000;
/** The numbers change no faster than they can be read, ms. */
const NUMBERS_MS = 500;
/** Of workers that came and went, only the newest have lanes. */
const MAX_LANES = 40;

const HINT =
  "Left and right arrows go from shard to shard, up and down from worker to worker. Plus and minus zoom, shift with an arrow moves, 0 shows the whole run.";

/** The workers' lanes on a canvas, with what belongs to it. It draws while it is on view and something has changed. */
export class TimelineView implements TimelineTarget, TimelineCommands {
  readonly root: HTMLElement;
  readonly #canvas = new TimelineCanvas();
  readonly #frame = element("div", { class: "timeline-frame" });
  readonly #tip = new TimelineTip();
  readonly #tools = new TimelineTools(this);
  readonly #legend = new Legend();
  readonly #table = new LaneTable(() => this.#updateNumbers());
  readonly #loop = new RedrawLoop({
    hasChanged: () => this.#hasChanged(),
    draw: () => this.#draw(),
  });
  readonly #calm = matchMedia("(prefers-reduced-motion: reduce)");
  #axis = new TimeAxis();
  #choice = new Choice();
  #shown: ShownSharder | undefined;
  #pointer: CanvasPoint | undefined;
  #scene: Scene | undefined;
  #drawnRevision = -1;
  #drawnAtMs = -Infinity;
  #numbersAtMs = 0;

  /** @param prefix tells the timelines of a page apart, in ids. */
  constructor(prefix: string) {
    const hint = element("p", { class: "visually-hidden", id: `${prefix}timeline-hint` }, HINT);
    const canvas = this.#canvas.root;
    canvas.setAttribute("aria-describedby", hint.id);
    this.#frame.append(canvas, this.#tip.root);
    this.root = element(
      "div",
      { class: "timeline-body" },
      this.#tools.root,
      this.#frame,
      hint,
      this.#legend.root,
      this.#table.root,
    );
    listenForInput(canvas, this);
    canvas.addEventListener("focus", () => this.#change(() => {}));
    canvas.addEventListener("blur", () => this.#change(() => this.#choice.clear()));
    new ResizeObserver(() => this.#loop.request()).observe(this.#frame);
    new IntersectionObserver(([entry]) => this.#loop.setOnView(entry?.isIntersecting === true)).observe(this.root);
  }

  attach(shown: ShownSharder): void {
    this.#shown = shown;
    this.#axis = new TimeAxis();
    this.#choice = new Choice();
    this.#pointer = undefined;
    this.#drawnRevision = -1;
    const onTheme = (): void => {
      this.#canvas.forgetPalette();
      this.#loop.request();
    };
    // The document holds on to the listener, and with it to the view, until the signal ends it.
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", onTheme, { signal: shown.signal });
    this.#loop.request();
  }

  zoom(factor: number, x?: number): void {
    this.#change(() =>
      this.#axis.zoom(factor, x === undefined ? this.#chosenMs : this.#scene && timeAt(this.#scene, x)),
    );
  }

  /** The middle of the attempt that the keyboard is on, ms. */
  get #chosenMs(): number | undefined {
    const attempts = this.#shown?.record.attempts;
    const index = attempts && this.#choice.in(attempts);
    return attempts && index !== undefined ? (attempts.beginMsOf(index) + attempts.endMsOf(index)) / 2 : undefined;
  }

  pan(px: number): void {
    const { fromMs, toMs } = this.#axis.window;
    this.#change(() => this.#axis.pan((px * (toMs - fromMs)) / (this.#scene?.layout.timePx ?? 1)));
  }

  point(at: CanvasPoint | undefined): void {
    this.#change(() => (this.#pointer = at));
  }

  step(direction: 1 | -1): void {
    this.#choose((attempts, rows) => this.#choice.step(attempts, rows, direction));
  }

  stepLane(direction: 1 | -1): void {
    this.#choose((attempts, rows) => this.#choice.stepLane(attempts, rows, direction));
  }

  stepToEdge(edge: "first" | "last"): void {
    this.#choose((attempts, rows) => this.#choice.toEdge(attempts, rows, edge));
  }

  showWhole(): void {
    this.#change(() => this.#axis.showWhole());
  }

  follow(): void {
    this.#change(() => this.#axis.follow());
  }

  release(): boolean {
    const hadPointer = this.#pointer !== undefined;
    this.#pointer = undefined;
    const had = this.#choice.clear() || hadPointer;
    this.#loop.request();
    return had;
  }

  #choose(choose: (attempts: AttemptLog, rows: readonly string[]) => void): void {
    const record = this.#shown?.record;
    if (record === undefined) return;
    const { attempts } = record;
    this.#change(() => {
      choose(attempts, shownWorkers(record));
      const index = this.#choice.in(attempts);
      if (index !== undefined) this.#axis.reveal(attempts.beginMsOf(index), attempts.endMsOf(index));
    });
  }

  #change(change: () => void): void {
    change();
    this.#loop.request();
  }

  #hasChanged(): boolean {
    const record = this.#shown?.record;
    if (record === undefined || (this.#calm.matches && performance.now() - this.#drawnAtMs < CALM_MS)) return false;
    return record.revision !== this.#drawnRevision || record.isRunning;
  }

  #draw(): void {
    const shown = this.#shown;
    if (shown === undefined || this.#frame.clientWidth === 0) return;
    const { record } = shown;
    this.#drawnRevision = record.revision;
    const nowMs = performance.now();
    this.#drawnAtMs = nowMs;
    const run = record.latestRun ?? { startMs: record.startMs, endMs: record.latestMs };
    this.#axis.update({ firstMs: record.startMs, runMs: run.startMs, lastMs: run.endMs ?? nowMs });
    const workerIds = shownWorkers(record);
    const layout = layOutLanes(this.#frame.clientWidth, workerIds.length);
    const context = this.#canvas.fit(layout);
    if (context === null) return;
    const palette = this.#canvas.paletteAt(nowMs, (changed) => this.#legend.draw(changed));
    const scene: Scene = {
      record,
      window: this.#axis.window,
      zeroMs: run.startMs,
      nowMs,
      workerIds,
      underWay: workUnderWay(shown.sharder, record),
      colourOf: (id) => shown.colours.of(id),
      layout,
      palette,
      focused: this.#choice.in(record.attempts),
      pointed: undefined,
    };
    this.#scene = scene;
    const pointed = this.#pointer && pointedAt(scene, this.#pointer, shown.one);
    const boxCount = drawTimeline(context, { ...scene, pointed: pointed?.index });
    this.#canvas.showCounts(record.attempts.total, boxCount);
    this.#showDetails(scene, pointed, shown.one);
    this.#tools.show(this.#axis.mode);
    if (this.#table.isOpen && nowMs - this.#numbersAtMs > NUMBERS_MS) this.#updateNumbers();
  }

  /** The details of what is pointed at, or else of what the keyboard is on. */
  #showDetails(scene: Scene, pointed: Pointed | undefined, one: ItemWord): void {
    const { attempts } = scene.record;
    const { focused } = scene;
    const attempt = focused === undefined ? undefined : attempts.at(focused);
    const spoken = attempt === undefined ? "No shard is chosen." : describeAttempt(attempt, one);
    this.#canvas.say(attempts, focused, spoken);
    if (pointed !== undefined && this.#pointer !== undefined) this.#tip.showAt(this.#pointer, pointed, scene);
    else if (focused !== undefined) this.#tip.showBelow(focused, spoken, scene);
    else this.#tip.hide();
  }

  #updateNumbers(): void {
    const shown = this.#shown;
    if (shown === undefined) return;
    this.#numbersAtMs = performance.now();
    const { record, one } = shown;
    const { startMs, endMs = this.#numbersAtMs } = record.latestRun ?? { startMs: record.startMs };
    const summaries = summariseLanes(record, shownWorkers(record), startMs, endMs);
    this.#table.update(summaries, one, endMs - startMs);
  }
}

function shownWorkers({ workerIds }: RunRecord): readonly string[] {
  return workerIds.slice(-MAX_LANES);
}
