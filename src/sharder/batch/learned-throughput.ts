import type { Throughput } from "../../core/throughput/types.js";

/** The learned throughput of each worker, per shape class: the next job starts with it. */
export class LearnedThroughput {
  readonly #byWorker = new Map<string, Map<string, Throughput>>();
  readonly #latest = new Map<string, Throughput>();

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

  forget(workerId: string): void {
    this.#byWorker.delete(workerId);
    this.#latest.delete(workerId);
  }
}
