import type { PoolWorker } from "./pool-worker.js";
import type { WorkerSlot } from "./worker-slot.js";

interface ReplacementOptions {
  readonly maxHeapBytes: number;
  /** How long until a worker may leave a backend that it fell back to, ms; `undefined`: it need not, or can't. */
  readonly returnMs: (slot: WorkerSlot) => number | undefined;
  /** Resolves once nothing needs the worker, which takes no more work. Never rejects. */
  readonly release: (worker: PoolWorker) => Promise<void>;
}

/** A worker whose heap is beyond the limit soon after it was started is replaced this much later, ms; doubled each time in a row. */
const FUTILE_PAUSE_MS = 10_000;
const MOST_FUTILE_DOUBLINGS = 8;
/** How long the others may take to do without a worker, ms. After that, what it is on is computed again. */
const RELEASE_LIMIT_MS = 60_000;
/** How long to wait while another worker is being replaced, ms. */
const TURN_MS = 2_000;

/**
 * Replaces workers that have not failed by fresh incarnations, one at a time and between two shards: those whose heap has grown beyond
 * the limit, since WASM heaps and GPU pools never shrink, and those that may return to the backend that they were started for.
 */
export class Replacements {
  readonly #options: ReplacementOptions;
  readonly #returns = new Map<WorkerSlot, ReturnType<typeof setTimeout>>();
  #current: WorkerSlot | undefined;

  constructor(options: ReplacementOptions) {
    this.#options = options;
  }

  /** A worker has become ready: if it fell back, it returns later. */
  watch(slot: WorkerSlot): void {
    const waitMs = slot.spec === slot.wanted ? undefined : this.#options.returnMs(slot);
    if (waitMs !== undefined) this.#tryLater(slot, waitMs);
  }

  /** A worker has completed a run. */
  look(slot: WorkerSlot, worker: PoolWorker): void {
    const { heapBytes = 0, finishedCount, readyMs = 0 } = worker;
    if (heapBytes <= this.#options.maxHeapBytes) {
      if (finishedCount > 1) slot.futileCount = 0;
      return;
    }
    const isFutile = slot.futileCount > 0;
    if (isFutile && readyMs < FUTILE_PAUSE_MS * 2 ** Math.min(slot.futileCount - 1, MOST_FUTILE_DOUBLINGS)) return;
    if (!this.#mayBegin(slot, worker)) return;
    slot.futileCount++;
    void this.#replace(slot, worker);
  }

  /** Its incarnation has ended, or it is being removed. */
  forget(slot: WorkerSlot): void {
    clearTimeout(this.#returns.get(slot));
    this.#returns.delete(slot);
    if (this.#current === slot) this.#current = undefined;
  }

  #tryLater(slot: WorkerSlot, waitMs: number): void {
    this.#returns.set(
      slot,
      setTimeout(() => this.#return(slot), waitMs),
    );
  }

  #return(slot: WorkerSlot): void {
    this.#returns.delete(slot);
    const { worker } = slot;
    const waitMs = this.#options.returnMs(slot);
    if (worker?.isReady !== true || waitMs === undefined) return;
    if (waitMs > 0) this.#tryLater(slot, waitMs);
    else if (this.#mayBegin(slot, worker)) void this.#replace(slot, worker);
    else this.#tryLater(slot, TURN_MS);
  }

  /** One at a time, so that the others keep up the throughput. */
  #mayBegin(slot: WorkerSlot, worker: PoolWorker): boolean {
    return this.#current === undefined && worker.isReady && !slot.isLeaving;
  }

  async #replace(slot: WorkerSlot, worker: PoolWorker): Promise<void> {
    this.#current = slot;
    // Whoever is left without a worker waits for the fresh one.
    slot.leave();
    worker.drain();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const limit = new Promise<void>((resolve) => (timer = setTimeout(resolve, RELEASE_LIMIT_MS)));
    await Promise.race([this.#options.release(worker), limit]);
    clearTimeout(timer);
    if (worker.state !== "dead" && !slot.isLeaving) await worker.stop();
  }
}
