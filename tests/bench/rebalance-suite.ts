import { createSharder, type Sharder } from "inference-sharder";
import { slow } from "inference-sharder/faults";
import { randomNet } from "../fixtures/random-net.js";
import { noiseBatch, type Batch } from "./bench-models.js";
import { observedRate, traceJob, type JobTrace, type PlanSample } from "./job-trace.js";
import { log } from "./log.js";
import { medianRatio, type Row, type Suite, type SuiteRequest, type Target } from "./report.js";
import { median, relativeGap, summarise } from "./statistics.js";
import { inputOf } from "./sharder-tensors.js";

const MODEL = "random net 32×32, 40 layers";
const SLOW_FACTOR = 4;
/** Duration of the job if nothing changes, s. It is long compared with the quantum. */
const JOB_SECONDS = 4;
/** A worker becomes slow once this fraction of the job is done. */
const CHANGE_AT_FRACTION = 0.35;
/** Relative to the true value, for a share to count as right. */
const SHARE_TOLERANCE = 0.1;
/** With less of the job left, the shares depend on whole shards rather than on rates. */
const TAIL_FRACTION = 0.15;

interface SlowedRound {
  readonly slowedWorker: string;
  readonly makespanMs: number;
  readonly optimumMs: number;
  readonly makespanOverOptimum: number;
  /** The same, with both rates as observed after the change. */
  readonly makespanOverOptimumOfRatesAfter: number;
  /** Shards of the slowed worker from the change to the first plan with the right share; Infinity if there is none. */
  readonly shardsUntilRight: number;
  readonly shardsUntilRightOfRatesAfter: number;
  /**
   * Median gap between the slowed worker's planned share and the true one by the rates after the change, once it is
   * right.
   */
  readonly shareGapAfter: number;
  readonly itemsPerSecondBefore: readonly number[];
  readonly itemsPerSecondAfter: readonly number[];
}

interface SteadyRound {
  readonly itemsPerSecond: number;
  /** Largest |planned − true| share of any plan. */
  readonly largestShareDeviation: number;
}

/** Slows one of two WASM workers in mid-job, and compares the rest of the job with an optimal plan. */
export async function runRebalanceSuite({ runs, seconds }: SuiteRequest): Promise<Suite> {
  const model = randomNet({ seed: 5, size: 32, channels: 3, depth: 40, width: 8 });
  const sharder = await createSharder({ model, workers: [{ backend: "wasm" }, { backend: "wasm" }] });
  try {
    const batch = await sizeJob(sharder);
    const slowed: SlowedRound[] = [];
    const steady: SteadyRound[] = [];
    const endMs = performance.now() + 1000 * seconds;
    for (let round = 0; round < runs; round++) {
      if (round >= 3 && performance.now() > endMs) break;
      const unchanged = await traceJob(sharder, batch);
      steady.push({ itemsPerSecond: rateOf(unchanged), largestShareDeviation: largestDeviation(sharder, unchanged) });
      slowed.push(await slowedRound(sharder, batch, sharder.workers[round % 2]!.id));
      log(`rebalance: round ${round + 1} of ${runs}: ${slowed.at(-1)!.makespanOverOptimum.toFixed(3)} of the optimum`);
    }
    return report(batch, slowed, steady);
  } finally {
    await sharder.dispose();
  }
}

function report(batch: Batch, slowed: readonly SlowedRound[], steady: readonly SteadyRound[]): Suite {
  const figure = (name: keyof SlowedRound & `${"makespanO" | "sha"}${string}`, target?: Target) => ({
    [MODEL]: medianRatio(
      slowed.map((round) => round[name]),
      target,
    ),
  });
  const slowedRates = slowed.map(({ makespanMs }) => (1000 * batch.itemCount) / makespanMs);
  const steadyRates = steady.map(({ itemsPerSecond }) => itemsPerSecond);
  const deviations = steady.map(({ largestShareDeviation }) => largestShareDeviation);
  return {
    suite: "rebalance",
    rows: [
      row("sharder 2 × wasm", batch, steadyRates),
      row(`sharder 2 × wasm, one ×${SLOW_FACTOR} slower from ${100 * CHANGE_AT_FRACTION} % on`, batch, slowedRates),
    ],
    ratios: {
      makespan_over_optimum: figure("makespanOverOptimum", { atMost: 1.1 }),
      makespan_over_optimum_of_rates_after: figure("makespanOverOptimumOfRatesAfter"),
      shards_until_share_is_right: figure("shardsUntilRight", { atMost: 2 }),
      shards_until_share_is_right_of_rates_after: figure("shardsUntilRightOfRatesAfter"),
      share_gap_after: figure("shareGapAfter"),
      largest_share_deviation_unchanged: { [MODEL]: medianRatio(deviations) },
    },
    notes: [
      `Optimum: a continuous lower bound, t + (N − (r₁ + r₂)·t) ÷ (r₁ + r₂/${SLOW_FACTOR}), rates r as the page saw them before the change at t; "of rates after" divides by those it saw after t. They differ where the workers compete for the cores.`,
      `A share is right within ${100 * SHARE_TOLERANCE} % of its true value. Deviations without a change leave out the last ${100 * TAIL_FRACTION} % of the job.`,
      "A worker is made slow by sleeping: it leaves its core to the other one, which may gain by it.",
    ],
    errors: [],
    details: { slowed, steady },
  };
}

