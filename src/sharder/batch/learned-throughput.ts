import type { Throughput } from "../../core/throughput/types.js";

/** The learned throughput of each worker, per shape class: the next job starts with it. */
export class LearnedThroughput {
  readonly #byWorker = new Map<string, Map<string, Throughput>>();
  readonly #latest = new Map<string, Throughput>();
  readonly #latestCalls = new Map<string, number>();
  /** By worker and class. */
  readonly #itemLimits = new Map<string, number>();

  get(workerId: string, shapeClass: string): Throughput | undefined {
    return this.#byWorker.get(workerId)?.get(shapeClass);
  }

  /** The most recent throughput of any shape class, which is the one shown to people. */
  latest(workerId: string): Throughput | undefined {
    return this.#latest.get(workerId);
  }

  /** @param itemsPerUnit how many items what it counts as one has, such as a whole batch. */
  set(workerId: string, shapeClass: string, throughput: Throughput, itemsPerUnit = 1): void {
    const classes = this.#byWorker.get(workerId) ?? new Map<string, Throughput>();
    this.#byWorker.set(workerId, classes.set(shapeClass, throughput));
    const { itemsPerSecond } = throughput;
    this.#latest.set(
      workerId,
      itemsPerUnit === 1
        ? throughput
        : { ...throughput, itemsPerSecond: itemsPerSecond && itemsPerUnit * itemsPerSecond },
    );
  }

  /** Items of the worker's quickest calls, for the items that it ran last; `undefined` before they have been measured. */
  latestCalls(workerId: string): number | undefined {
    return this.#latestCalls.get(workerId);
  }

  setCalls(workerId: string, callItemCount: number): void {
    this.#latestCalls.set(workerId, callItemCount);
  }

  /** The most items of a shard for which the worker has shown to have memory; `undefined` if none was too large. */
  itemLimit(workerId: string, shapeClass: string): number | undefined {
    return this.#itemLimits.get(`${workerId} ${shapeClass}`);
  }

  /** A limit stays when the worker ends: the next incarnation has no more memory. */
  limitItems(workerId: string, shapeClass: string, itemCount: number): void {
    const key = `${workerId} ${shapeClass}`;
    this.#itemLimits.set(key, Math.max(1, Math.min(itemCount, this.#itemLimits.get(key) ?? Infinity)));
  }

  forget(workerId: string): void {
    this.#byWorker.delete(workerId);
    this.#latest.delete(workerId);
    this.#latestCalls.delete(workerId);
  }
}
