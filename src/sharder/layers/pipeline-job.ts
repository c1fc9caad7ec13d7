import type { ItemRange } from "../../core/dispatch/types.js";
import { deadlineMs, STAGE_DEADLINES } from "../../core/deadline.js";
import { ShardError } from "../../core/errors.js";
import type { PipelineAction, PipelineEvent, StageAttempt, StagePlacement } from "../../core/pipeline/types.js";
import { createPipeline, stepPipeline, wantsPipelineItems } from "../../core/pipeline/pipeline.js";
import { untouchedItemCount } from "../../core/untouched-items.js";
import type { StagedModel } from "../../model/staged-model.js";
import type { FinishedRun, PoolWorker } from "../../pool/pool-worker.js";
import type { RunMode } from "../../protocol/model-on-wire.js";
import type { ShardOutput } from "../../protocol/outputs.js";
import type { BatchModes, TryBatch } from "../inputs/batch-modes.js";
import { JobMode } from "../inputs/job-mode.js";
import type { PreparedInputs } from "../inputs/prepare-inputs.js";
import { JobBase, type JobContext, type OpenAttempt } from "../job/job-base.js";
import { causeOf } from "../job/fault-cause.js";
import { itemsFailed, noWorkers } from "../job/job-errors.js";
import { progressOf, type JobOptions } from "../job/sharding-job.js";
import { outputBytes, type CheckedResult } from "../verify/checked-result.js";
import type { DeployedStage, Deployment } from "./deployment.js";
import type { LayerLayout } from "./layer-layout.js";
import { MicroBatches } from "./micro-batches.js";
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

  /** Its stages move to other workers at once. When it returns, the layout treats it as a new worker. */
  workerAway(workerId: string, error: ShardError): void {
    this.workerGone(workerId, error);
  }

  workerGone(workerId: string, error: ShardError | undefined): void {
    if (this.isOver) return;
    this.lastError = error ?? this.lastError;
    this.apply({ type: "worker-lost", workerId });
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
      this.fail(thrown);
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
      case "epoch-done":
        this.#context.layout.retire();
        break;
      case "finish":
        this.finish();
        break;
      case "fail":
        this.end(itemsFailed(action.range && this.items.of(action.range), this.lastError));
        break;
    }
  }

  async #attempt(attempt: StageAttempt): Promise<void> {
    const { attemptId, microBatchId, epoch, stage: index, workerId, range } = attempt;
    const { layout, pool } = this.#context;
    // Costs are known per item.
    const { itemCount } = this.items.of(range);
    const predict = (): number | undefined => layout.times.predictMs(epoch, index, workerId, itemCount);
    this.open(attemptId, { ...attempt, predictedMs: predict() });
    let result: FinishedRun;
    let checkable: (outputs: FinishedRun["outputs"]) => CheckedResult;
    try {
      const stage = layout.deployment(epoch).stages[index]!;
      const mode = this.#batches.enter(microBatchId, range, this.#mode.of(ALL_STAGES));
      const request = {
        attemptId: this.wireId(attemptId),
        modelKey: stage.modelKey,
        priority: this.priority,
        itemCount: range.itemCount,
        mode,
        inputs: this.#batches.inputsFor(microBatchId, stage),
        forwardedNames: stage.forwardedKeys,
      };
      const worker = pool.requireWorker(workerId);
      checkable = this.#checkable(attempt, worker, stage, mode);
      result = await worker.run(request, () => deadlineMs(STAGE_DEADLINES, predict()));
    } catch (thrown) {
      this.#attemptFailed(attemptId, thrown);
      return;
    }
    if (!this.isOpen(attemptId)) return;
    const { outputs, serviceMs } = result;
    const deployment = layout.deployment(epoch);
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
    layout.observe({ epoch, stage: index, workerId, itemCount, serviceMs, isSteady });
    this.#resize();
  }

  #refuseBatches(attemptId: number): void {
    const error = this.#mode.refuseBatches();
    this.#reject(attemptId);
    if (error !== undefined) this.fail(error);
  }

  #attemptFailed(attemptId: number, thrown: unknown): void {
    const failed = this.closeFailed(attemptId, thrown);
    if (failed === undefined) return;
    const { attempt, error } = failed;
    // The signature of some models takes a batch, but they reshape to one item inside.
    if (attempt.range.itemCount > 1 && this.#batches.modeOf(attempt.microBatchId) === "batched") {
      this.#mode.doubtBatches(ALL_STAGES);
      this.#reject(attemptId);
      return;
    }
    const { code, message } = error;
    const items = [this.items.of(attempt.range)];
    this.reportFault({ cause: causeOf(error), workerId: attempt.workerId, code, message, items, action: "retried" });
    this.apply({ type: "attempt-failed", attemptId });
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
    const { layout, pool } = this.#context;
    try {
      const found = await layout.restaff(epoch, stage);
      // A worker may have ended meanwhile, which was reported before the pipeline knew it.
      const workerIds = found.filter((id) => pool.get(id)?.isUsable === true);
      if (workerIds.length > 0) {
        this.apply({ type: "staffed", epoch, stage, workerIds });
      } else if (found.length > 0) {
        await this.#fillVacancy(epoch, stage);
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
    if (!isHeld) return this.#deliver(range, workerId, () => this.#batches.take(microBatchId));
    const outputs = this.#batches.take(microBatchId);
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
    return (outputs) => ({
      worker,
      model: { key: stage.modelKey, wire: () => deployment.wireOf(index) },
      shapeClass: this.items.first!.shapeClass,
      mode,
      priority: this.priority,
      itemCount: range.itemCount,
      hasRows: false,
      outputs,
      byteCount: outputBytes(outputs),
      inputsOf,
    });
  }

  #deliver(range: ItemRange, workerId: string, take: () => Readonly<Record<string, ShardOutput>>): void {
    if (!this.deliver(range, workerId, take)) return;
    const { completedItemCount } = this.items;
    const { current, times } = this.#context.layout;
    const stageMs = current?.stages.map((_, stage) => times.stageMs(current, stage));
    const bottleneckMs = stageMs?.every((ms) => ms !== undefined) ? Math.max(...stageMs) : undefined;
    const itemsPerSecond = bottleneckMs === undefined ? undefined : 1000 / bottleneckMs;
    const totalItemCount = this.items.hasSourceEnded ? this.items.addedItemCount : undefined;
    this.emitProgress(progressOf({ jobId: this.id, completedItemCount, totalItemCount, itemsPerSecond }));
  }
}
