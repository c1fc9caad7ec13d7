import type { Throughput } from "../../core/throughput/types.js";
import type { JobItems } from "../job/job-items.js";
import type { LearnedThroughput } from "./learned-throughput.js";

/**
 * What has been learned about workers for the units of one job, which the next job of such units starts with. A whole batch is a unit with
 * its number of items, since another number takes another time.
 */
export class UnitThroughput {
  readonly #learned: LearnedThroughput;
  readonly #items: JobItems;

  /** @param items of the job; their first inputs have come before anything is asked. */
  constructor(learned: LearnedThroughput, items: JobItems) {
    this.#learned = learned;
    this.#items = items;
  }

  /** Units of one class are of one kind: what was learned from one holds for the others. */
  get unitClass(): string {
    const { shapeClass } = this.#items.first!;
    return this.#items.areUnits ? shapeClass : `${shapeClass} × ${this.#items.perUnit}`;
  }

  of(workerId: string): Throughput | undefined {
    return this.#learned.get(workerId, this.unitClass);
  }

  learn(workerId: string, throughput: Throughput): void {
    this.#learned.set(workerId, this.unitClass, throughput, this.#items.perUnit);
  }

  /** The most units of a shard for which the worker has shown to have memory; `undefined` if none was too large. */
  limitOf(workerId: string): number | undefined {
    return this.#learned.itemLimit(workerId, this.unitClass);
  }

  /** A shard was too large for a worker's memory: it, and each later incarnation of it, gets smaller ones. */
  tooLarge(workerId: string, unitCount: number): void {
    this.#learned.limitItems(workerId, this.unitClass, Math.floor(unitCount / 2));
  }
}
