import type { Throughput } from "../../core/throughput/types.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import type { JobItems } from "../job/job-items.js";
import type { KindRecords } from "./kind-records.js";
import type { LearnedThroughput } from "./learned-throughput.js";

/** A worker as far as its speed goes. */
type Measured = Pick<PoolWorker, "id" | "kind">;

/**
 * What has been learned about workers for the units of one job, which the next job of such units starts with. A whole batch is a unit with
 * its number of items, since another number takes another time.
 */
export class UnitThroughput {
  readonly #learned: LearnedThroughput;
  readonly #records: KindRecords;
  readonly #items: JobItems;

  /** @param items of the job; their first inputs have come before anything is asked. */
  constructor(learned: LearnedThroughput, records: KindRecords, items: JobItems) {
    this.#learned = learned;
    this.#records = records;
    this.#items = items;
  }

  /** Units of one class are of one kind: what was learned from one holds for the others. */
  get unitClass(): string {
    const { shapeClass } = this.#items.first!;
    return this.#items.areUnits ? shapeClass : `${shapeClass} × ${this.#items.perUnit}`;
  }

  /** What the worker has shown, or others of its kind. */
  of({ id, kind }: Measured): Throughput | undefined {
    return this.#learned.get(id, this.unitClass) ?? this.#records.throughputOf(kind, this.unitClass);
  }

  learn({ id, kind }: Measured, throughput: Throughput): void {
    this.#learned.set(id, this.unitClass, throughput, this.#items.perUnit);
    this.#records.learnThroughput(kind, this.unitClass, throughput);
  }

  /** Items of the quickest calls of such a worker; `undefined` before they have been measured. */
  callItemCountOf({ kind }: Pick<Measured, "kind">): number | undefined {
    return this.#records.callItemCountOf(kind, this.unitClass);
  }

  learnCalls({ id, kind }: Measured, callItemCount: number): void {
    this.#learned.setCalls(id, callItemCount);
    this.#records.learnCalls(kind, this.unitClass, callItemCount);
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
