import type { Sharder, ShardUnderWay } from "../../index.js";
import type { RunRecord } from "../record/run-record.js";

/** What a worker is on now. */
export interface WorkUnderWay extends ShardUnderWay {
  /** Since when, as far as can be told, by `performance.now()`, ms: before that it was on another shard. */
  readonly beginMs: number;
}

/** What each worker is on now, by its id; those that are idle or away are left out. */
export function workUnderWay(sharder: Sharder, record: RunRecord): ReadonlyMap<string, WorkUnderWay> {
  return new Map(
    sharder.workers.flatMap(({ id, underWay: [first] }) => {
      const busyMs = record.busySinceMs(id);
      if (first === undefined || busyMs === undefined) return [];
      return [[id, { ...first, beginMs: Math.max(first.sentAtMs, busyMs) }] as const];
    }),
  );
}
