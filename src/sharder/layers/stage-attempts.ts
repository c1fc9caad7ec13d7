import type { StageAttempt } from "../../core/pipeline/types.js";
import type { StagedModel } from "../../model/staged-model.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import type { WorkerPool } from "../../pool/worker-pool.js";
import type { FinishedRun } from "../../pool/worker-runs.js";
import type { JobMode } from "../inputs/job-mode.js";
import type { JobFaults } from "../job/job-faults.js";
import type { JobItems } from "../job/job-items.js";
import type { OpenAttempt, OpenAttempts } from "../job/open-attempts.js";
import type { CheckedResult } from "../verify/checked-result.js";
import type { JobChecks } from "../verify/job-checks.js";
import { checkableStage } from "./checked-stage.js";
import type { LayerLayout } from "./layer-layout.js";
import type { MicroBatches } from "./micro-batches.js";
import type { SentRuns } from "./sent-runs.js";
import { ALL_STAGES, StageAnswers, type AnsweredJob } from "./stage-answers.js";
import { StageRuns } from "./stage-runs.js";
import type { StalledWorkers } from "./stalled-workers.js";

export interface OpenStageAttempt extends StageAttempt, OpenAttempt {}

/** The job whose micro-batches are attempted. */
interface AttemptingJob extends AnsweredJob {
  /** An attempt's id as workers know it. */
  wireId(attemptId: number): string;
  /** Whether the stages are full: the first micro-batches have left, and others are still to enter. */
  isSteady(): boolean;
  /** A stage has run, and its time is known. */
  ran(): void;
}

interface StageAttemptsParts {
  readonly job: AttemptingJob;
  readonly pool: WorkerPool;
  readonly model: StagedModel;
  readonly layout: LayerLayout;
  readonly stalled: StalledWorkers;
  /** The longest that one item may take in a stage of which nothing is known, ms. */
  readonly firstRunDeadlineMs: number;
  readonly priority: number;
  readonly items: JobItems;
  readonly batches: MicroBatches;
  readonly open: OpenAttempts<OpenStageAttempt>;
  readonly checks: JobChecks;
  readonly faults: JobFaults;
  readonly mode: JobMode;
}

/** The attempts of one job, each from its dispatch to what its answer means. */
export class StageAttempts {
  readonly #parts: StageAttemptsParts;
  readonly #runs: StageRuns;
  readonly #answers: StageAnswers;

  constructor(parts: StageAttemptsParts) {
    this.#parts = parts;
    const { job, layout, open } = parts;
    const { times } = layout;
    this.#runs = new StageRuns({
      ...parts,
      times,
      wireId: (attemptId) => job.wireId(attemptId),
      isOpen: (attemptId) => open.isOpen(attemptId),
      onOverdue: (attempt, worker) => this.#overdue(attempt, worker),
    });
    this.#answers = new StageAnswers({ ...parts, times });
  }

  /** What has been sent and not answered. */
  get sent(): SentRuns {
    return this.#runs.sent;
  }

  /** Run a stage for a micro-batch, and pass on what comes of it. Never rejects. */
  async run(attempt: StageAttempt): Promise<void> {
    const { job, pool, layout, items, open } = this.#parts;
    const { attemptId, epoch, stage, workerId, range } = attempt;
    const worker = pool.get(workerId);
    const deployment = layout.deployment(epoch);
    if (worker?.isUsable !== true || !worker.holds(deployment.stages[stage]!.modelKey)) {
      // The one that got the stage ended before the pipeline knew of it, so its end is not reported again.
      job.apply({ type: "worker-lost", workerId });
      return;
    }
    // Costs are known per item.
    const { itemCount } = items.of(range);
    const run = this.#runs.prepare(attempt, worker, deployment, itemCount);
    open.open(attemptId, { ...attempt, predictedMs: run.predictedMs });
    let result: FinishedRun;
    let checkable: (outputs: FinishedRun["outputs"]) => CheckedResult;
    try {
      const { model, batches, priority, mode } = this.#parts;
      const { isSuspect, timeoutCount } = job.trialsOf(attempt.microBatchId)!;
      const wanted = isSuspect ? "item-by-item" : mode.of(ALL_STAGES);
      const entered = batches.enter(attempt.microBatchId, range, wanted);
      checkable = checkableStage({ model, times: layout.times, items, batches, priority }, run, entered);
      result = await this.#runs.send(run, entered, timeoutCount);
    } catch (thrown) {
      this.#runs.answered(attemptId);
      if (open.isOpen(attemptId)) this.#answers.failed(run, thrown);
      return;
    }
    this.#runs.answered(attemptId);
    const { outputs, serviceMs } = result;
    const sample = { epoch, stage, workerId, itemCount, serviceMs };
    if (!open.isOpen(attemptId)) {
      // The result of another attempt counts, but the time shows how fast the worker is.
      layout.observe({ ...sample, isSteady: false });
      return;
    }
    const isSteady = job.isSteady();
    if (!this.#answers.completed(run, result, checkable(outputs))) return;
    layout.observe({ ...sample, isSteady });
    job.ran();
  }

  /** The worker is left alone until its deadline. */
  #overdue(attempt: StageAttempt, worker: PoolWorker): void {
    if (this.#parts.open.isOpen(attempt.attemptId)) this.#answers.overdue(attempt, worker);
    this.#parts.stalled.add(worker);
  }
}
