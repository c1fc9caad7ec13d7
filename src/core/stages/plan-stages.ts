import { ShardError } from "../errors.js";
import { classifyWorkers, type WorkerClass } from "./stage-costs.js";
import type { PlannedStage, StagePlan, StageProblem } from "./stage-problem.js";

/** More states than this take too long: the slowest workers are left out. 8 different workers have 256. */
const MAX_STATES = 1024;
/** The time of the slowest stage is found to within this fraction. The rounding of the sums is larger. */
const PRECISION = 1e-12;
/** Where the bounds are this close, as a fraction, the search asks whether anything at all is better. */
const NEAR = 1e-3;

/**
 * Assign layers to workers in contiguous stages so that the slowest stage is as fast as it can be.
 *
 * The time of a stage is that of its layers on its worker plus the transfers at both its ends, divided by its replicas. Not every
 * worker gets a stage. Of plans that are equally fast, one with the fewest workers is taken.
 *
 * Exact for up to 8 different workers, and for any number that are alike. Beyond 1,024 states the slowest are left out.
 * A dynamic programme over (workers used, layers done) decides whether a slowest stage of T ms is possible. It takes O(states ·
 * classes · layers) with a sliding maximum, since a stage's time is a difference of two prefix sums. T is bisected, and each plan
 * that is found lowers it to its own slowest stage.
 *
 * @throws ShardError "model-unsupported" where no plan respects memory limits and backends, "invalid-cost".
 * Oracle: brute force in tests/unit/core/stages. Source: chains-on-chains partitioning (Pınar and Aykanat, 2004; Bokhari, 1988), the
 * maximum stage as objective as in Alpa (Zheng et al., 2022), replicated stages as in PipeDream (Narayanan et al., 2019).
 */
export function planStages(problem: StageProblem): StagePlan {
  const classes = limitStates(classifyWorkers(problem), problem);
  const search = new StageSearch(classes, problem.layerWeights.length, problem.maxReplicas);
  let best = search.find(Infinity, "any");
  if (best === undefined) throw infeasible(problem);
  let low = 0;
  while (best.bottleneckMs - low > PRECISION * best.bottleneckMs) {
    // Near the optimum, ask whether anything at all is better: most often nothing is.
    const isNear: boolean = best.bottleneckMs - low < NEAR * best.bottleneckMs;
    const limitMs: number = isNear ? best.bottleneckMs * (1 - PRECISION) : (low + best.bottleneckMs) / 2;
    const found = search.find(limitMs, "any");
    if (found !== undefined && found.bottleneckMs < best.bottleneckMs) best = found;
    else if (isNear) break;
    else low = limitMs;
  }
  return search.find(best.bottleneckMs, "fewest-workers") ?? best;
}

/** Keep the fastest workers, as many as can be searched. */
function limitStates(classes: readonly WorkerClass[], { workers }: StageProblem): WorkerClass[] {
  const totalMs = (index: number): number => workers[index]!.layerMs.reduce((sum, ms) => sum + ms, 0);
  const kept: WorkerClass[] = [];
  let states = 1;
  for (const each of classes.toSorted((a, b) => totalMs(a.members[0]!) - totalMs(b.members[0]!))) {
    const room = Math.floor(MAX_STATES / states) - 1;
    if (room < 1) break;
    const members = each.members.slice(0, room);
    kept.push({ ...each, members });
    states *= members.length + 1;
  }
  return kept;
}

/** A stage of a plan, and the state that it was added to. */
interface Step {
  readonly state: number;
  readonly firstLayer: number;
  readonly classIndex: number;
  readonly replicaCount: number;
}

class StageSearch {
  readonly #classes: readonly WorkerClass[];
  readonly #layerCount: number;
  /** How much one more worker of a class adds to the state's number. */
  readonly #radix: readonly number[];
  readonly #stateCount: number;
  readonly #maxReplicas: number;
  /** The step that led to each state and number of layers done, encoded; 0 where there is none. */
  readonly #steps: Int32Array;
  readonly #isEmpty: Uint8Array;

  constructor(classes: readonly WorkerClass[], layerCount: number, maxReplicas: number) {
    this.#classes = classes;
    this.#layerCount = layerCount;
    this.#maxReplicas = maxReplicas;
    const radix: number[] = [];
    let count = 1;
    for (const { members } of classes) {
      radix.push(count);
      count *= members.length + 1;
    }
    this.#radix = radix;
    this.#stateCount = count;
    this.#steps = new Int32Array(count * (layerCount + 1));
    this.#isEmpty = new Uint8Array(count);
  }

