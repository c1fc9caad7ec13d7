/** Texts that follow measurements change no faster than they can be read, ms. */
const TEXT_INTERVAL_MS = 200;
/** A page in the background has no animation frames, and yet its title says how far it is, ms. */
const LONGEST_WAIT_MS = 1_000;

let drawingAtMs: number | undefined;

/** The time, by `performance.now()`: for everything that is drawn in one frame the same, so that it is of the same moment. */
export function presentMs(): number {
  return drawingAtMs ?? performance.now();
}

/** Animation frames for whoever has requested one. */
class Frames {
  readonly #intervalMs: number;
  readonly #requested = new Set<() => void>();
  #drawnAtMs = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #frameId = 0;

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  request(draw: () => void): void {
    const isFirst = this.#requested.size === 0;
    this.#requested.add(draw);
    if (!isFirst) return;
    const waitMs = this.#drawnAtMs + this.#intervalMs - performance.now();
    if (waitMs > 0) setTimeout(() => this.#await(), waitMs);
    else this.#await();
  }

  #await(): void {
    this.#frameId = requestAnimationFrame(() => this.#draw());
    this.#timer = setTimeout(() => this.#draw(), LONGEST_WAIT_MS);
  }

  #draw(): void {
    clearTimeout(this.#timer);
    cancelAnimationFrame(this.#frameId);
    const nowMs = performance.now();
    this.#drawnAtMs = nowMs;
    const draws = [...this.#requested];
    this.#requested.clear();
    drawingAtMs = nowMs;
    for (const draw of draws) {
      try {
        draw();
      } catch (error) {
        // The others go on.
        reportError(error);
      }
    }
    drawingAtMs = undefined;
  }
}

/**
 * Run `draw` in the next animation frame, once however often it is requested, and at most once every `intervalMs`; in the background,
 * within a second.
 * @returns a function that requests the frame.
 */
export function perFrame(draw: () => void, intervalMs = 0): () => void {
  const frames = new Frames(intervalMs);
  return () => frames.request(draw);
}

const texts = new Frames(TEXT_INTERVAL_MS);

/**
 * As `perFrame`, for texts that follow measurements. All of the page that have been requested are drawn in one frame, so that numbers in
 * several places are of the same moment and add up.
 */
export function perTextFrame(draw: () => void): () => void {
  return () => texts.request(draw);
}
