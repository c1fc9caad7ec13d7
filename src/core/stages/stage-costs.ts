import { ShardError } from "../errors.js";
import type { StageProblem, StageWorker } from "./stage-problem.js";

/** Workers whose costs are the same, so that it makes no difference which of them gets a stage. */
export interface WorkerClass {
  readonly members: readonly number[];
  /** `ms(i, j) = ends[j] - starts[i]` is the time of layers i … j-1 with both transfers; -Infinity where no stage may start. */
  readonly ends: Float64Array;
  readonly starts: Float64Array;
  /** The first layer from which a stage up to layer j-1 fits into memory and can be run, for each j. */
  readonly firstAllowed: Int32Array;
}

/**
 * The tables in which the planner looks up costs. O(workers · layers + weights).
 *
 * @throws ShardError "invalid-cost" where a number is missing, negative or not a number.
 */
export function classifyWorkers(problem: StageProblem): WorkerClass[] {
  const { workers, boundaryBytes, layerWeights } = problem;
  const layerCount = layerWeights.length;
  check(boundaryBytes.length === layerCount + 1 && layerCount > 0, "boundaryBytes", boundaryBytes.length);
  for (const bytes of boundaryBytes) check(bytes >= 0 && bytes < Infinity, "boundaryBytes", bytes);
  const byCost = new Map<string, number[]>();
  for (const [index, worker] of workers.entries()) {
    checkWorker(worker, layerCount);
    const key = JSON.stringify([
      worker.transferMs,
      worker.transferMsPerByte,
      String(worker.memoryLimitBytes),
      worker.layerMs.map(String),
    ]);
    const known = byCost.get(key);
    if (known === undefined) byCost.set(key, [index]);
    else known.push(index);
  }
  return [...byCost.values()].map((members) => describeClass(problem, members));
}

function checkWorker(worker: StageWorker, layerCount: number): void {
  check(worker.layerMs.length === layerCount, "layerMs", worker.layerMs.length);
  for (const ms of worker.layerMs) check(ms >= 0, "layerMs", ms);
  check(worker.transferMs >= 0 && worker.transferMs < Infinity, "transferMs", worker.transferMs);
  check(
    worker.transferMsPerByte >= 0 && worker.transferMsPerByte < Infinity,
    "transferMsPerByte",
    worker.transferMsPerByte,
  );
  check(worker.memoryLimitBytes > 0, "memoryLimitBytes", worker.memoryLimitBytes);
}

function check(isRight: boolean, name: string, received: number): void {
  if (isRight) return;
  throw new ShardError(
    "invalid-cost",
    `Expected ${name} of a stage problem to be complete and ≥ 0, received ${received}.`,
  );
}

function describeClass(
  { workers, boundaryBytes, layerWeights }: StageProblem,
  members: readonly number[],
): WorkerClass {
  const worker = workers[members[0]!]!;
  const layerCount = layerWeights.length;
  const transfer = (bytes: number): number => (bytes === 0 ? 0 : worker.transferMs + bytes * worker.transferMsPerByte);
  const starts = new Float64Array(layerCount + 1);
  const ends = new Float64Array(layerCount + 1);
  let sum = 0;
  // Layers that the worker can't run add no time: none of its stages spans them.
  let afterImpossible = 0;
  const firstRunnable = new Int32Array(layerCount + 1);
  for (let k = 0; k <= layerCount; k++) {
    starts[k] = sum - transfer(boundaryBytes[k]!);
    ends[k] = sum + transfer(boundaryBytes[k]!);
    firstRunnable[k] = afterImpossible;
    const ms = worker.layerMs[k] ?? 0;
    if (ms === Infinity) afterImpossible = k + 1;
    else sum += ms;
  }
  return { members, starts, ends, firstAllowed: firstFitting(layerWeights, worker.memoryLimitBytes, firstRunnable) };
}

/** `firstAllowed`, by two pointers over the layers and a count of how often the stage between them uses each weight. */
function firstFitting(
  layerWeights: StageProblem["layerWeights"],
  limitBytes: number,
  firstRunnable: Int32Array,
): Int32Array {
  const uses = new Map<string, number>();
  const first = new Int32Array(layerWeights.length + 1);
  let bytes = 0;
  let from = 0;
  for (let end = 1; end <= layerWeights.length; end++) {
    for (const [name, size] of Object.entries(layerWeights[end - 1]!)) {
      const count = uses.get(name) ?? 0;
      if (count === 0) bytes += size;
      uses.set(name, count + 1);
    }
    while (from < end && (bytes > limitBytes || from < firstRunnable[end]!)) {
      for (const [name, size] of Object.entries(layerWeights[from]!)) {
        const count = uses.get(name)! - 1;
        if (count === 0) bytes -= size;
        uses.set(name, count);
      }
      from++;
    }
    first[end] = from;
  }
  return first;
}
