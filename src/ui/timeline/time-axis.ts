/** A stretch of time, by `performance.now()`, ms. */
export interface TimeWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What there is to see. */
export interface TimeExtent {
  /** When the record began, ms: nothing is to be seen before. */
  readonly firstMs: number;
  /** When the latest run began, ms. */
  readonly runMs: number;
  /** When that run ended, or now, ms. */
  readonly lastMs: number;
}

/**
 * "whole": all of the latest run, however long it gets. "following": a window of fixed length that ends now. "free": where the user has
 * moved it.
 */
export type AxisMode = "whole" | "following" | "free";

/** The shortest stretch that fills the canvas, ms. */
export const MIN_SPAN_MS = 2;
/** A run that has just begun gets this much room, ms. */
const FIRST_SPAN_MS = 2_000;
/** Room after the end, as a fraction of the window, so that what is newest doesn't stick to the border. */
const END_MARGIN = 0.02;

/** Which stretch of time is on view. Pure: it is given what there is to see. */
export class TimeAxis {
  #mode: AxisMode = "whole";
  #extent: TimeExtent = { firstMs: 0, runMs: 0, lastMs: 0 };
  #spanMs = FIRST_SPAN_MS;
  #fromMs = 0;

  get mode(): AxisMode {
    return this.#mode;
  }

  get window(): TimeWindow {
    const { lastMs } = this.#extent;
    if (this.#mode === "whole") return this.#whole;
    if (this.#mode === "free") return { fromMs: this.#fromMs, toMs: this.#fromMs + this.#spanMs };
    const toMs = lastMs + END_MARGIN * this.#spanMs;
    return { fromMs: toMs - this.#spanMs, toMs };
  }

  get #whole(): TimeWindow {
    const { runMs, lastMs } = this.#extent;
    const spanMs = Math.max(FIRST_SPAN_MS, (lastMs - runMs) * (1 + END_MARGIN));
    return { fromMs: runMs, toMs: runMs + spanMs };
  }

  /** There is more to see. */
  update(extent: TimeExtent): void {
    this.#extent = extent;
  }

  showWhole(): void {
    this.#mode = "whole";
  }

  /** Keep the length, and end now. */
  follow(): void {
    const { fromMs, toMs } = this.window;
    this.#spanMs = toMs - fromMs;
    this.#mode = "following";
  }

  /**
   * @param factor above 1 shows less time in more detail.
   * @param anchorMs the time that stays where it is on the canvas. Left out: the end if it follows, else the middle.
   */
  zoom(factor: number, anchorMs?: number): void {
    const { fromMs, toMs } = this.window;
    const isAtEnd = this.#mode !== "free" && toMs >= this.#extent.lastMs;
    const spanMs = Math.min(this.#longestMs, Math.max(MIN_SPAN_MS, (toMs - fromMs) / factor));
    if (anchorMs === undefined && isAtEnd) {
      this.#spanMs = spanMs;
      this.#mode = "following";
      return;
    }
    const anchor = anchorMs ?? (fromMs + toMs) / 2;
    this.#show(anchor - ((anchor - fromMs) / (toMs - fromMs)) * spanMs, spanMs);
  }

  /** @param byMs above 0 moves on to later times. */
  pan(byMs: number): void {
    const { fromMs, toMs } = this.window;
    this.#show(fromMs + byMs, toMs - fromMs);
  }

  /** Move as far as is needed, and no further, for this stretch to be on view. Nothing moves if it is. */
  reveal(beginMs: number, endMs: number): void {
    const { fromMs, toMs } = this.window;
    if (beginMs >= fromMs && endMs <= toMs) return;
    const spanMs = Math.max(toMs - fromMs, (endMs - beginMs) * 1.2);
    const margin = Math.min(spanMs * 0.1, (spanMs - (endMs - beginMs)) / 2);
    this.#show(beginMs < fromMs ? beginMs - margin : endMs + margin - spanMs, spanMs);
  }

  get #longestMs(): number {
    return Math.max(FIRST_SPAN_MS, (this.#extent.lastMs - this.#extent.firstMs) * (1 + END_MARGIN));
  }

  /** Some of what there is stays on view. */
  #show(fromMs: number, spanMs: number): void {
    const { firstMs, lastMs } = this.#extent;
    this.#mode = "free";
    this.#spanMs = spanMs;
    this.#fromMs = Math.max(firstMs - spanMs / 2, Math.min(fromMs, lastMs - spanMs / 2));
  }
}
