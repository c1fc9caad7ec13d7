import { IndexHeap } from "../../src/core/dispatch/binary-heap.js";
import {
  createDispatch,
  plannedShares,
  step,
  wantsItems,
  type DispatchState,
} from "../../src/core/dispatch/dispatch.js";
import type {
  DispatchAction,
  DispatchEvent,
  DispatchOptions,
  JobPhase,
  PlannedShare,
} from "../../src/core/dispatch/types.js";
import { ShardError } from "../../src/core/errors.js";
import { seededRandom } from "../../src/core/random.js";
import { finishMs, optimalMakespanMs, type SimulatedWorker } from "./simulated-worker.js";

export { optimalMakespanMs, type SimulatedWorker } from "./simulated-worker.js";

export interface Simulation {
  readonly itemCount: number;
  readonly workers: readonly SimulatedWorker[];
  readonly options?: Partial<DispatchOptions>;
  /** Default 1. */
  readonly seed?: number;
  /** Record the plan this often, ms. Default: never. */
  readonly sampleEveryMs?: number;
  /** Send `tick` this often, ms, as the sharder does. Default: the quantum. */
  readonly tickEveryMs?: number;
  /** Items come this many at a time, pulled as a stream's would be. Default: all at once. */
  readonly chunkItemCount?: number;
  /** Attempts that hold one of these items throw. */
  readonly poisonItems?: ReadonlySet<number>;
  readonly pauses?: readonly { readonly atMs: number; readonly resumeAtMs: number }[];
  /** Sees every event and the state after it, e.g. for checks. */
  readonly onStep?: (
    event: DispatchEvent,
    state: DispatchState,
    actions: readonly DispatchAction[],
    nowMs: number,
  ) => void;
}

export interface SimulationResult {
  readonly phase: JobPhase;
  /** Virtual time of the last event, ms. */
  readonly makespanMs: number;
  /** `optimalMakespanMs` of the same script. */
  readonly optimumMs: number;
  readonly perWorker: readonly { readonly workerId: string; readonly itemCount: number; readonly busyMs: number }[];
  readonly attemptCount: number;
  readonly eventCount: number;
  readonly samples: readonly { readonly atMs: number; readonly shares: readonly PlannedShare[] }[];
  /** Times each item was completed by an attempt that counted: 1 everywhere when the job has finished. */
  readonly completions: Uint8Array;
}

interface Running {
  readonly attemptId: number;
  readonly firstItem: number;
  readonly itemCount: number;
  startMs: number;
  fails: boolean;
}

interface Far {
  readonly index: number;
  readonly script: SimulatedWorker;
  /** First in, first out; the first is running. */
  queue: Running[];
  lastFreeMs: number;
  alive: boolean;
  readonly sizesRun: Set<number>;
  itemCount: number;
  busyMs: number;
}

/**
 * Replay a job over scripted workers on a virtual clock, through the same `step` as real jobs. Deterministic in its arguments.
 *
 * A worker runs its queue first in, first out; a running shard can't be cancelled, only its result be dropped; messages take no time.
 * @throws ShardError "invalid-options" if the script can't go on: nothing is in flight and nothing more will happen.
 */
