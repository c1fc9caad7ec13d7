import type { ShardError } from "../core/errors.js";
import type { Picture } from "./picture-worker.js";

interface Refusal {
  readonly index: number;
  readonly picture: Picture;
  readonly error: ShardError;
}

/** As many may wait for the consumer before the source is held back. */
const MAX_WAITING = 64;

/** Queues the pictures that could not be read until the consumer takes them. */
export class Refusals {
  #waiting: Refusal[] = [];
  #onArrival: () => void = () => {};
  #onRoom: () => void = () => {};
  #isClosed = false;

  /** Resolves once there is room for another. */
  async add(refusal: Refusal): Promise<void> {
    this.#waiting.push(refusal);
    this.#onArrival();
    if (this.#waiting.length < MAX_WAITING || this.#isClosed) return;
    await new Promise<void>((resolve) => (this.#onRoom = resolve));
  }

  /** Resolves when the next one is added. Call it before `take`, so that none is missed. */
  arrival(): Promise<undefined> {
    return new Promise((resolve) => (this.#onArrival = () => resolve(undefined)));
  }

  /** @param index takes only consecutive pictures from this index on; `undefined` takes all. */
  *take(index: number | undefined): Generator<Refusal, void, undefined> {
    let next = index;
    while (this.#waiting.length > 0 && (next === undefined || this.#waiting[0]!.index === next)) {
      if (next !== undefined) next++;
      const refusal = this.#waiting.shift()!;
      this.#onRoom();
      yield refusal;
    }
  }

  /** The consumer has left. */
  close(): void {
    this.#isClosed = true;
    this.#onRoom();
  }
}
