import { createThroughput } from "../../core/throughput/throughput.js";
import type { Throughput } from "../../core/throughput/types.js";
import type { ModelMemory } from "../memory/model-memory.js";

/** What is new waits so long before it is kept, ms: every answer to a shard brings some. */
const WRITE_DELAY_MS = 1_000;
/** Records of more kinds and classes than this are not kept: those that were measured longest ago go. */
const RECORD_LIMIT = 64;
/** A speed from fewer samples than this says little about other workers. */
const LEAST_SAMPLE_COUNT = 3;
/** A worker that has run nothing begins with this fraction of the largest shard of one of its kind: it allocates, and may be slower. */
const FIRST_FRACTION = 1 / 4;

/** What one worker has shown of its speed, for others of its kind. */
interface SpeedRecord {
  readonly overheadMs: number;
  readonly msPerItem: number;
  /** The largest shard that was completed, items. */
  readonly maxItemCount: number;
}

/**
 * What has been learned about each kind of worker, per shape class: where a worker of that kind begins that has not run yet, be it one that
 * was started again, or one of a later visit. Nothing waits for what is read from an earlier visit.
 */
export class KindRecords {
  readonly #memory: ModelMemory;
  /** By kind and class. */
  readonly #speeds = new Map<string, SpeedRecord>();
  readonly #calls = new Map<string, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(memory: ModelMemory) {
    this.#memory = memory;
    void memory.read("throughput").then((stored) => addMissing(this.#speeds, stored, isSpeed));
    void memory.read("calls").then((stored) => addMissing(this.#calls, stored, isCallItemCount));
  }

  /** What a worker that has not run such items begins with; `undefined` where nothing is known of its kind. */
  throughputOf(kind: string, shapeClass: string): Throughput | undefined {
    const speed = this.#speeds.get(keyOf(kind, shapeClass));
    if (speed === undefined) return undefined;
    const { overheadMs, msPerItem, maxItemCount } = speed;
    return {
      ...createThroughput({ overheadMs, msPerItem }),
      maxItemCount: Math.ceil(FIRST_FRACTION * maxItemCount),
    };
  }

  learnThroughput(kind: string, shapeClass: string, throughput: Throughput): void {
    const { overheadMs, msPerItem, maxItemCount, sampleCount } = throughput;
    if (overheadMs === undefined || msPerItem === undefined || sampleCount < LEAST_SAMPLE_COUNT) return;
    const speed = { overheadMs, msPerItem, maxItemCount };
    if (isSpeed(speed)) this.#put(this.#speeds, keyOf(kind, shapeClass), speed);
  }

  /** Items of the quickest calls; `undefined` before they have been measured. */
  callItemCountOf(kind: string, shapeClass: string): number | undefined {
    return this.#calls.get(keyOf(kind, shapeClass));
  }

  learnCalls(kind: string, shapeClass: string, callItemCount: number): void {
    this.#put(this.#calls, keyOf(kind, shapeClass), callItemCount);
  }

  /** Keep now what waits to be kept. */
  flush(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#speeds.size > 0) this.#memory.write("throughput", Object.fromEntries(this.#speeds));
    if (this.#calls.size > 0) this.#memory.write("calls", Object.fromEntries(this.#calls));
  }

  #put<T>(records: Map<string, T>, key: string, value: T): void {
    // To the end of the order, which is that of age.
    records.delete(key);
    records.set(key, value);
    const [oldest] = records.keys();
    if (records.size > RECORD_LIMIT && oldest !== undefined) records.delete(oldest);
    this.#timer ??= setTimeout(() => this.flush(), WRITE_DELAY_MS);
  }
}

function keyOf(kind: string, shapeClass: string): string {
  return `${kind} | ${shapeClass}`;
}

/** What was measured in this visit counts, whenever an earlier one's is read. */
function addMissing<T>(records: Map<string, T>, stored: unknown, isRecord: (value: unknown) => value is T): void {
  if (typeof stored !== "object" || stored === null) return;
  for (const [key, value] of Object.entries(stored)) {
    if (!records.has(key) && isRecord(value)) records.set(key, value);
  }
}

function isSpeed(value: unknown): value is SpeedRecord {
  if (typeof value !== "object" || value === null) return false;
  const { overheadMs, msPerItem, maxItemCount } = value as Partial<Record<keyof SpeedRecord, unknown>>;
  if (typeof overheadMs !== "number" || typeof msPerItem !== "number" || typeof maxItemCount !== "number") return false;
  const isCost = overheadMs >= 0 && msPerItem >= 0 && overheadMs + msPerItem > 0 && overheadMs + msPerItem < Infinity;
  return isCost && maxItemCount >= 1;
}

function isCallItemCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 1;
}
