import type { DispatchEvent, WorkerProfile } from "../../src/core/dispatch/types.js";
import { absences, type SimulatedWorker } from "./simulated-worker.js";

/** An event that happens at its time, whatever the job does. */
export interface ScriptedEvent {
  readonly atMs: number;
  readonly event: DispatchEvent;
}

export interface Pause {
  readonly atMs: number;
  readonly resumeAtMs: number;
}

/**
 * Joins, absences, deaths and pauses in order of time, and in this order where they are at the same time.
 * A worker that dies before it joins never comes.
 */
export function scriptedEvents(workers: readonly SimulatedWorker[], pauses: readonly Pause[]): ScriptedEvent[] {
  const joins = workers.flatMap((worker): ScriptedEvent[] => {
    const { joinsAtMs = 0, diesAtMs = Infinity } = worker;
    return diesAtMs < joinsAtMs
      ? []
      : [{ atMs: joinsAtMs, event: { type: "worker-added", worker: profileOf(worker) } }];
  });
  const aways = workers.flatMap((worker) => {
    const { diesAtMs = Infinity } = worker;
    return absences(worker).flatMap(({ atMs, backAtMs }): ScriptedEvent[] => [
      { atMs, event: { type: "worker-away", workerId: worker.id } },
      ...(backAtMs < diesAtMs
        ? [{ atMs: backAtMs, event: { type: "worker-added" as const, worker: profileOf(worker) } }]
        : []),
    ]);
  });
  const deaths = workers.flatMap(({ id, diesAtMs }): ScriptedEvent[] =>
    diesAtMs === undefined ? [] : [{ atMs: diesAtMs, event: { type: "worker-lost", workerId: id } }],
  );
  const stops = pauses.flatMap(({ atMs, resumeAtMs }): ScriptedEvent[] => [
    { atMs, event: { type: "pause" } },
    { atMs: resumeAtMs, event: { type: "resume" } },
  ]);
  return [...joins, ...aways, ...deaths, ...stops].sort((a, b) => a.atMs - b.atMs);
}

function profileOf({ id, throughput, bucketed, availability }: SimulatedWorker): WorkerProfile {
  return {
    workerId: id,
    throughput,
    ...(bucketed === undefined ? {} : { bucketed }),
    ...(availability === undefined ? {} : { availability }),
  };
}
