import { ShardError } from "../../core/errors.js";
import type { ItemRange } from "../../core/dispatch/types.js";
import { judgeThree, judgeTwo, ROUNDING_LIMIT, type Distance, type Verdict } from "../../core/verify/judge.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import type { FinishedRun } from "../../pool/worker-runs.js";
import { isExactWorker } from "../inputs/batch-probe.js";
import type { CheckedResult } from "./checked-result.js";
import type { CheckTimes } from "./check-times.js";
import { trustOf, type Checkers } from "./checkers.js";
import { compareOutputs, learnScales, rowsOf, type Gap, type NamedOutputs, type Scales } from "./compare-outputs.js";

/** Relative to the largest value. Workers of one engine and backend on other rows; exact and other backends (DESIGN §4). */
const SAME_KIND_TOLERANCE = 1e-5;
const CROSS_TOLERANCE = 1e-4;
/** A server computes on whatever it has: with other kernels, in fewer bits. */
const SERVER_TOLERANCE = 1e-3;
/** Between backends, differences up to this are rounding: of a sum of terms around 1 that nearly cancel. */
const CROSS_FLOOR = 1e-6;
/** Between backends, integers that come from a comparison of nearly equal floats may differ: one, or up to this fraction. */
const TIE_FRACTION = 0.05;
/** So many rows tell a tie from integers that are all wrong. */
const MAX_TIE_ROWS = 32;
/** How much a check is preferred to shards of the same priority. */
const PRECEDENCE = 1e-6;
/** A third worker, which may be plain JavaScript, computes at most this many rows. */
const MAX_THIRD_ROWS = 2;

/** What a check has shown. */
export type CheckFinding =
  | { readonly kind: "agreed" }
  /** These workers are wrong. */
  | {
      readonly kind: "wrong";
      readonly workers: readonly PoolWorker[];
      readonly isResultWrong: boolean;
      readonly why: string;
    }
  /** Nobody could compute it again. */
  | { readonly kind: "unverified" }
  /** The job no longer waits for it. */
  | { readonly kind: "unwanted" };

/** What it cost. */
export interface CheckCost {
  /** Items computed again, and the service time of that, ms. */
  itemCount: number;
  ms: number;
}

export interface CheckContext {
  readonly checkers: Checkers;
  /** Of this model's outputs; confirmed results are added. */
  readonly scales: Scales;
  /** Is added to. */
  readonly cost: CheckCost;
  readonly times: CheckTimes;
  /** Called when a checker takes much longer than predicted; another one is asked. */
  readonly onOverdue: (checker: PoolWorker) => void;
  /** Whether somebody still waits for the finding. */
  readonly isWanted: () => boolean;
}

interface Answer {
  readonly worker: PoolWorker;
  readonly outputs: NamedOutputs;
}

let checkCounter = 0;

/**
 * Compute some rows of a result again on another worker, and compare. If they differ, a third one decides.
 *
 * @param rows units of the result; all of them if they can't be told apart.
 * Never rejects.
 */
export async function checkResult(
  result: CheckedResult,
  rows: ItemRange,
  context: CheckContext,
): Promise<CheckFinding> {
  const { worker, model } = result;
  const { checkers, scales, isWanted } = context;
  const run = (units: ItemRange) => (checker: PoolWorker) => compute(result, units, checker, context);
  const check = await checkers.ask({ model, without: [worker], isWanted }, run(rows));
  if (!isWanted()) return { kind: "unwanted" };
  if (check === undefined) return { kind: "unverified" };
  const gap = compareOutputs(result.outputs, check.outputs, comparisonOf(result, check.worker, rows, scales));
  const first = distanceOf(gap, isBitwise(result, worker, check.worker, rows), toleranceOf(worker, check.worker));
  if (first.agrees) {
    const moreCount = result.hasRows ? Math.min(result.itemCount, MAX_TIE_ROWS) : 0;
    if (gap.differingFraction > TIE_FRACTION && moreCount > rows.itemCount) {
      return checkResult(result, { firstItem: 0, itemCount: moreCount }, context);
    }
    learnScales(scales, check.outputs);
    return { kind: "agreed" };
  }
  const areFloatsClose = gap.relative <= SAME_KIND_TOLERANCE;
  const few = result.hasRows ? fewRows(rows, areFloatsClose ? gap.differingRow : gap.worstRow) : rows;
  const isSubtle = first.relative <= ROUNDING_LIMIT;
  const areCpu = worker.spec.backend === "cpu" || check.worker.spec.backend === "cpu";
  const search = { model, without: [worker, check.worker], prefersCpu: isSubtle && !areCpu, isWanted };
  const third = await checkers.ask(search, run(few));
  // Then there is no third either, which must not convict anybody.
  if (!isWanted()) return { kind: "unwanted" };
  const verdict =
    third === undefined
      ? judgeTwo(first, { result: trustOf(worker), check: trustOf(check.worker) })
      : judge(result, check, third, { rows, few, first, scales });
  if (verdict === undefined) return { kind: "unverified" };
  if (verdict === "neither") return { kind: "agreed" };
  const isResultWrong = verdict !== "check";
  const workers = [...(isResultWrong ? [worker] : []), ...(verdict === "result" ? [] : [check.worker])];
  const others = [worker, check.worker, ...(third === undefined ? [] : [third.worker])];
  return { kind: "wrong", workers, isResultWrong, why: describe(first, workers, others) };
}

