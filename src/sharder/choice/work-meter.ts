/** A window ends once every worker has finished so many shards after its first one. */
const SHARD_COUNT = 3;
/** And not before this time, ms. */
const SHORTEST_MS = 300;
/** After this time a worker that has not finished so many counts with what it has, ms: it may be a hundred times slower. */
const LONGEST_MS = 3_000;

interface Count {
  readonly firstMs: number;
  readonly lastMs: number;
  /** Shards after the first one, and their items. */
  readonly shardCount: number;
  readonly itemCount: number;
}

/** What all workers together did in a window. */
export interface MeasuredWindow {
  /** Items per ms. */
  readonly rate: number;
  readonly ms: number;
}

/**
 * Measures the rate of some workers together while they are busy: for each from the end of its first shard to that of its last one, whatever
 * kept it meanwhile included.
 */
export class WorkMeter {
  readonly #counts = new Map<string, Count>();
  #startedAtMs: number;

  constructor(nowMs: number) {
    this.#startedAtMs = nowMs;
  }

  /** Begin anew. */
  restart(nowMs: number): void {
    this.#counts.clear();
    this.#startedAtMs = nowMs;
  }

  /** A worker has finished a shard. */
  finished(workerId: string, itemCount: number, nowMs: number): void {
    const before = this.#counts.get(workerId);
    this.#counts.set(
      workerId,
      before === undefined
        ? { firstMs: nowMs, lastMs: nowMs, shardCount: 0, itemCount: 0 }
        : {
            ...before,
            lastMs: nowMs,
            shardCount: before.shardCount + 1,
            itemCount: before.itemCount + itemCount,
          },
    );
  }

  /** @returns `undefined` while the window is too short for these workers. */
  window(workerIds: readonly string[], nowMs: number): MeasuredWindow | undefined {
    const ms = nowMs - this.#startedAtMs;
    const counts = workerIds.map((id) => this.#counts.get(id));
    const isFull = (count: Count | undefined): boolean => count !== undefined && count.shardCount >= SHARD_COUNT;
    if (ms < SHORTEST_MS || !(counts.every(isFull) || (ms > LONGEST_MS && counts.some(isFull)))) return undefined;
    let rate = 0;
    for (const count of counts) {
      if (count === undefined || count.shardCount === 0) continue;
      const spanMs = isFull(count) ? count.lastMs - count.firstMs : nowMs - count.firstMs;
      if (spanMs > 0) rate += count.itemCount / spanMs;
    }
    return rate > 0 ? { rate, ms } : undefined;
  }
}
