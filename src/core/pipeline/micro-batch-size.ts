import { ShardError } from "../errors.js";

/** The most items of a micro-batch, whatever they cost. */
const MAX_ITEMS = 16_384;

/** What decides how many items a micro-batch holds. */
export interface MicroBatchProblem {
  /** Items that are left; `undefined` while a stream's source is open. */
  readonly itemCount: number | undefined;
  readonly stageCount: number;
  /** Time of the slowest stage, ms per item; `undefined` before anything is known. */
  readonly msPerItem: number | undefined;
  /** Fixed cost of a micro-batch in the slowest stage, ms. */
  readonly overheadMs: number;
  /** The longest that a micro-batch should take in the slowest stage, ms. */
  readonly quantumMs: number;
  /** Nothing has run yet: the size is halved, since it takes two sizes to separate a cost per item from one per micro-batch. */
  readonly isTrial: boolean;
  /** Only 1, 2, 4, …: each new shape costs a GPU shader variants. */
  readonly powersOfTwo: boolean;
}

/**
 * Items per micro-batch, ≥ 1, that let a pipeline finish soonest.
 *
 * With micro-batches of m items, N items leave S stages after (N/m + S − 1) · (o + m·t) ms: small ones fill the pipeline quickly,
 * large ones pay the overhead o seldom. The minimum is at m = √(N·o ÷ ((S − 1)·t)), capped by the quantum, so that a job reacts soon.
 *
 * @throws ShardError "invalid-cost" for negative or infinite costs, and for no stages.
 * Source: the fill and drain of a bounded pipeline as in GPipe (Huang et al., 2019), with the overhead added.
 */
export function sizeMicroBatch(problem: MicroBatchProblem): number {
  const { itemCount, stageCount, msPerItem, overheadMs, quantumMs, isTrial, powersOfTwo } = problem;
  for (const value of [msPerItem ?? 0, overheadMs, quantumMs, stageCount - 1]) {
    if (value >= 0 && value < Infinity) continue;
    throw new ShardError(
      "invalid-cost",
      `Expected at least one stage and finite costs ≥ 0 of a micro-batch, received ${JSON.stringify(problem)}.`,
    );
  }
  // One item shows what items cost.
  if (msPerItem === undefined) return 1;
  const byQuantum = msPerItem === 0 ? Infinity : quantumMs / msPerItem;
  const fill = (stageCount - 1) * msPerItem;
  const byFill = itemCount === undefined || fill === 0 ? Infinity : Math.sqrt((itemCount * overheadMs) / fill);
  const most = itemCount ?? MAX_ITEMS;
  const best = Math.max(1, Math.min(Math.round(byFill), Math.floor(byQuantum), most, MAX_ITEMS));
  const size = isTrial ? Math.ceil(best / 2) : best;
  return powersOfTwo ? 2 ** Math.floor(Math.log2(size)) : size;
}
