import type { Steps } from "../core/steps.js";
import { throwIfAborted } from "../protocol/abort.js";

/** The page gets a turn after this, ms: less than a frame. */
const SLICE_MS = 10;

/**
 * Run long work on the page's thread without holding the page up: input and frames come in between.
 * @throws ShardError "aborted"; whatever the work throws.
 */
export async function inSlices<T>(steps: Steps<T>, signal: AbortSignal | undefined): Promise<T> {
  const turns = new Turns();
  try {
    for (let sliceMs = performance.now(); ;) {
      const { done, value } = steps.next();
      if (done === true) return value;
      if (performance.now() - sliceMs < SLICE_MS) continue;
      await turns.next();
      throwIfAborted(signal);
      sliceMs = performance.now();
    }
  } finally {
    turns.close();
  }
}

/** Turns of the event loop. Unlike a timer's, they are not delayed in a hidden page. */
class Turns {
  readonly #channel = new MessageChannel();
  #onTurn: () => void = () => {};

  constructor() {
    this.#channel.port1.addEventListener("message", () => this.#onTurn());
    this.#channel.port1.start();
  }

  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#onTurn = resolve;
      this.#channel.port2.postMessage(undefined);
    });
  }

  close(): void {
    this.#channel.port1.close();
  }
}
