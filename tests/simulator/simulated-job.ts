import { IndexHeap } from "../../src/core/dispatch/binary-heap.js";
import {
  createDispatch,
  openRanges,
  plannedShares,
  step,
  wantsItems,
  type DispatchState,
} from "../../src/core/dispatch/dispatch.js";
import type { DispatchAction, DispatchEvent, ItemRange, PlannedShare } from "../../src/core/dispatch/types.js";
import { ShardError } from "../../src/core/errors.js";
import { seededRandom } from "../../src/core/random.js";
import { scriptedEvents, type ScriptedEvent } from "./script.js";
import type { Simulation, SimulationResult } from "./simulation.js";
import { finishMs, optimalMakespanMs, type SimulatedWorker } from "./simulated-worker.js";

/** An attempt that a worker runs or has queued. */
interface Running {
  readonly attemptId: number;
  readonly firstItem: number;
  readonly itemCount: number;
  startMs: number;
  ending: "completed" | "failed" | "rejected";
}

/** What a scripted worker has done so far, absences included. */
interface Tally {
  readonly script: SimulatedWorker;
  itemCount: number;
  busyMs: number;
}

/** A worker at the far end. One that comes back after an absence is a new one. */
interface FarWorker {
  readonly index: number;
  readonly tally: Tally;
  /** First in, first out; the first is running. */
  readonly queue: Running[];
  /** Shapes that are warmed up: shard sizes of a bucketed worker, and 0 for all sizes of any other. */
  readonly shapesRun: Set<number>;
  isAlive: boolean;
}

/** One simulation, to be run once. */
export class SimulatedJob {
  readonly #simulation: Simulation;
  readonly #random: () => number;
  /** By worker id. */
  readonly #tallies: ReadonlyMap<string, Tally>;
  /** In the order in which they joined. */
  readonly #workers: FarWorker[] = [];
  /** The latest worker with each id. */
  readonly #latest = new Map<string, FarWorker>();
  /** Workers that run an attempt, by when they finish it. */
  readonly #finishing: IndexHeap;
  readonly #agenda: readonly ScriptedEvent[];
  readonly #completions: Uint8Array;
  /** Running attempts whose results are no longer wanted. */
  readonly #cancelled = new Set<number>();
  readonly #givenUp: ItemRange[] = [];
  readonly #samples: { atMs: number; shares: readonly PlannedShare[] }[] = [];
  readonly #tickEveryMs: number;
  readonly #sampleEveryMs: number;
  #state: DispatchState;
  #nowMs = 0;
  #agendaAt = 0;
  #nextTickMs: number;
  #nextSampleMs: number;
  #attemptCount = 0;
  #eventCount = 0;
  #suppliedCount = 0;
  #sourceEnded = false;

  constructor(simulation: Simulation) {
    const { itemCount, workers, options = {}, pauses = [], seed = 1, done = [] } = simulation;
    this.#simulation = simulation;
    this.#random = seededRandom(seed);
    this.#tallies = new Map(workers.map((script) => [script.id, { script, itemCount: 0, busyMs: 0 }]));
    this.#agenda = scriptedEvents(workers, pauses);
    this.#finishing = new IndexHeap(this.#agenda.filter(({ event }) => event.type === "worker-added").length);
    this.#completions = new Uint8Array(itemCount);
    for (const range of done) this.#completions.fill(1, range.firstItem, range.firstItem + range.itemCount);
    this.#state = createDispatch(options);
    this.#tickEveryMs = simulation.tickEveryMs ?? this.#state.options.quantumMs;
    this.#sampleEveryMs = simulation.sampleEveryMs ?? Infinity;
    this.#nextTickMs = this.#tickEveryMs;
    this.#nextSampleMs = this.#sampleEveryMs;
  }

