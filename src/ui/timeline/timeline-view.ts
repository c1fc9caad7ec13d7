import type { ItemWord, ShownSharder } from "../dashboard/panel.js";
import { element, setAttribute, setText } from "../parts/dom.js";
import { formatCount } from "../parts/format.js";
import { drawTimeline } from "./draw-timeline.js";
import { shownMarks } from "./draw-head.js";
import { Choice } from "./choice.js";
import { attemptAt, countBetween } from "./hit.js";
import { layOutLanes, rowAt, type LaneLayout } from "./lane-layout.js";
import { summariseLanes } from "./lane-summary.js";
import { LaneTable } from "./lane-table.js";
import { Legend } from "./legend.js";
import { readPalette, type Palette } from "./palette.js";
import { xOf, type Scene } from "./scene.js";
import { TimeAxis, type AxisMode } from "./time-axis.js";
import { listenForInput, type TimelineTarget } from "./timeline-input.js";
import { describeAttempt, describeMark } from "./words.js";

/** How often it looks whether there is anything new, ms: smooth enough to follow, and cheap beside the workers. */
const LOOK_MS = 66;
const CALM_LOOK_MS = 500;
/** The numbers change no faster than they can be read, ms. */
const NUMBERS_MS = 500;
/** The theme is read again after this time, ms. */
const PALETTE_MS = 1_000;
/** How near the pointer has to be to an attempt, CSS pixels. */
const SLACK_PX = 4;
/** Of workers that came and went, only the newest have lanes. */
const MAX_LANES = 40;

const HINT =
  "Left and right arrows go from shard to shard, up and down from worker to worker. Plus and minus zoom, shift with an arrow moves, 0 shows the whole run.";

