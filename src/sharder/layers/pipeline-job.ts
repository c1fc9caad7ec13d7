import type { ItemRange } from "../../core/dispatch/types.js";
import { ShardError } from "../../core/errors.js";
import type { PipelineAction, PipelineEvent, StageAttempt, StagePlacement } from "../../core/pipeline/types.js";
import { endMs, overdueMs, type StageForecast } from "../../core/pipeline/stage-deadlines.js";
import { createPipeline, stepPipeline, wantsPipelineItems } from "../../core/pipeline/pipeline.js";
import { untouchedItemCount } from "../../core/untouched-items.js";
import type { StagedModel } from "../../model/staged-model.js";
import type { RunMode } from "../../protocol/model-on-wire.js";
import type { ShardOutput } from "../../protocol/outputs.js";
import { isAllocationFailure } from "../../protocol/allocation-failure.js";
import type { CallWatch } from "../../pool/call-table.js";
import type { FinishedRun, PoolWorker } from "../../pool/pool-worker.js";
import type { BatchModes, TryBatch } from "../inputs/batch-modes.js";
import { JobMode } from "../inputs/job-mode.js";
import type { PreparedInputs } from "../inputs/prepare-inputs.js";
import { JobBase, type JobContext } from "../job/job-base.js";
import type { OpenAttempt } from "../job/open-attempts.js";
import { causeOf } from "../job/fault-cause.js";
import { notSent, noWorkers } from "../job/job-errors.js";
import { progressOf, type JobOptions } from "../job/sharding-job.js";
import { outputBytes, type CheckedResult } from "../verify/checked-result.js";
import { stageBytes } from "./assign-stages.js";
import type { DeployedStage, Deployment } from "./deployment.js";
import type { LayerLayout } from "./layer-layout.js";
import { MicroBatches } from "./micro-batches.js";
import { SentRuns } from "./sent-runs.js";
import type { StalledWorkers } from "./stalled-workers.js";
import { firstItem } from "./trace-model.js";

/** Micro-batches change their size only by more than this factor, so that the sizes that run tell overhead from cost per item. */
const NOTEWORTHY_GROWTH = 1.4;

/** How many items the layers are measured with at most, where one can't be run. */
const MAX_MEASURED_ITEMS = 16;

/** In place of a worker's id: a micro-batch passes all stages in one mode, so that one stage's failure concerns all. */
const ALL_STAGES = "";

export interface PipelineContext extends JobContext {
  readonly model: StagedModel;
  readonly layout: LayerLayout;
  readonly modes: BatchModes;
  readonly stalled: StalledWorkers;
  /** The longest that one item may take in a stage of which nothing is known, ms. */
  readonly firstRunDeadlineMs: number;
  /** Try a batch out on the current stages. */
  readonly tryBatch: TryBatch;
  /** The job needs stages from now on: it is placed on the current ones, and on all new ones. */
  readonly onJoin: (job: PipelineJob) => void;
  /** The job no longer needs stages. */
  readonly onLeave: (job: PipelineJob) => void;
}

interface StageRun extends StageAttempt, OpenAttempt {}

/** Carries out the pipeline's actions for one job on real workers. */
export class PipelineJob extends JobBase<StageRun, PipelineEvent> {
  readonly #context: PipelineContext;
  readonly #batches: MicroBatches;
  #state = createPipeline();
  #hasBegun = false;
  /** The mode of micro-batches that enter from now on. */
  readonly #mode: JobMode;
  readonly #sent = new SentRuns();

  constructor(context: PipelineContext, options: JobOptions) {
    super(context, options);
    this.#context = context;
    this.#mode = new JobMode(context.modes, context.tryBatch);
    this.#batches = new MicroBatches(context.model, (units) => this.items.cut(units));
  }

  protected override onFirstInputs(inputs: PreparedInputs): void {
    const known = this.#mode.decideAtOnce(inputs);
    if (known !== undefined) this.items.useMode(known);
    this.#beginUnlessPaused();
  }

  protected override unitsAdded(unitCount: number, done: readonly ItemRange[]): void {
    this.apply({ type: "items-added", itemCount: unitCount, done });
  }

  protected override sourceEnded(): void {
    this.apply({ type: "source-ended" });
  }

  /** Nothing to do: the layout places every job on new stages. */
  protected override takeIn(): void {}
  workerDraining(): void {}
  workersExpected(): void {}

