import { ShardError } from "../../core/errors.js";
import type { ItemTrials } from "../../core/item-trials.js";
import type { PipelineEvent, StageAttempt } from "../../core/pipeline/types.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import type { FinishedRun } from "../../pool/worker-runs.js";
import { saysAllocationFailed } from "../../protocol/allocation-failure.js";
import type { AttemptDetail } from "../events.js";
import type { JobMode } from "../inputs/job-mode.js";
import { causeOf } from "../job/fault-cause.js";
import { notSent } from "../job/job-errors.js";
import type { JobFaults } from "../job/job-faults.js";
import type { CheckedResult } from "../verify/checked-result.js";
import type { JobChecks } from "../verify/job-checks.js";
import type { MicroBatches } from "./micro-batches.js";
import type { StageRun } from "./stage-runs.js";
import type { StageTimes } from "./stage-times.js";
import { refuseBatches, rejectAttempt } from "../job/reject-attempt.js";

/** In place of a worker's id: a micro-batch passes all stages in one mode, so that one stage's failure concerns all. */
export const ALL_STAGES = "";

/** The job whose stages are answered. */
export interface AnsweredJob {
  apply(event: PipelineEvent): void;
  /** Report an attempt's end. */
  close(attemptId: number, outcome: AttemptDetail["outcome"], serviceMs?: number): void;
  fail(error: unknown): void;
  /** The reason, if the job has to end. */
  noteError(error: ShardError): void;
  /** A worker has ended, as its answer shows. */
  workerGone(workerId: string, error: ShardError): void;
  workerStalled(workerId: string): void;
  /** What was tried with a micro-batch; `undefined` if it is no longer under way. */
  trialsOf(microBatchId: number): ItemTrials<string> | undefined;
}

interface AnswerParts {
  readonly job: AnsweredJob;
  readonly batches: MicroBatches;
  readonly checks: JobChecks;
  readonly faults: JobFaults;
  readonly mode: JobMode;
  readonly times: StageTimes;
}

/** What the answer to a stage's run means for its micro-batch. It is asked about open attempts only. */
export class StageAnswers {
  readonly #parts: AnswerParts;

  constructor(parts: AnswerParts) {
    this.#parts = parts;
  }

  /**
   * The stage has run.
   * @returns whether its outputs are of use. If not, the micro-batch restarts from its inputs.
   */
  completed(run: StageRun, { outputs, serviceMs }: FinishedRun, checked: CheckedResult): boolean {
    const { job, batches, checks } = this.#parts;
    const { attempt, deployment } = run;
    const { attemptId, microBatchId, stage, range } = attempt;
    const later = deployment.stages.slice(stage + 1);
    batches.keep(microBatchId, outputs, later);
    if (!batches.hasRows(microBatchId)) {
      refuseBatches(job, this.#parts.mode, attemptId);
      return false;
    }
    checks.computed(microBatchId, range, checked);
    job.close(attemptId, "completed", serviceMs);
    const isHeld = later.length === 0 && checks.isHeld(microBatchId);
    job.apply({ type: "attempt-completed", attemptId, isHeld });
    return true;
  }

  /** The stage has failed. If it could not be sent, the job ends. */
  failed({ attempt, worker }: StageRun, thrown: unknown): void {
    const { job, batches, mode, times, faults } = this.#parts;
    const { attemptId, microBatchId, epoch, range } = attempt;
    const isTooLarge = range.itemCount > 1 && saysAllocationFailed(thrown);
    if (!(thrown instanceof ShardError) && !isTooLarge) {
      job.fail(notSent(thrown));
      return;
    }
    const error = thrown instanceof ShardError ? thrown : notSent(thrown);
    job.noteError(error);
    if (!worker.isUsable) {
      job.workerGone(worker.id, error);
      return;
    }
    // A part of items that have failed may fail, too.
    const isSuspect = job.trialsOf(microBatchId)?.isSuspect === true;
    // The signature of some models takes a batch, but they reshape to one item inside.
    if (!isTooLarge && !isSuspect && range.itemCount > 1 && batches.modeOf(microBatchId) === "batched") {
      mode.doubtBatches(ALL_STAGES);
      rejectAttempt(job, attemptId);
      return;
    }
    job.close(attemptId, "failed");
    if (isTooLarge) times.limitItems(epoch, Math.ceil(range.itemCount / 2));
    const { code, message } = error;
    if (!isSuspect) faults.reportRetried({ cause: causeOf(error), workerId: worker.id, code, message }, range);
    job.apply({ type: "attempt-failed", attemptId, isOutOfMemory: isTooLarge });
  }

  /** The worker is slow or hangs: its work is done elsewhere as well. */
  overdue({ stage, range }: StageAttempt, worker: PoolWorker): void {
    const { job, faults } = this.#parts;
    const message = `Worker "${worker.id}" has not finished stage ${stage} in three times the time predicted: another one runs it, too.`;
    faults.reportRetried({ cause: "overdue", workerId: worker.id, code: "worker-timeout", message }, range);
    job.workerStalled(worker.id);
  }
}