export function simulate(simulation: Simulation): SimulationResult {
  const { itemCount, workers, options = {}, chunkItemCount = itemCount, onStep, poisonItems } = simulation;
  const random = seededRandom(simulation.seed ?? 1);
  const fars = workers.map((script, index): Far => ({
    index,
    script,
    queue: [],
    lastFreeMs: 0,
    alive: true,
    sizesRun: new Set(),
    itemCount: 0,
    busyMs: 0,
  }));
  const indexOf = new Map(workers.map(({ id }, index) => [id, index]));
  const finishing = new IndexHeap(workers.length);
  const completions = new Uint8Array(itemCount);
  const cancelled = new Set<number>();
  const samples: { atMs: number; shares: readonly PlannedShare[] }[] = [];
  let [nowMs, attemptCount, eventCount, suppliedCount, sourceEnded] = [0, 0, 0, 0, false];
  let state = createDispatch(options);

  const send = (event: DispatchEvent): void => {
    const result = step(state, event, nowMs);
    state = result.state;
    eventCount++;
    onStep?.(event, state, result.actions, nowMs);
    for (const action of result.actions) carryOut(action);
  };
  const carryOut = (action: DispatchAction): void => {
    if (action.type === "dispatch") {
      attemptCount++;
      const far = fars[indexOf.get(action.workerId)!]!;
      const { attemptId, firstItem, itemCount: count } = action;
      far.queue.push({ attemptId, firstItem, itemCount: count, startMs: 0, fails: false });
      if (far.queue.length === 1) start(far);
    } else if (action.type === "cancel-attempt") {
      const far = fars[indexOf.get(action.workerId)!]!;
      const at = far.queue.findIndex(({ attemptId }) => attemptId === action.attemptId);
      if (at > 0) far.queue.splice(at, 1);
      else if (at === 0) cancelled.add(action.attemptId);
    }
  };
  const start = (far: Far): void => {
    const running = far.queue[0]!;
    const { msPerItem, overheadMs = 0, noise = 0, warmUpMs = 0, bucketed = false, failureRate = 0 } = far.script;
    let workMs = (overheadMs + running.itemCount * msPerItem) * (noise > 0 ? 1 + noise * (2 * random() - 1) : 1);
    const shape = bucketed ? running.itemCount : 0;
    if (warmUpMs > 0 && !far.sizesRun.has(shape)) {
      far.sizesRun.add(shape);
      workMs += warmUpMs;
    }
    running.startMs = nowMs;
    running.fails = (failureRate > 0 && random() < failureRate) || holdsPoison(running, poisonItems);
    finishing.push(far.index, finishMs(far.script, nowMs, workMs));
  };
  const finishTop = (): void => {
    const far = fars[finishing.topId]!;
    finishing.pop();
    if (!far.alive) return;
    const running = far.queue.shift()!;
    const serviceMs = nowMs - running.startMs;
    far.busyMs += serviceMs;
    if (far.queue.length > 0) start(far);
    const { attemptId, firstItem, fails } = running;
    if (!fails && !cancelled.has(attemptId)) {
      far.itemCount += running.itemCount;
      for (let item = firstItem; item < firstItem + running.itemCount; item++) completions[item]! += 1;
    }
    send(fails ? { type: "attempt-failed", attemptId } : { type: "attempt-completed", attemptId, serviceMs });
  };
  const supply = (): void => {
    while (suppliedCount < itemCount && (chunkItemCount >= itemCount || wantsItems(state))) {
      const count = Math.min(chunkItemCount, itemCount - suppliedCount);
      suppliedCount += count;
      send({ type: "items-added", itemCount: count });
    }
    if (suppliedCount === itemCount && !sourceEnded) {
      sourceEnded = true;
      send({ type: "source-ended" });
    }
  };

  const agenda = scriptedEvents(simulation, (far) => (fars[far]!.alive = false));
  const tickEveryMs = simulation.tickEveryMs ?? state.options.quantumMs;
  const sampleEveryMs = simulation.sampleEveryMs ?? Infinity;
  if (agenda.length === 0) supply();
  let [agendaAt, nextTickMs, nextSampleMs] = [0, tickEveryMs, sampleEveryMs];
  while (state.phase === "running" || state.phase === "paused") {
    const scripted = agenda[agendaAt];
    const scriptedMs = scripted?.atMs ?? Infinity;
    const eventMs = Math.min(finishing.topKey, scriptedMs);
    if (eventMs === Infinity) {
      throw new ShardError(
        "invalid-options",
        `Expected the script to keep the job going, but at ${nowMs} ms nothing more happens.`,
      );
    }
    if (nextSampleMs <= Math.min(eventMs, nextTickMs)) {
      nowMs = nextSampleMs;
      samples.push({ atMs: nowMs, shares: plannedShares(state, nowMs) });
      nextSampleMs += sampleEveryMs;
    } else if (nextTickMs < eventMs) {
      nowMs = nextTickMs;
      nextTickMs += tickEveryMs;
      send({ type: "tick" });
    } else if (scriptedMs <= finishing.topKey && scripted !== undefined) {
      nowMs = scriptedMs;
      agendaAt++;
      scripted.before?.();
      send(scripted.event);
      if (agenda[agendaAt]?.atMs !== nowMs) supply();
    } else {
      nowMs = eventMs;
      finishTop();
      if (!sourceEnded) supply();
    }
  }
  return {
    phase: state.phase,
    makespanMs: nowMs,
    optimumMs: optimalMakespanMs(itemCount, workers),
    perWorker: fars.map((far) => ({ workerId: far.script.id, itemCount: far.itemCount, busyMs: far.busyMs })),
    attemptCount,
    eventCount,
    samples,
    completions,
  };
}

interface Scripted {
  readonly atMs: number;
  readonly event: DispatchEvent;
  readonly before?: () => void;
}

/** Joins, deaths and pauses in order of time; joins first, as written, at the same time. Who dies before joining never comes. */
function scriptedEvents({ workers, pauses = [] }: Simulation, kill: (index: number) => void): Scripted[] {
  const joins = workers.flatMap(
    ({ id, joinsAtMs = 0, diesAtMs = Infinity, bucketed, throughput, availability }): Scripted[] => {
      if (diesAtMs < joinsAtMs) return [];
      const worker = {
        workerId: id,
        throughput,
        ...(bucketed === undefined ? {} : { bucketed }),
        ...(availability === undefined ? {} : { availability }),
      };
      return [{ atMs: joinsAtMs, event: { type: "worker-added", worker } }];
    },
  );
  const deaths = workers.flatMap(({ id, diesAtMs }, index): Scripted[] =>
    diesAtMs === undefined
      ? []
      : [{ atMs: diesAtMs, event: { type: "worker-lost", workerId: id }, before: () => kill(index) }],
  );
  const stops = pauses.flatMap(({ atMs, resumeAtMs }): Scripted[] => [
    { atMs, event: { type: "pause" } },
    { atMs: resumeAtMs, event: { type: "resume" } },
  ]);
  return [...joins, ...deaths, ...stops].sort((a, b) => a.atMs - b.atMs);
}

function holdsPoison({ firstItem, itemCount }: Running, poisonItems: ReadonlySet<number> | undefined): boolean {
  if (poisonItems === undefined) return false;
  for (let item = firstItem; item < firstItem + itemCount; item++) if (poisonItems.has(item)) return true;
  return false;
}