  /** Its stages move to other workers at once. When it returns, the layout treats it as a new worker. */
  workerAway(workerId: string, error: ShardError): void {
    this.workerGone(workerId, error);
  }

  workerGone(workerId: string, error: ShardError | undefined): void {
    if (this.isOver) return;
    this.lastError = error ?? this.lastError;
    this.apply({ type: "worker-lost", workerId, suspect: error && this.#sent.suspectOn(workerId) });
  }

  workerStalled(workerId: string): void {
    this.apply({ type: "worker-stalled", workerId, attemptId: this.#sent.runningOn(workerId) });
  }

  workerAnswered(workerId: string): void {
    this.apply({ type: "worker-answered", workerId });
  }

  setPaused(isPaused: boolean): void {
    this.apply({ type: isPaused ? "pause" : "resume" });
    this.#beginUnlessPaused();
  }

  protected override describe({ stage, range }: StageRun): ItemRange & { readonly stage: number } {
    return { stage, ...this.items.of(range) };
  }

  protected override onEnd(): void {
    this.#context.onLeave(this);
  }

  get wantsItems(): boolean {
    return !this.isOver && !this.checks.isFull && !this.items.areUndecided && wantsPipelineItems(this.#state);
  }

  /** New micro-batches enter these stages from now on. */
  place(deployment: Deployment): void {
    this.apply({ type: "placed", placement: this.#placementOn(deployment) });
    this.wantMore();
  }

  /** Groups and whole batches flow one by one. */
  #placementOn(deployment: Deployment): StagePlacement {
    const placement = this.#context.layout.times.placementFor(deployment, this.remainingItemCount);
    return this.items.areUnits ? placement : { ...placement, microBatchItemCount: 1 };
  }

  /** All stages are unloaded: what is under way enters again once there are new ones. */
  vacate(): void {
    for (const epoch of this.#state.placements.keys()) this.apply({ type: "abandoned", epoch });
  }

  /** How many items have not entered yet; `undefined` while a stream's source is open. */
  get remainingItemCount(): number | undefined {
    const { returned, sourceEnded } = this.#state;
    if (!sourceEnded) return undefined;
    const units = returned.reduce((total, { itemCount }) => total + itemCount, untouchedItemCount(this.#state));
    return units * this.items.perUnit;
  }

  /** How many micro-batches wait for a stage: no worker has turned to them. */
  waitingCount(epoch: number, stage: number): number {
    if (this.isOver) return 0;
    let count = 0;
    for (const microBatch of this.#state.microBatches.values()) {
      const isThere = microBatch.epoch === epoch && microBatch.stage === stage;
      if (isThere && !microBatch.attemptIds.some((id) => this.#sent.isRunning(id))) count++;
    }
    return count;
  }

  usesEpoch(epoch: number): boolean {
    return !this.isOver && this.#state.placements.has(epoch);
  }

  #beginUnlessPaused(): void {
    if (this.items.first === undefined || this.#hasBegun || this.#state.phase !== "running") return;
    this.#hasBegun = true;
    void this.#begin(this.items.first);
  }

  async #begin(inputs: PreparedInputs): Promise<void> {
    const { layout, onJoin } = this.#context;
    try {
      await this.#ready(inputs);
      const mode = await this.#mode.decide(inputs);
      if (this.isOver) return;
      this.items.useMode(mode);
      // Again: the job has to join while there are stages. From then on it learns of new ones, and of their failure.
      await layout.ready(firstItem(inputs));
      if (!this.isOver) onJoin(this);
    } catch (thrown) {
      this.fail(thrown instanceof ShardError ? thrown : notSent(thrown));
    }
  }

  /** Stages to run on. A model that takes whole batches may not run on one item: then its layers are measured with more. */
  async #ready(inputs: PreparedInputs): Promise<void> {
    const { layout } = this.#context;
    try {
      await layout.ready(firstItem(inputs));
    } catch (thrown) {
      const itemCount = Math.min(inputs.itemCount, MAX_MEASURED_ITEMS);
      const isOfModel = thrown instanceof ShardError && thrown.code.startsWith("model-");
      if (!isOfModel || itemCount <= inputs.groupItemCount || !layout.forgetItem()) throw thrown;
      await layout.ready(firstItem(inputs, itemCount));
    }
  }

  protected override step(event: PipelineEvent): void {
    if (event.type === "worker-lost") this.loseAttempts(event.workerId);
    const { state, actions } = stepPipeline(this.#state, event);
    this.#state = state;
    for (const action of actions) {
      // An action can call listeners, and one of them may have ended the job.
      if (!this.isOver) this.#carryOut(action);
    }
  }

  #carryOut(action: PipelineAction): void {
    switch (action.type) {
      case "dispatch":
        void this.#attempt(action.attempt);
        break;
      case "cancel-attempt":
        this.cancel(action.attemptId, action.workerId);
        break;
      case "completed":
        this.#complete(action);
        break;
      case "restarted":
        this.checks.drop(action.microBatchId);
        this.#batches.drop(action.microBatchId);
        break;
      case "vacant":
        void this.#fillVacancy(action.epoch, action.stage);
        break;
      case "understaffed":
        void this.#findAnother(action.epoch, action.stage, action.except);
        break;
      case "item-failed":
        this.#leaveOut(action.microBatchId, action.range);
        break;
      case "epoch-done":
        this.#context.layout.retire();
        break;
      case "finish":
        this.finish();
        break;
      case "fail":
        this.end(this.faults.hopeless());
        break;
    }
  }

  async #attempt(attempt: StageAttempt): Promise<void> {
    const { attemptId, microBatchId, epoch, stage: index, workerId, range } = attempt;
    const { layout, pool, firstRunDeadlineMs } = this.#context;
    const worker = pool.get(workerId);
    const deployment = layout.deployment(epoch);
    if (worker?.isUsable !== true || !worker.holds(deployment.stages[index]!.modelKey)) {
      // The one that got the stage ended before the pipeline knew of it, so its end is not reported again.
      this.apply({ type: "worker-lost", workerId });
      return;
    }
    // Costs are known per item.
    const { itemCount } = this.items.of(range);
    let latest = layout.times.forecast(deployment, index, worker, itemCount);
    const forecast = (): StageForecast => {
      // Once nobody waits for the run, its stages may be dropped and their times forgotten, but a worker that hangs is ended all the same.
      if (this.attempts.isOpen(attemptId)) latest = layout.times.forecast(deployment, index, worker, itemCount);
      return latest;
    };
    const { ms, run } = latest;
    this.attempts.open(attemptId, { ...attempt, predictedMs: run === "known" ? ms : undefined });
    const { trials } = this.#state.microBatches.get(microBatchId)!;
    const watch: CallWatch = {
      overdueMs: () => overdueMs(forecast()),
      onOverdue: () => this.#overdue(attempt, worker),
      onTurn: () => this.#sent.begun(attemptId),
    };
    let result: FinishedRun;
    let checkable: (outputs: FinishedRun["outputs"]) => CheckedResult;
    try {
      const stage = deployment.stages[index]!;
      const mode = this.#batches.enter(
        microBatchId,
        range,
        trials.isSuspect ? "item-by-item" : this.#mode.of(ALL_STAGES),
      );
      const request = {
        attemptId: this.wireId(attemptId),
        modelKey: stage.modelKey,
        priority: this.priority,
        itemCount: range.itemCount,
        mode,
        inputs: this.#batches.inputsFor(microBatchId, stage),
        forwardedNames: stage.forwardedKeys,
      };
      checkable = this.#checkable(attempt, worker, stage, mode);
      const deadlineMs = (): number => endMs(forecast(), firstRunDeadlineMs, range.itemCount, trials.timeoutCount);
      this.#sent.add(attemptId, worker);
      result = await worker.run(request, deadlineMs, watch);
    } catch (thrown) {
      this.#settled(attemptId);
      this.#attemptFailed(attempt, worker, thrown);
      return;
    }
    this.#settled(attemptId);
    const { outputs, serviceMs } = result;
    const sample = { epoch, stage: index, workerId, itemCount, serviceMs };
    if (!this.attempts.isOpen(attemptId)) {
      // The result of another attempt counts, but the time shows how fast the worker is.
      layout.observe({ ...sample, isSteady: false });
      return;
    }
    const checked = checkable(outputs);
    this.#batches.keep(microBatchId, outputs, deployment.stages.slice(index + 1));
    if (!this.#batches.hasRows(microBatchId)) {
      this.#refuseBatches(attemptId);
      return;
    }
    this.checks.computed(microBatchId, range, checked);
    this.close(attemptId, "completed", serviceMs);
    const isSteady = this.#state.completedItemCount > 0 && this.remainingItemCount !== 0;
    const isHeld = index === deployment.stages.length - 1 && this.checks.isHeld(microBatchId);
    this.apply({ type: "attempt-completed", attemptId, isHeld });
    layout.observe({ ...sample, isSteady });
    this.#resize();
  }

  /** A run has been answered, or its worker has ended: if the worker did not answer in time, it does now. */
  #settled(attemptId: number): void {
    const worker = this.#sent.answered(attemptId);
    if (worker !== undefined) this.#context.stalled.delete(worker);
  }

  /** The worker is slow or hangs: its work is done elsewhere as well, and the worker is left alone until its deadline. */
  #overdue(attempt: StageAttempt, worker: PoolWorker): void {
    if (this.attempts.isOpen(attempt.attemptId)) {
      const message = `Worker "${worker.id}" has not finished stage ${attempt.stage} in three times the time predicted: another one runs it, too.`;
      this.faults.reportRetried(
        { cause: "overdue", workerId: worker.id, code: "worker-timeout", message },
        attempt.range,
      );
      this.workerStalled(worker.id);
    }
    this.#context.stalled.add(worker);
  }

  #refuseBatches(attemptId: number): void {
    const error = this.#mode.refuseBatches();
    this.#reject(attemptId);
    if (error !== undefined) this.fail(error);
  }

  #attemptFailed(attempt: StageAttempt, worker: PoolWorker, thrown: unknown): void {
    const { attemptId, microBatchId, epoch, range } = attempt;
    if (!this.attempts.isOpen(attemptId)) return;
    const isTooLarge = range.itemCount > 1 && isAllocationFailure(thrown);
    if (!(thrown instanceof ShardError) && !isTooLarge) {
      this.fail(notSent(thrown));
      return;
    }
    const error = thrown instanceof ShardError ? thrown : notSent(thrown);
    this.lastError = error;
    if (!worker.isUsable) {
      this.workerGone(worker.id, error);
      return;
    }
    const isSuspect = this.#state.microBatches.get(microBatchId)?.trials.isSuspect === true;
    // The signature of some models takes a batch, but they reshape to one item inside.
    if (!isTooLarge && !isSuspect && range.itemCount > 1 && this.#batches.modeOf(microBatchId) === "batched") {
      this.#mode.doubtBatches(ALL_STAGES);
      this.#reject(attemptId);
      return;
    }
    this.close(attemptId, "failed");
    if (isTooLarge) this.#context.layout.times.limitItems(epoch, Math.ceil(range.itemCount / 2));
    const { code, message } = error;
    if (!isSuspect) this.faults.reportRetried({ cause: causeOf(error), workerId: worker.id, code, message }, range);
    this.apply({ type: "attempt-failed", attemptId, isOutOfMemory: isTooLarge });
  }

  /** The micro-batch restarts from its inputs, in the mode that holds by then. */
  #reject(attemptId: number): void {
    this.close(attemptId, "failed");
    this.apply({ type: "attempt-rejected", attemptId });
  }

  /** Change the size of micro-batches if the measured times show that another one is noticeably better. */
  #resize(): void {
    const { current } = this.#context.layout;
    if (this.isOver || current === undefined || current.epoch !== this.#state.currentEpoch) return;
    const before = this.#state.placements.get(current.epoch)!.microBatchItemCount;
    const growth = this.#placementOn(current).microBatchItemCount / before;
    if (growth >= NOTEWORTHY_GROWTH || growth <= 1 / NOTEWORTHY_GROWTH) this.place(current);
  }

  /** Move the stage to another worker, where what waits for it runs. If none has room, everything restarts on new stages. */
  async #fillVacancy(epoch: number, stage: number): Promise<void> {
    const { layout } = this.#context;
    try {
      const workerIds = await layout.restaff(epoch, stage);
      if (workerIds.length > 0) {
        this.apply({ type: "staffed", epoch, stage, workerIds });
      } else {
        await layout.replace(epoch);
        this.apply({ type: "abandoned", epoch });
      }
    } catch (thrown) {
      const isEmpty = thrown instanceof ShardError && thrown.code === "no-workers";
      this.fail(isEmpty ? noWorkers(this.lastError) : thrown);
    }
  }

  /** The last stage has run: give the result to the sink, or hold it until every stage's worker has been found right. */
  #complete({ microBatchId, range, workerId, isHeld }: PipelineAction & { type: "completed" }): void {
    if (!isHeld) return this.#deliver(range, workerId, () => this.#take(microBatchId));
    let outputs: ReturnType<MicroBatches["take"]>;
    try {
      outputs = this.#take(microBatchId);
    } catch (thrown) {
      this.fail(thrown);
      return;
    }
    this.checks.hold(microBatchId, () => {
      this.#deliver(range, workerId, () => outputs);
      this.settleHeld("items-released", range);
      this.wantMore();
    });
  }

