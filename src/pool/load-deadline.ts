import { fileBytes, isTfjsWire, type WireModel } from "../protocol/model-on-wire.js";

/** What is allowed for the first model, besides its weights: long enough to parse a large graph on a slow machine. */
const FIRST_FLOOR_MS = 30_000;
/** The slowest rate at which a worker may take weights in, bytes per ms. */
const SLOWEST_BYTES_PER_MS = 1_000;
/** A later load may take so many times as long as the slowest before it, in proportion to the weights, and this floor. */
const FACTOR = 10;
const FLOOR_MS = 10_000;
/** Even a stage without weights has a graph to parse, which counts like so many bytes. */
const LEAST_BYTES = 100_000;

/** How long one worker, or one of several that are alike, may take to load models, given how long it took to load others. */
export class LoadDeadline {
  /** Ms per byte, the slowest so far. */
  #slowest: number | undefined;

  /** @returns ms for a model of so many bytes. */
  ms(bytes: number): number {
    return this.#slowest === undefined
      ? FIRST_FLOOR_MS + bytes / SLOWEST_BYTES_PER_MS
      : FLOOR_MS + FACTOR * this.#slowest * Math.max(bytes, LEAST_BYTES);
  }

  /** A load of so many bytes took so long. */
  took(ms: number, bytes: number): void {
    this.#slowest = Math.max(this.#slowest ?? 0, ms / Math.max(bytes, LEAST_BYTES));
  }
}

/** Bytes of a model's or stage's weights in a worker, as floats. */
export function expandedBytes(model: WireModel): number {
  // What an engine makes of a file that it reads itself is its own business; the file is a measure.
  if (!isTfjsWire(model)) return fileBytes(model);
  const counts = Object.values(model.weights).map(({ shape }) => shape.reduce((product, size) => product * size, 1));
  return 4 * counts.reduce((sum, count) => sum + count, 0);
}