/** Warms both workers up and finds how many items the job needs. */
async function sizeJob(sharder: Sharder): Promise<Batch> {
  const itemShape = [32, 32, 3];
  const trial = noiseBatch(itemShape, 128);
  await sharder.predict(inputOf(trial));
  const { makespanMs } = await traceJob(sharder, noiseBatch(itemShape, 256));
  const itemCount = Math.round(Math.min(4000, Math.max(200, (JOB_SECONDS * 1000 * 256) / makespanMs)));
  return noiseBatch(itemShape, itemCount);
}

async function slowedRound(sharder: Sharder, batch: Batch, slowedWorker: string): Promise<SlowedRound> {
  const steadyWorker = sharder.workers.find(({ id }) => id !== slowedWorker)!.id;
  let change: Promise<number> | undefined;
  const trace = await traceJob(sharder, batch, (fraction, elapsedMs) => {
    if (fraction < CHANGE_AT_FRACTION) return;
    // The worker takes the command between two shards, so that its next shard is slow.
    change ??= slow(slowedWorker, SLOW_FACTOR).then(elapsedMs);
  });
  const changeMs = await change!;
  await slow(slowedWorker, 1);
  const before = [steadyWorker, slowedWorker].map((id) => observedRate(trace, id, 0, changeMs));
  const after = [steadyWorker, slowedWorker].map((id) => observedRate(trace, id, changeMs));
  const optimumMs = optimumAfter(trace, changeMs, before, [before[0]!, before[1]! / SLOW_FACTOR]);
  // Before the next job, the sharder must learn that both are fast again.
  await sharder.predict(inputOf(noiseBatch(batch.itemShape, Math.ceil(batch.itemCount / 4))));
  return {
    slowedWorker,
    makespanMs: trace.makespanMs,
    optimumMs,
    makespanOverOptimum: trace.makespanMs / optimumMs,
    makespanOverOptimumOfRatesAfter: trace.makespanMs / optimumAfter(trace, changeMs, before, after),
    ...judgeShares(trace, slowedWorker, changeMs, before, after),
    itemsPerSecondBefore: before,
    itemsPerSecondAfter: after,
  };
}

/** When a plan that foresees the change and can divide items would finish, ms. Rates per worker, items/s. */
function optimumAfter(trace: JobTrace, changeMs: number, before: readonly number[], after: readonly number[]): number {
  const sum = (rates: readonly number[]): number => rates.reduce((total, rate) => total + rate, 0) / 1000;
  return changeMs + (trace.itemCount - sum(before) * changeMs) / sum(after);
}

/** @param before rates of the steady and the slowed worker before the change. @param after their rates after it. */
function judgeShares(
  trace: JobTrace,
  slowedWorker: string,
  changeMs: number,
  before: readonly number[],
  after: readonly number[],
): Pick<SlowedRound, "shardsUntilRight" | "shardsUntilRightOfRatesAfter" | "shareGapAfter"> {
  const plans = trace.plans.filter(({ atMs }) => atMs > changeMs);
  const gapTo = ({ shares }: PlanSample, trueShare: number): number =>
    relativeGap(shares[slowedWorker] ?? 0, trueShare);
  const rightAtMs = (trueShare: number): number =>
    plans.find((plan) => gapTo(plan, trueShare) <= SHARE_TOLERANCE)?.atMs ?? Infinity;
  const shardsUntil = (atMs: number): number =>
    atMs === Infinity
      ? Infinity
      : trace.completions.filter((each) => each.workerId === slowedWorker && each.atMs > changeMs && each.atMs <= atMs)
          .length;

  const expectedShare = before[1]! / SLOW_FACTOR / (before[0]! + before[1]! / SLOW_FACTOR);
  const observedShare = after[1]! / (after[0]! + after[1]!);
  const settledAtMs = rightAtMs(observedShare);
  const settled = plans.filter((plan) => plan.atMs >= settledAtMs && isBeforeTail(plan, trace));
  return {
    shardsUntilRight: shardsUntil(rightAtMs(expectedShare)),
    shardsUntilRightOfRatesAfter: shardsUntil(settledAtMs),
    shareGapAfter: median(settled.map((plan) => gapTo(plan, observedShare))),
  };
}

function isBeforeTail({ completedItemCount }: PlanSample, { itemCount }: JobTrace): boolean {
  return completedItemCount < (1 - TAIL_FRACTION) * itemCount;
}

/** Largest |planned − true| share of any plan. The true share follows from the rates over the whole job. */
function largestDeviation(sharder: Sharder, trace: JobTrace): number {
  const ids = sharder.workers.map(({ id }) => id);
  const rates = ids.map((id) => observedRate(trace, id));
  const rateSum = rates.reduce((sum, rate) => sum + rate, 0);
  const plans = trace.plans.filter((plan) => isBeforeTail(plan, trace));
  return Math.max(
    ...plans.flatMap(({ shares }) => ids.map((id, i) => Math.abs((shares[id] ?? 0) - rates[i]! / rateSum))),
  );
}

function rateOf({ itemCount, makespanMs }: JobTrace): number {
  return (1000 * itemCount) / makespanMs;
}

function row(subject: string, { itemCount }: Batch, rates: readonly number[]): Row {
  const shared = { runs: rates.length, runItemsPerSecond: rates, workers: ["wasm", "wasm"] };
  return { model: MODEL, subject, batch: itemCount, itemsPerSecond: summarise(rates), ...shared };
}
