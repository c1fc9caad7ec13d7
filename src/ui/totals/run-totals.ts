import type { Sharder } from "../../index.js";
import { outgoingOf } from "../numbers/outgoing.js";
import type { RunRecord } from "../record/run-record.js";

/** What the latest run has come to so far. */
export interface Totals {
  /** Items that are done. */
  readonly doneItemCount: number;
  /** Since it began, the pauses left out, ms. */
  readonly elapsedMs: number;
  readonly isRunning: boolean;
  readonly itemsPerSecond: number;
  /** Time for which workers computed ÷ (workers × elapsed time), 0…1; `undefined` before anything was done. */
  readonly efficiency: number | undefined;
  /** Workers that have taken part. */
  readonly workerCount: number;
  /** Items that were run again because an earlier attempt failed, and items that were run on two workers at once. */
  readonly retriedItemCount: number;
  readonly backedUpItemCount: number;
  /** Faults, and how many of them were recovered from. */
  readonly faultCount: number;
  readonly recoveredCount: number;
}

/** As many attempts are read at a time at most: a few ms of work. */
const MAX_ATTEMPTS = 5_000;

/** Adds up the attempts of a record's latest run, and starts over with each run. */
export class RunTotals {
  readonly #sharder: Pick<Sharder, "plan">;
  readonly #record: RunRecord;
  #next = 0;
  #startMs: number | undefined;
  #done = 0;
  #retried = 0;
  #backedUp = 0;
  readonly #busyMs = new Map<string, number>();

  constructor(sharder: Pick<Sharder, "plan">, record: RunRecord) {
    this.#sharder = sharder;
    this.#record = record;
  }

  /** @returns `undefined` before the first run. @param nowMs by `performance.now()`. */
  read(nowMs: number): Totals | undefined {
    const run = this.#record.latestRun;
    if (run === undefined) return undefined;
    if (run.startMs !== this.#startMs) this.#reset(run.startMs);
    this.#readAttempts(run.startMs, run.endMs);
    const endMs = run.endMs ?? nowMs;
    const elapsedMs = Math.max(1, endMs - run.startMs - this.#pausedMs(run.startMs, endMs));
    const faults = this.#record.faults.filter(({ atMs }) => atMs >= run.startMs);
    let busyMs = 0;
    for (const [workerId, ms] of this.#busyMs) {
      const sinceMs = run.endMs === undefined ? this.#record.busySinceMs(workerId) : undefined;
      busyMs += ms + (sinceMs === undefined ? 0 : Math.max(0, nowMs - Math.max(sinceMs, run.startMs)));
    }
    const workerCount = this.#busyMs.size;
    return {
      doneItemCount: this.#done,
      elapsedMs,
      isRunning: run.endMs === undefined,
      itemsPerSecond: (1_000 * this.#done) / elapsedMs,
      efficiency: workerCount === 0 ? undefined : Math.min(1, busyMs / (workerCount * elapsedMs)),
      workerCount,
      retriedItemCount: this.#retried,
      backedUpItemCount: this.#backedUp,
      faultCount: faults.length,
      recoveredCount: faults.filter(({ recoveredAtMs }) => recoveredAtMs !== undefined).length,
    };
  }

  #reset(startMs: number): void {
    this.#startMs = startMs;
    this.#next = this.#record.attempts.firstEndingFrom(startMs);
    this.#done = this.#retried = this.#backedUp = 0;
    this.#busyMs.clear();
  }

  /** @param endMs of the run; what was sent later belongs to no run. */
  #readAttempts(startMs: number, endMs = Infinity): void {
    const { attempts } = this.#record;
    const first = Math.max(this.#next, attempts.first);
    const end = Math.min(attempts.total, first + MAX_ATTEMPTS);
    const { plan } = this.#sharder;
    for (let index = first; index < end; index++) {
      const attempt = attempts.at(index);
      if (attempt === undefined || attempt.sentMs < startMs || attempt.sentMs > endMs) continue;
      const { workerId, kind, itemCount, outcome, beginMs, endMs: answeredMs } = attempt;
      if (kind === "retry") this.#retried += itemCount;
      if (kind === "backup") this.#backedUp += itemCount;
      this.#done += outgoingOf(() => plan, attempt)?.doneItemCount ?? 0;
      // What was cancelled was waiting, or its worker was on it in vain: neither is work.
      if (outcome !== "completed") continue;
      this.#busyMs.set(workerId, (this.#busyMs.get(workerId) ?? 0) + answeredMs - beginMs);
    }
    this.#next = end;
  }

  /** For how long the run was paused, ms. */
  #pausedMs(startMs: number, endMs: number): number {
    let pausedMs = 0;
    for (const { pauses, startMs: jobMs } of this.#record.jobs.values()) {
      if (jobMs < startMs) continue;
      for (let index = 0; index < pauses.length; index += 2) {
        pausedMs += Math.max(0, Math.min(endMs, pauses[index + 1] ?? endMs) - pauses[index]!);
      }
    }
    return pausedMs;
  }
}
