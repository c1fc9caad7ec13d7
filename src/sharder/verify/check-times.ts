import type { PoolWorker } from "../../pool/pool-worker.js";
import { isExactWorker } from "../inputs/batch-probe.js";
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
/** Of a first run of which nothing is known: somebody else is asked after this time, since results wait for the check. */
const UNKNOWN_OVERDUE_MS = 30_000;
/** Long enough for one that compiles shaders in software. */
const UNKNOWN_END_MS = 120_000;
/** Times by kind of worker and model, of which there are new ones whenever layers are cut elsewhere. */
const MOST_KINDS = 64;

/** How long checks may take on each worker, from those that it has made. */
export class CheckTimes {
  /** The longest that a unit has taken, ms, by model. */
  readonly #msPerUnit = new WeakMap<PoolWorker, Map<ModelKey, number>>();
  /** The same by kind of worker and model: it holds for one that has been started again. The latest ones last. */
  readonly #msPerUnitByKind = new Map<string, number>();

  learn(worker: PoolWorker, key: ModelKey, unitCount: number, ms: number): void {
    const known = this.#msPerUnit.get(worker) ?? new Map<ModelKey, number>();
    this.#msPerUnit.set(worker, known);
    known.set(key, Math.max(known.get(key) ?? 0, ms / unitCount));
    const kind = `${worker.kind} ${key}`;
    const longest = Math.max(this.#msPerUnitByKind.get(kind) ?? 0, ms / unitCount);
    this.#msPerUnitByKind.delete(kind);
    this.#msPerUnitByKind.set(kind, longest);
    for (const oldest of this.#msPerUnitByKind.keys()) {
      if (this.#msPerUnitByKind.size <= MOST_KINDS) break;
      this.#msPerUnitByKind.delete(oldest);
    }
  }

  /**
   * @param predictedMs what the job predicts for the worker; `undefined` if it does not know it.
   * @param alikeMs what it predicts for another worker of its kind; `undefined` if there is none.
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
      const ofKind = this.#msPerUnitByKind.get(`${worker.kind} ${key}`);
      // A GPU compiles shaders in a first run, of which others say nothing.
      if ((alikeMs === undefined && ofKind === undefined) || !isExactWorker(worker)) {
        return { overdueMs: UNKNOWN_OVERDUE_MS, endMs: UNKNOWN_END_MS };
      }
      const ms = Math.max(alikeMs ?? 0, (ofKind ?? 0) * unitCount);
      return {
        overdueMs: FIRST_OVERDUE_FACTOR * ms + FIRST_OVERDUE_FLOOR_MS,
        endMs: FIRST_END_FACTOR * ms + FIRST_END_FLOOR_MS,
      };
    }
    const ms = Math.max(predictedMs ?? 0, (perUnit ?? 0) * unitCount);
    return { overdueMs: OVERDUE_FACTOR * ms + OVERDUE_FLOOR_MS, endMs: END_FACTOR * ms + END_FLOOR_MS };
  }
}
