import type { WorkerState } from "../../index.js";
import type { RunRecord } from "../record/run-record.js";
import { shareChange } from "../workers/rebalance-words.js";
import type { TimeWindow } from "./time-axis.js";

/** Smaller moves of a share get no mark, as a fraction of the remaining items. */
const NOTEWORTHY_CHANGE = 0.1;

export type MarkKind = "fault" | "recovery" | "rebalance";

/** Something that happened at one time. */
export interface Mark {
  readonly kind: MarkKind;
  readonly atMs: number;
  /** The worker that it happened to; `undefined` if none is involved. */
  readonly workerId: string | undefined;
  /** Its place in the record's list of faults, or of rebalances. */
  readonly index: number;
}

/** A stretch in which a worker could not work, or nobody was to. */
export interface Absence {
  readonly workerId: string;
  readonly state: WorkerState;
  readonly fromMs: number;
  /** Infinite if it lasts. */
  readonly toMs: number;
}

/** Faults, recoveries and larger rebalances of a window, in the order of their times. */
export function marksOf({ faults, rebalances }: RunRecord, { fromMs, toMs }: TimeWindow): Mark[] {
  const isShown = (atMs: number | undefined): atMs is number => atMs !== undefined && atMs >= fromMs && atMs <= toMs;
  const marks: Mark[] = [];
  faults.forEach(({ atMs, recoveredAtMs, workerId }, index) => {
    if (isShown(atMs)) marks.push({ kind: "fault", atMs, workerId, index });
    if (isShown(recoveredAtMs)) marks.push({ kind: "recovery", atMs: recoveredAtMs, workerId, index });
  });
  rebalances.forEach(({ atMs, before, after }, index) => {
    if (isShown(atMs) && shareChange(before, after) >= NOTEWORTHY_CHANGE)
      marks.push({ kind: "rebalance", atMs, workerId: undefined, index });
  });
  return marks.sort((a, b) => a.atMs - b.atMs);
}

/**
 * Leave out marks that would be drawn over another one of their kind.
 * @param apartMs how far marks have to be apart.
 */
export function thinned(marks: readonly Mark[], apartMs: number): Mark[] {
  const lastMs = new Map<MarkKind, number>();
  return marks.filter(({ kind, atMs }) => {
    if (atMs - (lastMs.get(kind) ?? -Infinity) < apartMs) return false;
    lastMs.set(kind, atMs);
    return true;
  });
}

/** When workers were starting, restarting, quarantined or gone. */
export function absencesOf({ states }: RunRecord, { fromMs, toMs }: TimeWindow): Absence[] {
  const open = new Map<string, { readonly state: WorkerState; readonly atMs: number }>();
  const absences: Absence[] = [];
  const close = (workerId: string, endMs: number): void => {
    const since = open.get(workerId);
    if (since === undefined || since.state === "ready" || since.state === "draining") return;
    if (since.atMs > toMs || endMs < fromMs) return;
    absences.push({ workerId, state: since.state, fromMs: since.atMs, toMs: endMs });
  };
  for (const { workerId, state, atMs } of states) {
    close(workerId, atMs);
    open.set(workerId, { state, atMs });
  }
  for (const workerId of open.keys()) close(workerId, Infinity);
  return absences;
}

/** When jobs were paused, one after another. */
export function pausesOf({ jobs }: RunRecord, { fromMs, toMs }: TimeWindow): TimeWindow[] {
  const pauses: TimeWindow[] = [];
  for (const { pauses: times, endMs } of jobs.values()) {
    for (let index = 0; index < times.length; index += 2) {
      const pause = { fromMs: times[index]!, toMs: times[index + 1] ?? endMs ?? Infinity };
      if (pause.fromMs <= toMs && pause.toMs >= fromMs) pauses.push(pause);
    }
  }
  return pauses;
}
