import type { PoolWorker } from "../../pool/pool-worker.js";
import type { ModelKey } from "../../protocol/worker-api.js";

/** A check is overdue after this many times its prediction and this many ms: somebody else is asked. */
const OVERDUE_FACTOR = 3;
const OVERDUE_FLOOR_MS = 1_000;
/** Without an answer the worker is ended after this many times the prediction and this many ms. */
const END_FACTOR = 10;
const END_FLOOR_MS = 10_000;
/** A first run on a worker takes longer than on others like it, which have run already, by so many times and ms. */
const FIRST_OVERDUE_FACTOR = 6;
const FIRST_OVERDUE_FLOOR_MS = 3_000;
const FIRST_END_FACTOR = 20;
const FIRST_END_FLOOR_MS = 30_000;
/** Long enough for a first run of which nothing is known. */
const UNKNOWN_END_MS = 120_000;

/** How long checks may take on each worker, from those that it has made. */
export class CheckTimes {
  /** The longest that a unit has taken, ms, by model. */
  readonly #msPerUnit = new WeakMap<PoolWorker, Map<ModelKey, number>>();

  learn(worker: PoolWorker, key: ModelKey, unitCount: number, ms: number): void {
    const known = this.#msPerUnit.get(worker) ?? new Map<ModelKey, number>();
    this.#msPerUnit.set(worker, known);
    known.set(key, Math.max(known.get(key) ?? 0, ms / unitCount));
  }

  /**
   * @param predictedMs what the job predicts for the worker; `undefined` if it does not know it.
   * @param alikeMs what it predicts for another worker, on which a first run takes as long; `undefined` if there is none.
   */
  limits(
    worker: PoolWorker,
    key: ModelKey,
    unitCount: number,
    predictedMs: number | undefined,
    alikeMs: number | undefined,
  ): { readonly overdueMs: number; readonly endMs: number } {
    const perUnit = this.#msPerUnit.get(worker)?.get(key);
    if (perUnit === undefined && predictedMs === undefined) {
      if (alikeMs === undefined) return { overdueMs: Infinity, endMs: UNKNOWN_END_MS };
      return {
        overdueMs: FIRST_OVERDUE_FACTOR * alikeMs + FIRST_OVERDUE_FLOOR_MS,
        endMs: FIRST_END_FACTOR * alikeMs + FIRST_END_FLOOR_MS,
      };
    }
    const ms = Math.max(predictedMs ?? 0, (perUnit ?? 0) * unitCount);
    return { overdueMs: OVERDUE_FACTOR * ms + OVERDUE_FLOOR_MS, endMs: END_FACTOR * ms + END_FLOOR_MS };
  }
}
