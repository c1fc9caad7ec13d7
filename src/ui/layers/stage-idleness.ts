import type { WorkerSnapshot } from "../../index.js";
import type { RunRecord } from "../record/run-record.js";

/** A stage's bubbles are measured over this much of the latest time, ms. */
const WINDOW_MS = 5_000;

/**
 * Which part of the latest time the workers of each stage had nothing to do for it: the bubbles of a pipeline.
 *
 * @param stages the workers of each stage.
 * @param nowMs by `performance.now()`; for a run that is over, its end.
 * @returns 0…1 for each stage; `undefined` where nothing has run.
 */
export function idleParts(
  record: Pick<RunRecord, "attempts" | "latestRun" | "busySinceMs">,
  stages: readonly { readonly workerIds: readonly string[] }[],
  workers: readonly WorkerSnapshot[],
  nowMs: number,
): (number | undefined)[] {
  const run = record.latestRun;
  if (run === undefined) return stages.map(() => undefined);
  const endMs = run.endMs ?? nowMs;
  const fromMs = run.endMs === undefined ? Math.max(run.startMs, endMs - WINDOW_MS) : run.startMs;
  const busyMs = stages.map(() => 0);
  const { attempts } = record;
  for (let index = attempts.firstEndingFrom(fromMs); index < attempts.total; index++) {
    const stage = attempts.stageOf(index);
    // What was cancelled mostly waited.
    if (stage === undefined || busyMs[stage] === undefined || attempts.outcomeOf(index) === "cancelled") continue;
    busyMs[stage] += Math.max(0, attempts.endMsOf(index) - Math.max(fromMs, attempts.beginMsOf(index)));
  }
  for (const { id, underWay } of run.endMs === undefined ? workers : []) {
    const sinceMs = record.busySinceMs(id);
    const stage = underWay[0]?.stage;
    if (sinceMs === undefined || stage === undefined || busyMs[stage] === undefined) continue;
    busyMs[stage] += Math.max(0, endMs - Math.max(fromMs, sinceMs));
  }
  return stages.map(({ workerIds }, stage) => {
    const availableMs = workerIds.length * (endMs - fromMs);
    return availableMs > 0 ? Math.max(0, 1 - busyMs[stage]! / availableMs) : undefined;
  });
}
