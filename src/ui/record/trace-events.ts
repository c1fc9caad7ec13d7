import type { RecordedAttempt } from "./attempt-log.js";
import type { At, RecordedFault, RecordedJob, RunRecord } from "./run-record.js";
import type { RebalanceDetail, WorkerDetail } from "../../index.js";
import type { TraceEvent, TraceSlice } from "./trace-format.js";
import { TraceFlows } from "./trace-flows.js";

const PID = 1;
/** Throughput is counted in steps of this, ms. */
const COUNTER_MS = 250;

/**
 * All that a record holds as trace events: a thread per worker with its attempts, and beside it one with those that were cancelled, which
 * mostly waited and so overlap others; arrows to retries and next stages; the jobs, and the times in which workers were away; faults, recoveries and rebalances; the throughput.
 * Lazily, since there may be a hundred thousand.
 */
export function* traceEvents(record: RunRecord): Generator<TraceEvent, void, undefined> {
  const threads = new Threads();
  const at = (ms: number): number => toMicroseconds(ms - record.startMs);
  yield { ph: "M", pid: PID, tid: 0, name: "process_name", args: { name: "inference-sharder" } };
  yield { ph: "M", pid: PID, tid: 0, name: "thread_name", args: { name: "jobs and shares" } };
  for (const id of record.workerIds) yield* threads.names(id);
  const flows = new TraceFlows();
  for (const attempt of record.attempts) {
    const slice = attemptEvent(attempt, threads, at);
    yield slice;
    yield* flows.to(attempt, slice);
  }
  for (const job of record.jobs.values()) yield* jobEvents(job, at, record.latestMs);
  yield* stateEvents(record.states, threads, at, record.latestMs);
  for (const fault of record.faults) yield* faultEvents(fault, threads, at);
  for (const rebalance of record.rebalances) yield* rebalanceEvents(rebalance, at);
  yield* throughputEvents(record, at);
}

/** Perfetto shows ns at most. */
function toMicroseconds(ms: number): number {
  return Math.round(ms * 1e6) / 1e3;
}

class Threads {
  readonly #ids: string[] = [];

  /** 1, 3, 5 … for the attempts of a worker. */
  of(workerId: string): number {
    let index = this.#ids.indexOf(workerId);
    if (index < 0) index = this.#ids.push(workerId) - 1;
    return 2 * index + 1;
  }

  /** 2, 4, 6 … for its cancelled attempts. */
  cancelledOf(workerId: string): number {
    return this.of(workerId) + 1;
  }

  *names(workerId: string): Generator<TraceEvent, void, undefined> {
    for (const [tid, name] of [
      [this.of(workerId), workerId],
      [this.cancelledOf(workerId), `${workerId}: cancelled`],
    ] as const) {
      yield { ph: "M", pid: PID, tid, name: "thread_name", args: { name } };
      yield { ph: "M", pid: PID, tid, name: "thread_sort_index", args: { sort_index: tid } };
    }
  }
}

type Clock = (ms: number) => number;

function attemptEvent(attempt: RecordedAttempt, threads: Threads, at: Clock): TraceSlice {
  const { workerId, outcome, kind, stage, itemCount, sentMs, beginMs, endMs } = attempt;
  const isCancelled = outcome === "cancelled";
  const items = `${itemCount} ${itemCount === 1 ? "item" : "items"}`;
  const ts = at(beginMs);
  return {
    ph: "X",
    pid: PID,
    tid: isCancelled ? threads.cancelledOf(workerId) : threads.of(workerId),
    name: stage === undefined ? items : `stage ${stage + 1}: ${items}`,
    cat: ["attempt", ...(kind === "first" ? [] : [kind]), ...(outcome === "completed" ? [] : [outcome])].join(","),
    ts,
    // From rounded ends, so that neighbours never overlap.
    dur: Math.max(0, Math.round((at(endMs) - ts) * 1e3) / 1e3),
    args: {
      jobId: attempt.jobId,
      attemptId: attempt.attemptId,
      firstItem: attempt.firstItem,
      itemCount,
      stage,
      kind,
      outcome,
      waitedMs: beginMs - sentMs,
      latencyMs: attempt.latencyMs,
      serviceMs: attempt.serviceMs,
      predictedMs: attempt.predictedMs,
    },
  };
}

