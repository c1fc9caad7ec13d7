import type { ShardError } from "../../core/errors.js";
import type { PoolWorker } from "../../pool/pool-worker.js";

/** The most bytes of weights that each worker may hold: what the user allows, and less on a worker that ran out of memory while loading. */
export class MemoryLimits {
  /** The latest load that ran out of memory; `undefined` if none did. */
  error: ShardError | undefined;
  readonly #limitBytes: number;
  readonly #lowered = new Map<string, number>();

  /** @param limitBytes Infinity for no limit. */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** < 0 for a worker that can't hold anything. */
  of(worker: PoolWorker): number {
    return Math.min(this.#limitBytes, this.#lowered.get(keyOf(worker)) ?? Infinity);
  }

  /**
   * A load ran out of memory: from now on the worker gets half as much at most, and in the end nothing.
   * @param triedBytes what it would have held afterwards.
   */
  lower(worker: PoolWorker, triedBytes: number, error: ShardError): void {
    this.error = error;
    this.#lowered.set(keyOf(worker), triedBytes > 0 ? Math.floor(Math.min(this.of(worker), triedBytes) / 2) : -1);
  }
}

/** A worker that returns on another backend is judged anew. */
function keyOf({ id, kind }: PoolWorker): string {
  return `${id} ${kind}`;
}
