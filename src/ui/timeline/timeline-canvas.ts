import { element, setAttribute } from "../parts/dom.js";
import type { AttemptLog } from "../record/attempt-log.js";
import type { LaneLayout } from "./lane-layout.js";
import { readPalette, type Palette } from "./palette.js";

/** The theme is read again after this time, ms. */
const PALETTE_MS = 1_000;

/** The canvas that the timeline is drawn on: its pixels, its colours, and what it says to those who don't see it. */
export class TimelineCanvas {
  readonly root = element("canvas", {
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
  #palette: Palette | undefined;
  #paletteAtMs = -Infinity;

  /** It has as many pixels as the screen, or it would be blurred. @returns `null` where the browser has no canvas to draw on. */
  fit({ widthPx, heightPx }: LaneLayout): CanvasRenderingContext2D | null {
    const context = this.root.getContext("2d");
    const ratio = devicePixelRatio;
    const [width, height] = [Math.round(widthPx * ratio), Math.round(heightPx * ratio)];
    if (this.root.width !== width || this.root.height !== height) {
      this.root.width = width;
      this.root.height = height;
      this.root.style.setProperty("height", `${heightPx}px`);
    }
    context?.setTransform(ratio, 0, 0, ratio, 0, 0);
    return context;
  }

  /** The theme may have changed. */
  forgetPalette(): void {
    this.#paletteAtMs = -Infinity;
  }

  /** The colours of the theme, read now and then. @param onChange called with them where they differ from those before. */
  paletteAt(nowMs: number, onChange: (palette: Palette) => void): Palette {
    if (this.#palette !== undefined && nowMs - this.#paletteAtMs < PALETTE_MS) return this.#palette;
    this.#paletteAtMs = nowMs;
    const palette = readPalette(this.root);
    const isSame = JSON.stringify(palette) === JSON.stringify(this.#palette);
    this.#palette = palette;
    if (!isSame) onChange(palette);
    return palette;
  }

  /** Of all attempts and of the boxes that are drawn, for tests. */
  showCounts(attemptCount: number, boxCount: number): void {
    setAttribute(this.root, "data-attempts", String(attemptCount));
    setAttribute(this.root, "data-boxes", String(boxCount));
  }

  /** @param focused index of the attempt that the keyboard is on. @param text about it. */
  say({ first, total }: Pick<AttemptLog, "first" | "total">, focused: number | undefined, text: string): void {
    setAttribute(this.root, "aria-valuemin", String(first));
    setAttribute(this.root, "aria-valuemax", String(Math.max(first, total - 1)));
    setAttribute(this.root, "aria-valuenow", String(focused ?? first));
    setAttribute(this.root, "aria-valuetext", text);
  }
}