function* jobEvents(
  { jobId, startMs, endMs, state, message }: RecordedJob,
  at: Clock,
  latestMs: number,
): Generator<TraceEvent, void, undefined> {
  const shared = { pid: PID, tid: 0, cat: "job", id: `job ${jobId}`, name: `job ${jobId}` };
  yield { ph: "b", ...shared, ts: at(startMs), args: { state, message } };
  yield { ph: "e", ...shared, ts: at(endMs ?? Math.max(startMs, latestMs)) };
}

/** States other than "ready", each until the next one. */
function* stateEvents(
  states: readonly At<WorkerDetail>[],
  threads: Threads,
  at: Clock,
  latestMs: number,
): Generator<TraceEvent, void, undefined> {
  const open = new Map<string, At<WorkerDetail>>();
  const pair = ({ workerId, state, atMs }: At<WorkerDetail>, endMs: number): readonly TraceEvent[] => {
    if (state === "ready") return [];
    const shared = { pid: PID, tid: threads.of(workerId), cat: "worker", id: `${workerId} ${atMs}`, name: state };
    return [
      { ph: "b", ...shared, ts: at(atMs) },
      { ph: "e", ...shared, ts: at(endMs) },
    ];
  };
  for (const next of states) {
    const before = open.get(next.workerId);
    if (before !== undefined) yield* pair(before, next.atMs);
    open.set(next.workerId, next);
  }
  for (const last of open.values()) yield* pair(last, Math.max(last.atMs, latestMs));
}

function* faultEvents(fault: RecordedFault, threads: Threads, at: Clock): Generator<TraceEvent, void, undefined> {
  const { faultId, cause, workerId, code, action, message, recoverMs, recoveredAtMs, atMs } = fault;
  const place = {
    pid: PID,
    tid: workerId === undefined ? 0 : threads.of(workerId),
    s: workerId === undefined ? ("p" as const) : ("t" as const),
  };
  yield {
    ph: "i",
    ...place,
    name: `fault: ${cause}`,
    cat: "fault",
    ts: at(atMs),
    args: { faultId, code, action, message },
  };
  if (recoveredAtMs === undefined) return;
  yield {
    ph: "i",
    ...place,
    name: `recovered: ${cause}`,
    cat: "recovery",
    ts: at(recoveredAtMs),
    args: { faultId, recoverMs },
  };
}

function* rebalanceEvents(
  { atMs, jobId, after }: At<RebalanceDetail>,
  at: Clock,
): Generator<TraceEvent, void, undefined> {
  const shared = { pid: PID, tid: 0, ts: at(atMs) };
  yield { ph: "i", ...shared, s: "p", name: "rebalance", cat: "rebalance", args: { jobId } };
  yield { ph: "C", ...shared, name: "shares", args: after };
}

/** Items per second of the whole sharder. If the model is split by layers, only those that left the last stage that was seen count. */
function* throughputEvents({ attempts, startMs }: RunRecord, at: Clock): Generator<TraceEvent, void, undefined> {
  let lastStage = 0;
  for (let index = attempts.first; index < attempts.total; index++) {
    lastStage = Math.max(lastStage, attempts.stageOf(index) ?? 0);
  }
  let step = -1;
  let itemCount = 0;
  const count = (): TraceEvent => ({
    ph: "C",
    pid: PID,
    tid: 0,
    name: "items per second",
    ts: at(startMs + step * COUNTER_MS),
    args: { itemsPerSecond: (itemCount * 1e3) / COUNTER_MS },
  });
  for (let index = attempts.first; index < attempts.total; index++) {
    const its = Math.floor((attempts.endMsOf(index) - startMs) / COUNTER_MS);
    if (its !== step) {
      if (step >= 0) {
        yield count();
        itemCount = 0;
        step++;
        // Nothing ended in between.
        if (step !== its) yield count();
      }
      step = its;
    }
    const isLast = (attempts.stageOf(index) ?? lastStage) === lastStage;
    if (isLast && attempts.outcomeOf(index) === "completed") itemCount += attempts.itemCountOf(index);
  }
  if (step < 0) return;
  yield count();
  step++;
  itemCount = 0;
  yield count();
}