/** The workers' lanes on a canvas, with what belongs to it. It draws while it is on view and something has changed. */
export class TimelineView implements TimelineTarget {
  readonly root: HTMLElement;
  readonly #canvas = element("canvas", {
    class: "timeline",
    tabindex: "0",
    // Its value is the shard that the keyboard is on, so that a screen reader reads it aloud at every step.
    role: "slider",
    "aria-label": "Timeline of the workers",
    "aria-valuemin": "0",
    "aria-valuemax": "0",
    "aria-valuenow": "0",
    "data-testid": "timeline",
  });
  readonly #frame = element("div", { class: "timeline-frame" });
  readonly #tip = element("div", { class: "timeline-tip", "aria-hidden": "true" });
  readonly #legend = new Legend();
  readonly #table = new LaneTable(() => this.#updateNumbers());
  readonly #whole = button("Whole run", "timeline-whole", () => this.showWhole());
  readonly #follow = button("Follow", "timeline-follow", () => this.#change(() => this.#axis.follow()));
  readonly #calm = matchMedia("(prefers-reduced-motion: reduce)");
  #axis = new TimeAxis();
  #choice = new Choice();
  #shown: ShownSharder | undefined;
  #palette: Palette | undefined;
  #paletteAtMs = -Infinity;
  #pointer: { readonly x: number; readonly y: number } | undefined;
  #scene: Scene | undefined;
  #drawnRevision = -1;
  #numbersAtMs = 0;
  #isOnView = false;
  #isFrameRequested = false;
  #isStale = true;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param prefix tells the timelines of a page apart, in ids. */
  constructor(prefix: string) {
    const hint = element("p", { class: "visually-hidden", id: `${prefix}timeline-hint` }, HINT);
    this.#canvas.setAttribute("aria-describedby", hint.id);
    this.#frame.append(this.#canvas, this.#tip);
    const tools = element(
      "div",
      { class: "timeline-tools", role: "group", "aria-label": "What the timeline shows" },
      button("−", "timeline-out", () => this.zoom(1 / 1.6), "Zoom out"),
      button("+", "timeline-in", () => this.zoom(1.6), "Zoom in"),
      this.#whole,
      this.#follow,
    );
    this.root = element(
      "div",
      { class: "timeline-body" },
      tools,
      this.#frame,
      hint,
      this.#legend.root,
      this.#table.root,
    );
    this.#tip.hidden = true;
    listenForInput(this.#canvas, this);
    this.#canvas.addEventListener("focus", () => this.#change(() => {}));
    this.#canvas.addEventListener("blur", () => this.#change(() => this.#choice.clear()));
    new ResizeObserver(() => this.#request()).observe(this.#frame);
    new IntersectionObserver(([entry]) => this.#setOnView(entry?.isIntersecting === true)).observe(this.root);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.#paletteAtMs = -Infinity;
      this.#request();
    });
  }

  attach(shown: ShownSharder): void {
    this.#shown = shown;
    this.#axis = new TimeAxis();
    this.#choice = new Choice();
    this.#pointer = undefined;
    this.#drawnRevision = -1;
    this.#request();
  }

  zoom(factor: number, x?: number): void {
    this.#change(() => this.#axis.zoom(factor, x === undefined ? this.#chosenMs : this.#timeAt(x)));
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

  point(at: { readonly x: number; readonly y: number } | undefined): void {
    this.#change(() => (this.#pointer = at));
  }

  step(direction: 1 | -1): void {
    this.#choose(() => this.#shown && this.#choice.step(this.#shown.record.attempts, direction));
  }

  stepLane(direction: 1 | -1): void {
    const rows = this.#scene?.workerIds ?? [];
    this.#choose(() => this.#shown && this.#choice.stepLane(this.#shown.record.attempts, rows, direction));
  }

  stepToEdge(edge: "first" | "last"): void {
    this.#choose(() => this.#shown && this.#choice.toEdge(this.#shown.record.attempts, edge));
  }

  showWhole(): void {
    this.#change(() => this.#axis.showWhole());
  }

  release(): boolean {
    const hadPointer = this.#pointer !== undefined;
    this.#pointer = undefined;
    const had = this.#choice.clear() || hadPointer;
    this.#request();
    return had;
  }

  #choose(choose: () => void): void {
    this.#change(() => {
      choose();
      const attempts = this.#shown?.record.attempts;
      const index = attempts && this.#choice.in(attempts);
      if (attempts !== undefined && index !== undefined)
        this.#axis.reveal(attempts.beginMsOf(index), attempts.endMsOf(index));
    });
  }

  #change(change: () => void): void {
    change();
    this.#request();
  }

  #timeAt(x: number): number {
    const { fromMs, toMs } = this.#axis.window;
    const { leftPx = 0, timePx = 1 } = this.#scene?.layout ?? {};
    return fromMs + ((x - leftPx) / timePx) * (toMs - fromMs);
  }

  #setOnView(isOnView: boolean): void {
    this.#isOnView = isOnView;
    if (isOnView) this.#request();
    else clearTimeout(this.#timer);
  }

  /** Draw in the next frame, whatever has changed. */
  #request(): void {
    this.#isStale = true;
    this.#look();
  }

  /** Draw in the next frame if anything has changed, and look again a little later. */
  #look(): void {
    clearTimeout(this.#timer);
    if (!this.#isOnView) return;
    const record = this.#shown?.record;
    const isNew = record !== undefined && (record.revision !== this.#drawnRevision || record.isRunning);
    if ((this.#isStale || isNew) && !this.#isFrameRequested) {
      this.#isFrameRequested = true;
      requestAnimationFrame(() => {
        this.#isFrameRequested = false;
        this.#isStale = false;
        this.#draw();
      });
    }
    this.#timer = setTimeout(() => this.#look(), this.#calm.matches ? CALM_LOOK_MS : LOOK_MS);
  }

  #draw(): void {
    const shown = this.#shown;
    const context = this.#canvas.getContext("2d");
    if (shown === undefined || context === null || this.#frame.clientWidth === 0) return;
    const { record } = shown;
    this.#drawnRevision = record.revision;
    const nowMs = performance.now();
    const run = record.latestRun ?? { startMs: record.startMs, endMs: record.latestMs };
    this.#axis.update({ firstMs: record.startMs, runMs: run.startMs, lastMs: run.endMs ?? nowMs });
    const workerIds = record.workerIds.slice(-MAX_LANES);
    const layout = layOutLanes(this.#frame.clientWidth, workerIds.length);
    this.#fit(layout, context);
    this.#refreshPalette(nowMs);
    const scene: Scene = {
      record,
      window: this.#axis.window,
      zeroMs: run.startMs,
      nowMs,
      workerIds,
      colourOf: (id) => shown.colours.of(id),
      layout,
      palette: this.#palette!,
      focused: this.#choice.in(record.attempts),
      pointed: undefined,
    };
    this.#scene = scene;
    const pointed = this.#pointed(scene);
    const boxCount = drawTimeline(context, { ...scene, pointed: pointed?.index });
    setAttribute(this.#canvas, "data-attempts", String(record.attempts.total));
    setAttribute(this.#canvas, "data-boxes", String(boxCount));
    this.#showTip(scene, pointed, shown.one);
    this.#showMode(this.#axis.mode);
    if (this.#table.isOpen && nowMs - this.#numbersAtMs > NUMBERS_MS) this.#updateNumbers();
  }

  /** The canvas has as many pixels as the screen, or it would be blurred. */
  #fit({ widthPx, heightPx }: LaneLayout, context: CanvasRenderingContext2D): void {
    const ratio = devicePixelRatio;
    const [width, height] = [Math.round(widthPx * ratio), Math.round(heightPx * ratio)];
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      this.#canvas.width = width;
      this.#canvas.height = height;
      this.#canvas.style.setProperty("height", `${heightPx}px`);
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  #refreshPalette(nowMs: number): void {
    if (nowMs - this.#paletteAtMs < PALETTE_MS) return;
    this.#paletteAtMs = nowMs;
    const palette = readPalette(this.#canvas);
    const isSame = JSON.stringify(palette) === JSON.stringify(this.#palette);
    this.#palette = palette;
    if (!isSame) this.#legend.draw(palette);
  }

  /** What is under the pointer. */
  #pointed(scene: Scene): { readonly index?: number; readonly text: string } | undefined {
    const { record, layout, workerIds, window } = scene;
    const pointer = this.#pointer;
    if (pointer === undefined || this.#shown === undefined || pointer.x < layout.leftPx) return undefined;
    const { one } = this.#shown;
    const row = rowAt(layout, pointer.y);
    if (row === -1) {
      const mark = shownMarks(scene).find(({ atMs }) => Math.abs(xOf(scene, atMs) - pointer.x) <= 2 * SLACK_PX);
      return mark && { text: describeMark(mark, record, one) };
    }
    const lane = row === undefined ? -1 : record.attempts.workerIds.indexOf(workerIds[row]!);
    if (lane < 0) return undefined;
    const slackMs = (SLACK_PX * (window.toMs - window.fromMs)) / layout.timePx;
    const atMs = this.#timeAt(pointer.x);
    const index = attemptAt(record.attempts, lane, atMs, slackMs);
    const attempt = index === undefined ? undefined : record.attempts.at(index);
    if (index === undefined || attempt === undefined) return undefined;
    const count = countBetween(record.attempts, lane, atMs - slackMs / 2, atMs + slackMs / 2);
    const more = count > 3 ? ` ${formatCount(count - 1, "other")} at this point: zoom in to tell them apart.` : "";
    return { index, text: describeAttempt(attempt, one) + more };
  }

  /** The details of what is pointed at, or else of what the keyboard is on. */
  #showTip(scene: Scene, pointed: { readonly text: string } | undefined, one: ItemWord): void {
    const { record, focused, layout } = scene;
    const attempt = focused === undefined ? undefined : record.attempts.at(focused);
    const spoken = attempt === undefined ? "No shard is chosen." : describeAttempt(attempt, one);
    setAttribute(this.#canvas, "aria-valuemin", String(record.attempts.first));
    setAttribute(this.#canvas, "aria-valuemax", String(Math.max(record.attempts.first, record.attempts.total - 1)));
    setAttribute(this.#canvas, "aria-valuenow", String(focused ?? record.attempts.first));
    setAttribute(this.#canvas, "aria-valuetext", spoken);
    const text = pointed?.text ?? (attempt === undefined ? "" : spoken);
    setText(this.#tip, text);
    this.#tip.hidden = text === "";
    if (text === "") return;
    const x = pointed === undefined ? xOf(scene, attempt?.beginMs ?? 0) : (this.#pointer?.x ?? 0);
    const row = attempt === undefined ? 0 : scene.workerIds.indexOf(attempt.workerId);
    const y = pointed === undefined ? layout.headPx + (row + 1) * layout.lanePx - 20 : (this.#pointer?.y ?? 0);
    const width = this.#tip.offsetWidth;
    const left = Math.max(0, Math.min(layout.widthPx - width, x - width / 2));
    // Below the pointer, where it hides nothing that is older, unless there is no room.
    const top = y + 20 + this.#tip.offsetHeight > layout.heightPx + 60 ? y - this.#tip.offsetHeight - 10 : y + 20;
    this.#tip.style.setProperty("transform", `translate(${Math.round(left)}px, ${Math.round(top)}px)`);
  }

  #showMode(mode: AxisMode): void {
    setAttribute(this.#whole, "aria-pressed", String(mode === "whole"));
    setAttribute(this.#follow, "aria-pressed", String(mode === "following"));
  }

  #updateNumbers(): void {
    const shown = this.#shown;
    if (shown === undefined) return;
    this.#numbersAtMs = performance.now();
    const { record, one } = shown;
    const { startMs, endMs = this.#numbersAtMs } = record.latestRun ?? { startMs: record.startMs };
    const summaries = summariseLanes(record, record.workerIds.slice(-MAX_LANES), startMs, endMs);
    this.#table.update(summaries, one, endMs - startMs);
  }
}

function button(text: string, testId: string, act: () => void, label?: string): HTMLButtonElement {
  const created = element("button", { type: "button", class: "small", "data-testid": testId }, text);
  if (label !== undefined) created.setAttribute("aria-label", label);
  created.addEventListener("click", act);
  return created;
}
