import type { DispatchAction, ItemRange } from "../../core/dispatch/types.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import { removed } from "../../pool/slot-errors.js";
import type { WorkerPool } from "../../pool/worker-pool.js";
import type { FinishedRun } from "../../pool/worker-runs.js";
import type { WireModel } from "../../protocol/model-on-wire.js";
import type { JobMode } from "../inputs/job-mode.js";
import type { JobFaults } from "../job/job-faults.js";
import type { JobItems } from "../job/job-items.js";
import type { OpenAttempt, OpenAttempts } from "../job/open-attempts.js";
import type { JobChecks } from "../verify/job-checks.js";
import type { Dispatcher } from "./dispatcher.js";
import { ShardAnswers, type AnsweredJob } from "./shard-answers.js";
import { ShardBuffers } from "./shard-buffers.js";
import { ShardRuns } from "./shard-runs.js";
import type { UnitThroughput } from "./unit-throughput.js";

export interface OpenShardAttempt extends ItemRange, OpenAttempt {}

/** The job whose shards are attempted. */
interface AttemptingJob extends AnsweredJob {
  /** An attempt's id as workers know it. */
  wireId(attemptId: number): string;
  /** Whether it has ended well. */
  hasFinished(): boolean;
  /** A worker has run a shard of so many units, and the job has taken its outputs. */
  ran(workerId: string, outputs: FinishedRun["outputs"], unitCount: number): void;
}

interface ShardAttemptsParts {
  readonly job: AttemptingJob;
  readonly pool: WorkerPool;
  /** The whole model. */
  readonly wire: WireModel;
  readonly priority: number;
  readonly dispatcher: Dispatcher;
  readonly items: JobItems;
  readonly open: OpenAttempts<OpenShardAttempt>;
  readonly checks: JobChecks;
  readonly faults: JobFaults;
  readonly mode: JobMode;
  readonly throughput: UnitThroughput;
}

/** The attempts of one job, each from its dispatch to what its answer means. */
export class ShardAttempts {
  /** What becomes of shards. */
  readonly answers: ShardAnswers;
  readonly #parts: ShardAttemptsParts;
  readonly #runs: ShardRuns;
  readonly #buffers = new ShardBuffers();

  constructor(parts: ShardAttemptsParts) {
    this.#parts = parts;
    const { job } = parts;
    this.#runs = new ShardRuns({
      ...parts,
      buffers: this.#buffers,
      wireId: (attemptId) => job.wireId(attemptId),
      hasFinished: () => job.hasFinished(),
      onOverdue: (workerId, units) => this.answers.overdue(workerId, units),
    });
    this.answers = new ShardAnswers({ ...parts, source: parts, onCopied: this.#buffers.noteCopied });
  }

  /** A worker has ended. @returns the attempt that it was on, if it was one of this job. */
  lost(workerId: string): number | undefined {
    return this.#runs.lost(workerId);
  }

  /** The ready workers that are busy with something other than this job's attempts. */
  elsewhere(): string[] {
    return this.#runs.elsewhere(this.#parts.pool.readyWorkers);
  }

  /** Run a shard, and pass on what comes of it. Never rejects. */
  async run(action: DispatchAction & { type: "dispatch" }): Promise<void> {
    const { job, open, mode, throughput } = this.#parts;
    const { attemptId, workerId, firstItem, itemCount, predictedMs, deadlineMs } = action;
    const units: ItemRange = { firstItem, itemCount };
    open.open(attemptId, { ...units, workerId, predictedMs });
    const worker = this.#workerOf(workerId);
    if (worker === undefined) return;
    const run = { attemptId, units, worker, mode: mode.of(workerId) };
    let result: FinishedRun;
    try {
      result = await this.#runs.send(run, deadlineMs);
    } catch (thrown) {
      this.#runs.answered(run);
      // Others may have been first: then nobody waits for it any more.
      if (open.isOpen(attemptId)) this.answers.failed(run, thrown);
      else job.apply({ type: "attempt-ended", attemptId });
      return;
    }
    this.#runs.answered(run);
    const { outputs, serviceMs, callItemCount } = result;
    if (callItemCount !== undefined) throughput.learnCalls(worker, callItemCount);
    // If others were first, how long it took is worth knowing all the same.
    if (!open.isOpen(attemptId)) job.apply({ type: "attempt-completed", attemptId, serviceMs, callItemCount });
    else if (this.answers.completed(run, result)) job.ran(workerId, outputs, itemCount);
    this.#buffers.shardDone(result, itemCount);
  }

  /** @returns `undefined` if it is no longer in the pool: its end has been reported, or will be at once. */
  #workerOf(workerId: string): PoolWorker | undefined {
    const { job, pool } = this.#parts;
    const worker = pool.get(workerId);
    if (worker === undefined) job.noteError(removed(workerId));
    return worker;
  }
}