  /** @throws ShardError "invalid-options" as `simulate`. */
  run(): SimulationResult {
    if (this.#agenda.length === 0) this.#supply();
    while (this.#state.phase === "running" || this.#state.phase === "paused") this.#advance();
    const { itemCount, workers, done = [] } = this.#simulation;
    const doneItemCount = done.reduce((sum, range) => sum + range.itemCount, 0);
    return {
      phase: this.#state.phase,
      makespanMs: this.#nowMs,
      optimumMs: optimalMakespanMs(itemCount - doneItemCount, workers),
      perWorker: workers.map(({ id }) => {
        const tally = this.#tallies.get(id)!;
        return { workerId: id, itemCount: tally.itemCount, busyMs: tally.busyMs };
      }),
      attemptCount: this.#attemptCount,
      eventCount: this.#eventCount,
      samples: this.#samples,
      completions: this.#completions,
      givenUp: this.#givenUp,
    };
  }

  /** Let the next thing happen. At the same time a sample comes first, then the script, the end of an attempt, and a tick. */
  #advance(): void {
    const scripted = this.#agenda[this.#agendaAt];
    const scriptedMs = scripted?.atMs ?? Infinity;
    const eventMs = Math.min(this.#finishing.topKey, scriptedMs);
    if (eventMs === Infinity) {
      throw new ShardError(
        "invalid-options",
        `Expected a script that lets the job end, received one with nothing left to happen at ${this.#nowMs} ms: let workers live or join.`,
      );
    }
    if (this.#nextSampleMs <= Math.min(eventMs, this.#nextTickMs)) {
      this.#nowMs = this.#nextSampleMs;
      this.#nextSampleMs += this.#sampleEveryMs;
      this.#samples.push({ atMs: this.#nowMs, shares: plannedShares(this.#state, this.#nowMs) });
    } else if (this.#nextTickMs < eventMs) {
      this.#nowMs = this.#nextTickMs;
      this.#nextTickMs += this.#tickEveryMs;
      this.#send({ type: "tick" });
    } else if (scriptedMs <= this.#finishing.topKey && scripted !== undefined) {
      this.#nowMs = scriptedMs;
      this.#agendaAt++;
      this.#follow(scripted.event);
      if (this.#agenda[this.#agendaAt]?.atMs !== this.#nowMs) this.#supply();
    } else {
      this.#nowMs = eventMs;
      this.#finishAttempt();
      if (!this.#sourceEnded) this.#supply();
    }
  }

  #follow(event: DispatchEvent): void {
    if (event.type === "worker-added") this.#join(event.worker.workerId);
    if (event.type === "worker-away" || event.type === "worker-lost") this.#leave(event.workerId);
    this.#send(event);
  }

  #join(workerId: string): void {
    const tally = this.#tallies.get(workerId)!;
    const worker = { index: this.#workers.length, tally, queue: [], shapesRun: new Set<number>(), isAlive: true };
    this.#workers.push(worker);
    this.#latest.set(workerId, worker);
  }

  #leave(workerId: string): void {
    const worker = this.#latest.get(workerId);
    if (worker !== undefined) worker.isAlive = false;
  }

  #send(event: DispatchEvent): void {
    const { state, actions } = step(this.#state, event, this.#nowMs);
    this.#state = state;
    this.#eventCount++;
    this.#simulation.onStep?.(event, state, actions, this.#nowMs);
    for (const action of actions) this.#carryOut(action);
  }

  #carryOut(action: DispatchAction): void {
    if (action.type === "dispatch") {
      this.#attemptCount++;
      const worker = this.#latest.get(action.workerId)!;
      const { attemptId, firstItem, itemCount } = action;
      worker.queue.push({ attemptId, firstItem, itemCount, startMs: 0, ending: "completed" });
      if (worker.queue.length === 1) this.#startAttempt(worker);
    } else if (action.type === "cancel-attempt") {
      const { queue } = this.#latest.get(action.workerId)!;
      const at = queue.findIndex(({ attemptId }) => attemptId === action.attemptId);
      if (at > 0) queue.splice(at, 1);
      else if (at === 0) this.#cancelled.add(action.attemptId);
    } else if (action.type === "items-given-up") {
      this.#givenUp.push({ firstItem: action.firstItem, itemCount: action.itemCount });
    }
  }

  #startAttempt(worker: FarWorker): void {
    const running = worker.queue[0]!;
    const { script } = worker.tally;
    const { msPerItem, overheadMs = 0, noise = 0, warmUpMs = 0, bucketed = false } = script;
    const { failureRate = 0, rejectionRate = 0 } = script;
    const plainMs = overheadMs + running.itemCount * msPerItem;
    let workMs = plainMs * (noise > 0 ? 1 + noise * (2 * this.#random() - 1) : 1);
    const shape = bucketed ? running.itemCount : 0;
    if (warmUpMs > 0 && !worker.shapesRun.has(shape)) {
      worker.shapesRun.add(shape);
      workMs += warmUpMs;
    }
    running.startMs = this.#nowMs;
    if (this.#happens(failureRate) || this.#holdsPoison(running)) running.ending = "failed";
    else if (this.#happens(rejectionRate)) running.ending = "rejected";
    this.#finishing.push(worker.index, finishMs(script, this.#nowMs, workMs));
  }

  #finishAttempt(): void {
    const worker = this.#workers[this.#finishing.topId]!;
    this.#finishing.pop();
    if (!worker.isAlive) return;
    const { attemptId, ending, startMs } = worker.queue.shift()!;
    const serviceMs = this.#nowMs - startMs;
    worker.tally.busyMs += serviceMs;
    if (worker.queue.length > 0) this.#startAttempt(worker);
    if (ending === "completed") {
      for (const { firstItem, itemCount } of openRanges(this.#state, attemptId)) {
        worker.tally.itemCount += itemCount;
        for (let item = firstItem; item < firstItem + itemCount; item++) this.#completions[item]! += 1;
      }
      this.#send({ type: "attempt-completed", attemptId, serviceMs });
    } else if (this.#cancelled.has(attemptId)) {
      this.#send({ type: "attempt-ended", attemptId });
    } else {
      this.#send({ type: `attempt-${ending}`, attemptId });
    }
  }

  /** Add the items that the job pulls, and end the source with the last. */
  #supply(): void {
    const { itemCount, chunkItemCount = itemCount } = this.#simulation;
    while (this.#suppliedCount < itemCount && (chunkItemCount >= itemCount || wantsItems(this.#state))) {
      const count = Math.min(chunkItemCount, itemCount - this.#suppliedCount);
      const done = this.#doneWithin(this.#suppliedCount, this.#suppliedCount + count);
      this.#suppliedCount += count;
      this.#send({ type: "items-added", itemCount: count, done });
    }
    if (this.#suppliedCount === itemCount && !this.#sourceEnded) {
      this.#sourceEnded = true;
      this.#send({ type: "source-ended" });
    }
  }

  #doneWithin(startItem: number, endItem: number): ItemRange[] | undefined {
    return this.#simulation.done
      ?.map((range) => {
        const firstItem = Math.max(startItem, range.firstItem);
        return { firstItem, itemCount: Math.min(endItem, range.firstItem + range.itemCount) - firstItem };
      })
      .filter(({ itemCount }) => itemCount > 0);
  }

  /** Draw a random number, but only where there is something to decide: else the simulations of a seed would change. */
  #happens(rate: number): boolean {
    return rate > 0 && this.#random() < rate;
  }

  #holdsPoison({ firstItem, itemCount }: Running): boolean {
    const { poisonItems } = this.#simulation;
    if (poisonItems === undefined) return false;
    for (let item = firstItem; item < firstItem + itemCount; item++) if (poisonItems.has(item)) return true;
    return false;
  }
}