  /** A plan whose slowest stage takes at most `limitMs`, the first or the smallest; `undefined` where there is none. */
  find(limitMs: number, which: "any" | "fewest-workers"): StagePlan | undefined {
    const width = this.#layerCount + 1;
    const steps = this.#steps.fill(0);
    this.#isEmpty.fill(1);
    const queue = new Int32Array(width);
    let best: { state: number; workerCount: number } | undefined;
    for (let state = 1; state < this.#stateCount; state++) {
      for (const [classIndex, each] of this.#classes.entries()) {
        const used = this.#used(state, classIndex);
        const most = Math.min(used, this.#maxReplicas);
        for (let replicaCount = 1; replicaCount <= most; replicaCount++) {
          const from = state - replicaCount * this.#radix[classIndex]!;
          const code = 1 + classIndex + replicaCount * this.#classes.length;
          this.#extend(steps, queue, from, state, each, limitMs * replicaCount, code);
        }
      }
      if (steps[state * width + this.#layerCount] === 0) continue;
      const workerCount = this.#classes.reduce((sum, _, index) => sum + this.#used(state, index), 0);
      if (best === undefined || workerCount < best.workerCount) best = { state, workerCount };
      if (which === "any") break;
    }
    return best === undefined ? undefined : this.#trace(best.state, limitMs);
  }

  #used(state: number, classIndex: number): number {
    return Math.floor(state / this.#radix[classIndex]!) % (this.#classes[classIndex]!.members.length + 1);
  }

  /** Mark every number of layers that state `to` can have done by one more stage after state `from`. */
  #extend(
    steps: Int32Array,
    queue: Int32Array,
    from: number,
    to: number,
    { starts, ends, firstAllowed }: WorkerClass,
    limitMs: number,
    code: number,
  ): void {
    const width = this.#layerCount + 1;
    const fromRow = from * width;
    const toRow = to * width;
    if (from > 0 && this.#isEmpty[from] === 1) return;
    let head = 0;
    let tail = 0;
    const layerCount = this.#layerCount;
    for (let end = 1; end <= layerCount; end++) {
      const start = end - 1;
      // Reached means: no layers for the empty state, and for any other those that a step led to.
      if (from === 0 ? start === 0 : steps[fromRow + start]! !== 0) {
        const value = starts[start]!;
        while (tail > head && starts[queue[tail - 1]!]! <= value) tail--;
        queue[tail++] = start;
      } else if (tail === head) {
        continue;
      }
      const allowed = firstAllowed[end]!;
      while (tail > head && queue[head]! < allowed) head++;
      if (tail > head && steps[toRow + end] === 0 && ends[end]! - starts[queue[head]!]! <= limitMs) {
        steps[toRow + end] = code;
        this.#isEmpty[to] = 0;
      }
    }
  }

  /** Read the plan backwards. A step knows its class and replicas; its first layer is searched for again. */
  #trace(lastState: number, limitMs: number): StagePlan {
    const width = this.#layerCount + 1;
    const found: Step[] = [];
    let state = lastState;
    let end = this.#layerCount;
    const bounds: number[] = [end];
    while (end > 0) {
      const code = this.#steps[state * width + end]! - 1;
      const classIndex = code % this.#classes.length;
      const replicaCount = Math.floor(code / this.#classes.length);
      const from = state - replicaCount * this.#radix[classIndex]!;
      const start = this.#latestStart(this.#classes[classIndex]!, from, end, limitMs * replicaCount);
      found.unshift({ state: from, firstLayer: start, classIndex, replicaCount });
      bounds.unshift(start);
      state = from;
      end = start;
    }
    const next = this.#classes.map(() => 0);
    const stages = found.map(({ firstLayer, classIndex, replicaCount }, index): PlannedStage => {
      const { members, starts, ends } = this.#classes[classIndex]!;
      const first = next[classIndex]!;
      next[classIndex] = first + replicaCount;
      const bound = bounds[index + 1]!;
      const ms = Math.max(0, ends[bound]! - starts[firstLayer]!) / replicaCount;
      return { workers: members.slice(first, first + replicaCount), firstLayer, lastLayer: bound - 1, ms };
    });
    return { stages, bottleneckMs: Math.max(...stages.map(({ ms }) => ms)) };
  }

  #latestStart({ starts, ends, firstAllowed }: WorkerClass, from: number, end: number, limitMs: number): number {
    const row = from * (this.#layerCount + 1);
    for (let start = end - 1; start >= firstAllowed[end]!; start--) {
      const isReached = from === 0 ? start === 0 : this.#steps[row + start]! !== 0;
      if (isReached && ends[end]! - starts[start]! <= limitMs) return start;
    }
    throw new ShardError("internal", `Expected a stage that ends before layer ${end}, received none.`);
  }
}

function infeasible({ workers, layerWeights }: StageProblem): ShardError {
  const largest = Math.max(...layerWeights.map((each) => Object.values(each).reduce((sum, bytes) => sum + bytes, 0)));
  const limit = Math.max(...workers.map(({ memoryLimitBytes }) => memoryLimitBytes));
  const impossible = layerWeights.findIndex((_, layer) => workers.every(({ layerMs }) => layerMs[layer] === Infinity));
  return new ShardError(
    "model-unsupported",
    impossible >= 0
      ? `Expected a worker that can run layer ${impossible}, received ${workers.length} whose backends lack it: add a worker with another backend.`
      : `Expected ${workers.length} workers of at most ${limit} bytes of weights each to hold the model in stages, received a model that is too large (its largest layer takes ${largest} bytes): raise maxWorkerBytes or add workers.`,
  );
}
