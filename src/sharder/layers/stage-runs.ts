import { endMs, overdueMs, type StageForecast } from "../../core/pipeline/stage-deadlines.js";
import type { StageAttempt } from "../../core/pipeline/types.js";
import type { CallWatch } from "../../pool/call-table.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import type { FinishedRun } from "../../pool/worker-runs.js";
import type { RunMode } from "../../protocol/model-on-wire.js";
import type { DeployedStage, Deployment } from "./deployment.js";
import type { MicroBatches } from "./micro-batches.js";
import { SentRuns } from "./sent-runs.js";
import type { StageTimes } from "./stage-times.js";
import type { StalledWorkers } from "./stalled-workers.js";

interface StageRunsParts {
  readonly times: StageTimes;
  readonly batches: MicroBatches;
  readonly stalled: StalledWorkers;
  /** The longest that one item may take in a stage of which nothing is known, ms. */
  readonly firstRunDeadlineMs: number;
  readonly priority: number;
  /** An attempt's id as workers know it. */
  readonly wireId: (attemptId: number) => string;
  /** Whether somebody waits for an attempt's result. */
  readonly isOpen: (attemptId: number) => boolean;
  /** A worker has been on an attempt for longer than it should. */
  readonly onOverdue: (attempt: StageAttempt, worker: PoolWorker) => void;
}

/** An attempt that is about to be sent. */
export interface StageRun {
  readonly attempt: StageAttempt;
  readonly worker: PoolWorker;
  readonly deployment: Deployment;
  readonly stage: DeployedStage;
  /** How long it will take, by what is known at the time of the call. */
  readonly forecast: () => StageForecast;
  /** As in `AttemptDetail`. */
  readonly predictedMs: number | undefined;
}

/** Sends one job's micro-batches to the workers of stages, and notices workers that take too long. */
export class StageRuns {
  /** What has been sent and not answered. */
  readonly sent = new SentRuns();
  readonly #parts: StageRunsParts;

  constructor(parts: StageRunsParts) {
    this.#parts = parts;
  }

  /** @param itemCount items of the micro-batch, since costs are known per item. */
  prepare(attempt: StageAttempt, worker: PoolWorker, deployment: Deployment, itemCount: number): StageRun {
    const { times, isOpen } = this.#parts;
    let latest = times.forecast(deployment, attempt.stage, worker, itemCount);
    const predictedMs = latest.run === "known" ? latest.ms : undefined;
    const forecast = (): StageForecast => {
      // Once nobody waits for the run, its stages may be dropped and their times forgotten, but a worker that hangs is ended all the same.
      if (isOpen(attempt.attemptId)) latest = times.forecast(deployment, attempt.stage, worker, itemCount);
      return latest;
    };
    return { attempt, worker, deployment, stage: deployment.stages[attempt.stage]!, forecast, predictedMs };
  }

  /**
   * Run a stage on what its micro-batch holds. Call `answered` once it has settled.
   * @param timeoutCount how many workers were ended because of these items.
   * @throws what copying the inputs throws; as `PoolWorker.run`.
   */
  send({ attempt, worker, stage, forecast }: StageRun, mode: RunMode, timeoutCount: number): Promise<FinishedRun> {
    const { batches, priority, wireId, firstRunDeadlineMs, onOverdue } = this.#parts;
    const { attemptId, microBatchId, range } = attempt;
    const request = {
      attemptId: wireId(attemptId),
      modelKey: stage.modelKey,
      priority,
      itemCount: range.itemCount,
      mode,
      inputs: batches.inputsFor(microBatchId, stage),
      forwardedNames: stage.forwardedKeys,
    };
    const watch: CallWatch = {
      overdueMs: () => overdueMs(forecast()),
      onOverdue: () => onOverdue(attempt, worker),
      onTurn: () => this.sent.begun(attemptId),
    };
    const deadlineMs = (): number => endMs(forecast(), firstRunDeadlineMs, range.itemCount, timeoutCount);
    this.sent.add(attemptId, worker);
    return worker.run(request, deadlineMs, watch);
  }

  /** A run has been answered, or its worker has ended: if the worker did not answer in time, it does now. */
  answered(attemptId: number): void {
    const worker = this.sent.answered(attemptId);
    if (worker !== undefined) this.#parts.stalled.delete(worker);
  }
}
