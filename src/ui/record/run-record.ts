import type { AttemptDetail, FaultDetail, JobProgress, RebalanceDetail, Sharder, WorkerState } from "../../index.js";

/** An event, and when it happened by `performance.now()`, ms. */
export type At<T> = T & { readonly atMs: number };

/** What has happened on a sharder since it was attached, in the order in which it was reported. The panels, the trace and the report read it. */
export class RunRecord {
  /** Each attempt, at its end. */
  readonly attempts: At<AttemptDetail>[] = [];
  readonly rebalances: At<RebalanceDetail>[] = [];
  readonly faults: At<FaultDetail>[] = [];
  readonly states: At<{ readonly workerId: string; readonly state: WorkerState }>[] = [];
  /** The latest of each job. */
  readonly progress = new Map<number, At<JobProgress>>();
  /** When it began, by `performance.now()`, ms. */
  readonly startMs = performance.now();

  /** @param signal ends the recording. */
  constructor(sharder: Sharder, signal: AbortSignal) {
    for (const { id, state } of sharder.workers) this.states.push({ workerId: id, state, atMs: this.startMs });
    sharder.addEventListener("attempt", ({ detail }) => this.attempts.push(now(detail)), { signal });
    sharder.addEventListener("rebalance", ({ detail }) => this.rebalances.push(now(detail)), { signal });
    sharder.addEventListener("fault", ({ detail }) => this.faults.push(now(detail)), { signal });
    sharder.addEventListener("worker", ({ detail }) => this.states.push(now(detail)), { signal });
    sharder.addEventListener("progress", ({ detail }) => this.progress.set(detail.jobId, now(detail)), { signal });
  }
}

function now<T extends object>(detail: T): At<T> {
  return { ...detail, atMs: performance.now() };
}
