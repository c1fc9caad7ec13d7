import type { EndCause } from "../../core/item-trials.js";
import type { Suspect } from "../../core/pipeline/types.js";
import type { PoolWorker } from "../../pool/pool-worker.js";

/** What a worker's end says about what it was running; a cause that is missing says nothing. */
const END_CAUSES: Partial<Record<NonNullable<PoolWorker["deathCause"]>, EndCause>> = {
  hung: "hung",
  "out-of-memory": "out-of-memory",
  threw: "trapped",
  trapped: "trapped",
  crashed: "unclear",
  "device-lost": "unclear",
  "context-lost": "unclear",
  "server-lost": "unclear",
};

interface SentRun {
  readonly worker: PoolWorker;
  isRunning: boolean;
}

/** The runs of a job that have been sent and not answered, whether their results are still wanted or not. */
export class SentRuns {
  readonly #sent = new Map<number, SentRun>();

  add(attemptId: number, worker: PoolWorker): void {
    this.#sent.set(attemptId, { worker, isRunning: false });
  }

  /** The worker has turned to it. */
  begun(attemptId: number): void {
    const run = this.#sent.get(attemptId);
    if (run !== undefined) run.isRunning = true;
  }

  /** Whether its worker has turned to it, and not answered it. */
  isRunning(attemptId: number): boolean {
    return this.#sent.get(attemptId)?.isRunning === true;
  }

  /** It has been answered, or its worker has ended. @returns the worker, if it had turned to the run. */
  answered(attemptId: number): PoolWorker | undefined {
    const run = this.#sent.get(attemptId);
    this.#sent.delete(attemptId);
    return run?.isRunning === true ? run.worker : undefined;
  }

  /** The attempt that a worker is on. */
  runningOn(workerId: string): number | undefined {
    for (const [attemptId, { worker, isRunning }] of this.#sent) {
      if (isRunning && worker.id === workerId) return attemptId;
    }
    return undefined;
  }

  /** What a worker was on when it ended, if that may be the reason. */
  suspectOn(workerId: string): Suspect | undefined {
    const attemptId = this.runningOn(workerId);
    const deathCause = attemptId === undefined ? undefined : this.#sent.get(attemptId)?.worker.deathCause;
    const cause = deathCause && END_CAUSES[deathCause];
    return attemptId === undefined || cause === undefined ? undefined : { attemptId, cause };
  }
}