function judge(
  result: CheckedResult,
  check: Answer,
  third: Answer,
  { rows, few, first, scales }: { rows: ItemRange; few: ItemRange; first: Distance; scales: Scales },
): Verdict {
  const offset: ItemRange = { firstItem: few.firstItem - rows.firstItem, itemCount: few.itemCount };
  const ofCheck = result.hasRows ? rowsOf(check.outputs, offset) : check.outputs;
  const toResult = compareOutputs(result.outputs, third.outputs, comparisonOf(result, third.worker, few, scales));
  const isSameAsCheck = check.worker.kind === third.worker.kind;
  const floor = isSameAsCheck ? 0 : CROSS_FLOOR;
  const toCheck = compareOutputs(ofCheck, third.outputs, { floor, scales });
  const isWhole = few.itemCount === rows.itemCount;
  return judgeThree({
    resultToCheck: first,
    resultToThird: distanceOf(
      toResult,
      isBitwise(result, result.worker, third.worker, few),
      toleranceOf(result.worker, third.worker),
    ),
    checkToThird: distanceOf(
      toCheck,
      isWhole && isSameAsCheck && isExactWorker(third.worker),
      toleranceOf(check.worker, third.worker),
    ),
  });
}

function comparisonOf(result: CheckedResult, checker: PoolWorker, rows: ItemRange, scales: Scales) {
  const floor = result.worker.kind === checker.kind ? 0 : CROSS_FLOOR;
  return { rows: result.hasRows ? rows : undefined, floor, scales };
}

/** Exact workers of one kind give the same bits for the same call. */
function isBitwise({ itemCount }: CheckedResult, a: PoolWorker, b: PoolWorker, rows: ItemRange): boolean {
  return a.kind === b.kind && isExactWorker(a) && rows.itemCount === itemCount;
}

/** How far results of the same items may be apart, relative to the largest value. */
function toleranceOf(a: PoolWorker, b: PoolWorker): number {
  if (a.kind === b.kind) return SAME_KIND_TOLERANCE;
  return a.spec.backend === "remote" || b.spec.backend === "remote" ? SERVER_TOLERANCE : CROSS_TOLERANCE;
}

function distanceOf(gap: Gap, isBitwise: boolean, tolerance: number): Distance {
  const isCross = tolerance > SAME_KIND_TOLERANCE;
  const { relative, differingCount, differingFraction } = gap;
  const areTies = differingCount === 0 || (isCross && (differingCount === 1 || differingFraction <= TIE_FRACTION));
  const isClose = relative <= tolerance;
  const agrees = isBitwise ? gap.isSame : isClose && areTies;
  return { agrees, relative: Math.max(relative, areTies ? 0 : differingFraction) };
}

async function compute(
  { worker: maker, model, mode, priority, inputsOf, outputs, predictMs }: CheckedResult,
  rows: ItemRange,
  worker: PoolWorker,
  { cost, times, onOverdue }: CheckContext,
): Promise<Answer> {
  const { itemCount } = rows;
  const request = {
    attemptId: `check/${++checkCounter}`,
    modelKey: model.key,
    // Before the next shard of the job, so that nothing has to wait long.
    priority: priority + PRECEDENCE,
    itemCount,
    mode,
    inputs: inputsOf(rows),
    forwardedNames: [],
  };
  const alikeMs = maker.kind === worker.kind ? predictMs(maker, itemCount) : undefined;
  const { overdueMs, endMs } = times.limits(worker, model.key, itemCount, predictMs(worker, itemCount), alikeMs);
  const answer = await new Promise<FinishedRun>((resolve, reject) => {
    const watch = {
      overdueMs: () => overdueMs,
      onOverdue: () => {
        onOverdue(worker);
        reject(new ShardError("worker-timeout", `Worker "${worker.id}" has not answered a check in time.`));
      },
      onTurn: () => {},
    };
    worker.run(request, () => endMs, watch).then(resolve, reject);
  });
  times.learn(worker, model.key, itemCount, answer.serviceMs);
  cost.itemCount += itemCount;
  cost.ms += answer.serviceMs;
  const kept = Object.entries(answer.outputs).filter(([name]) => name in outputs);
  return { worker, outputs: Object.fromEntries(kept) };
}

/** Of some rows, those around the one that differs the most. */
function fewRows(rows: ItemRange, worstRow: number): ItemRange {
  const itemCount = Math.min(rows.itemCount, MAX_THIRD_ROWS);
  const first = Math.min(Math.max(0, worstRow), rows.itemCount - itemCount);
  return { firstItem: rows.firstItem + first, itemCount };
}

function describe({ relative }: Distance, wrong: readonly PoolWorker[], all: readonly PoolWorker[]): string {
  const right = all.filter((worker) => !wrong.includes(worker)).map(({ id }) => `"${id}"`);
  const size = relative === Infinity ? "in kind" : `by ${relative.toPrecision(2)} of the largest value`;
  return `Expected the same numbers from every worker, but those of ${wrong.map(({ id }) => `"${id}"`).join(" and ")} differ ${size} from those of ${right.join(" and ") || "a spare worker"}: it gets no more work, and what it computed since it was last found right is computed again.`;
}