  protected override settleHeld(type: "items-released" | "items-revoked", range: ItemRange): void {
    this.apply({ type, range });
  }

  /** Micro-batches of all stages may reach a worker that is idle for now, so results wait for it while anything is under way. */
  protected override isBusyOn(): boolean {
    return this.#state.attempts.size > 0;
  }

  /** What another worker needs to compute a stage's result again. What enters the stage is remembered now: it is released later. */
  #checkable(
    { epoch, stage: index, microBatchId, range }: StageAttempt,
    worker: PoolWorker,
    stage: DeployedStage,
    mode: RunMode,
  ): (outputs: FinishedRun["outputs"]) => CheckedResult {
    const deployment = this.#context.layout.deployment(epoch);
    const inputsOf = this.#batches.inputsAgain(microBatchId, stage);
    const finalKeys = Object.values(this.#context.model.outputKeys);
    const weightBytes = (): number => stageBytes(this.#context.model, stage.firstLayer, stage.lastLayer);
    return (outputs) => ({
      worker,
      model: { key: stage.modelKey, weightBytes, wire: () => deployment.wireOf(index) },
      shapeClass: this.items.first!.shapeClass,
      mode,
      priority: this.priority,
      itemCount: range.itemCount,
      hasRows: false,
      outputs,
      isFinal: (key) => finalKeys.includes(key),
      byteCount: outputBytes(outputs),
      predictMs: (each, unitCount) => {
        const { ms, run } = this.#context.layout.times.forecast(
          deployment,
          index,
          each,
          this.items.perUnit * unitCount,
        );
        return run === "known" ? ms : undefined;
      },
      inputsOf,
    });
  }

  /** Load the stage on a worker beside those that don't answer, or that have failed. */
  async #findAnother(epoch: number, stage: number, except: readonly string[]): Promise<void> {
    // If it can't be loaded there, the present workers have to do.
    const workerIds = await this.#context.layout.restaff(epoch, stage, except).catch(() => []);
    if (workerIds.length > 0) this.apply({ type: "staffed", epoch, stage, workerIds });
    else this.apply({ type: "unstaffed", epoch, stage });
  }

  /** Items that fail wherever they are tried: all others complete first. */
  #leaveOut(microBatchId: number, range: ItemRange): void {
    this.checks.drop(microBatchId);
    this.#batches.drop(microBatchId);
    this.failItems(range, this.lastError ?? noWorkers(undefined));
    this.wantMore();
  }

  #deliver(range: ItemRange, workerId: string, take: () => Readonly<Record<string, ShardOutput>>): void {
    if (!this.deliver(range, workerId, take)) return;
    const { completedItemCount } = this.items;
    const { current, times } = this.#context.layout;
    const stageMs = current?.stages.map((_, stage) => times.stageMs(current, stage));
    const bottleneckMs = stageMs?.every((ms) => ms !== undefined) ? Math.max(...stageMs) : undefined;
    const itemsPerSecond = bottleneckMs === undefined ? undefined : 1000 / bottleneckMs;
    const totalItemCount = this.items.hasSourceEnded ? this.items.addedItemCount : undefined;
    // Items follow each other through the slowest stage.
    const remainingMs = bottleneckMs && bottleneckMs * (this.items.addedItemCount - completedItemCount);
    this.emitProgress(progressOf({ jobId: this.id, completedItemCount, totalItemCount, itemsPerSecond, remainingMs }));
  }

  #take(microBatchId: number): ReturnType<MicroBatches["take"]> {
    try {
      return this.#batches.take(microBatchId);
    } catch (thrown) {
      throw thrown instanceof ShardError ? thrown : notSent(thrown);
    }
  }
}
