import type { Throughput } from "../../core/throughput/types.js";
import { createThroughput, observe, predictMs } from "../../core/throughput/throughput.js";
import type { Deployment } from "./deployment.js";

interface Measured {
  /** From runs in a full pipeline only. */
  readonly throughput: Throughput;
  /** Size of the latest micro-batch in a full pipeline. */
  readonly itemCount: number;
  /** From the latest micro-batch, whether the pipeline was full or not, ms per item: good enough for a deadline. */
  readonly latestMsPerItem: number;
  /** The sizes of micro-batches that have run. On a GPU each of them compiles shaders once. */
  readonly sizes: ReadonlySet<number>;
}

/** One run of a stage. */
export interface StageSample {
  readonly epoch: number;
  readonly stage: number;
  readonly workerId: string;
  readonly itemCount: number;
  readonly serviceMs: number;
  /** Whether the pipeline was full. While it fills or empties, stages share the machine with fewer others and run faster. */
  readonly isSteady: boolean;
}

/** How many samples after the warm-up make a time reliable. */
const SETTLED_SAMPLES = 3;

/** How long each stage takes on its workers, over all jobs. This is the only place where that is learned. */
export class StageMeasurements {
  readonly #measured = new Map<string, Measured>();

  /** @returns what the stage now takes per item, ms; `undefined` if the sample does not show it. */
  add(sample: StageSample): number | undefined {
    const { itemCount, serviceMs, isSteady } = sample;
    if (!(serviceMs >= 0 && serviceMs < Infinity)) return undefined;
    const key = keyOf(sample.epoch, sample.stage, sample.workerId);
    const known = this.#measured.get(key) ?? { throughput: createThroughput(), itemCount };
    const latestMsPerItem = serviceMs / itemCount;
    const sizes = new Set([...(this.#measured.get(key)?.sizes ?? []), itemCount]);
    if (!isSteady) {
      this.#measured.set(key, { ...known, latestMsPerItem, sizes });
      return undefined;
    }
    const throughput = observe(known.throughput, { itemCount, serviceMs });
    this.#measured.set(key, { throughput, itemCount, latestMsPerItem, sizes });
    const ms = predictMs(throughput, itemCount);
    return ms === undefined ? undefined : ms / itemCount;
  }

  /** What a micro-batch takes on a replica, ms; `undefined` before its first run. */
  predictMs(epoch: number, stage: number, workerId: string, itemCount: number): number | undefined {
    const measured = this.#measured.get(keyOf(epoch, stage, workerId));
    return measured && (predictMs(measured.throughput, itemCount) ?? itemCount * measured.latestMsPerItem);
  }

  /** Whether a micro-batch of this size has run on a replica. */
  hasRunSize(epoch: number, stage: number, workerId: string, itemCount: number): boolean {
    return this.#measured.get(keyOf(epoch, stage, workerId))?.sizes.has(itemCount) === true;
  }

  /** Whether a replica has run often enough for its time to be reliable. */
  isSettled(epoch: number, stage: number, workerId: string): boolean {
    const measured = this.#measured.get(keyOf(epoch, stage, workerId));
    return (measured?.throughput.sampleCount ?? 0) >= SETTLED_SAMPLES;
  }

  /** Ms per item of one replica, at the size of its latest micro-batch; `undefined` before its second run. */
  msPerItem(epoch: number, stage: number, workerId: string): number | undefined {
    const measured = this.#measured.get(keyOf(epoch, stage, workerId));
    const ms = measured && predictMs(measured.throughput, measured.itemCount);
    return ms === undefined ? undefined : ms / measured!.itemCount;
  }

  /** Fixed cost of a micro-batch in the stage where it is largest, ms. */
  overheadMs({ epoch, workerIds }: Deployment): number | undefined {
    const known = workerIds.flatMap((ids, stage) =>
      ids.flatMap((id) => this.#measured.get(keyOf(epoch, stage, id))?.throughput.overheadMs ?? []),
    );
    return known.length === 0 ? undefined : Math.max(...known);
  }

  forget(epoch: number): void {
    for (const key of this.#measured.keys()) if (key.startsWith(`${epoch}/`)) this.#measured.delete(key);
  }

  forgetWorker(workerId: string): void {
    for (const key of this.#measured.keys()) if (key.endsWith(`/${workerId}`)) this.#measured.delete(key);
  }
}

function keyOf(epoch: number, stage: number, workerId: string): string {
  return `${epoch}/${stage}/${workerId}`;
}
