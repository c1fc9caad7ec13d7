import type { ItemRange } from "../../core/dispatch/types.js";
import { ShardError } from "../../core/errors.js";
import type { PipelineAction, PipelineEvent } from "../../core/pipeline/types.js";
import { createPipeline, stepPipeline } from "../../core/pipeline/pipeline.js";
import { outsideItemCount, waitingCount, wantsPipelineItems } from "../../core/pipeline/queries.js";
import type { StagedModel } from "../../model/staged-model.js";
import type { ShardOutput } from "../../protocol/outputs.js";
import type { BatchModes, TryBatch } from "../inputs/batch-modes.js";
import { JobMode } from "../inputs/job-mode.js";
import type { PreparedInputs } from "../inputs/prepare-inputs.js";
import { JobBase, type JobContext } from "../job/job-base.js";
import { notSent, noWorkers } from "../job/job-errors.js";
import type { JobOptions } from "../job/sharding-job.js";
import type { Deployment } from "./deployment.js";
import { JobStages } from "./job-stages.js";
import type { LayerLayout } from "./layer-layout.js";
import { MicroBatches } from "./micro-batches.js";
import { StageAttempts, type OpenStageAttempt } from "./stage-attempts.js";
import type { StalledWorkers } from "./stalled-workers.js";
import { firstItem } from "./trace-model.js";

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

/** Carries out the pipeline's actions for one job on real workers. */
export class PipelineJob extends JobBase<OpenStageAttempt, PipelineEvent> {
  readonly #context: PipelineContext;
  readonly #stages: JobStages;
  readonly #batches: MicroBatches;
  readonly #stageAttempts: StageAttempts;
  #state = createPipeline();
  #hasBegun = false;
  /** The mode of micro-batches that enter from now on. */
  readonly #mode: JobMode;

  constructor(context: PipelineContext, options: JobOptions) {
    super(context, options);
    this.#context = context;
    this.#mode = new JobMode(context.modes, context.tryBatch);
    this.#stages = new JobStages(context.layout);
    this.#batches = new MicroBatches(context.model, (units) => this.items.cut(units));
    const { pool, model, layout, stalled, firstRunDeadlineMs } = context;
    this.#stageAttempts = new StageAttempts({
      job: {
        apply: (event) => this.apply(event),
        close: (attemptId, outcome, serviceMs) => this.close(attemptId, outcome, serviceMs),
        fail: (error) => this.fail(error),
        noteError: (error) => void (this.lastError = error),
        workerGone: (workerId, error) => this.workerGone(workerId, error),
        workerStalled: (workerId) => this.workerStalled(workerId),
        wireId: (attemptId) => this.wireId(attemptId),
        trialsOf: (microBatchId) => this.#state.microBatches.get(microBatchId)?.trials,
        isSteady: () => this.#state.completedItemCount > 0 && this.remainingItemCount !== 0,
        ran: () => this.#resize(),
      },
      pool,
      model,
      layout,
      stalled,
      firstRunDeadlineMs,
      priority: this.priority,
      items: this.items,
      batches: this.#batches,
      open: this.attempts,
      checks: this.checks,
      faults: this.faults,
      mode: this.#mode,
    });
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
    this.apply({ type: "worker-lost", workerId, suspect: error && this.#stageAttempts.sent.suspectOn(workerId) });
  }

  workerStalled(workerId: string): void {
    this.apply({ type: "worker-stalled", workerId, attemptId: this.#stageAttempts.sent.runningOn(workerId) });
  }

  workerAnswered(workerId: string): void {
    this.apply({ type: "worker-answered", workerId });
  }

  setPaused(isPaused: boolean): void {
    this.apply({ type: isPaused ? "pause" : "resume" });
    this.#beginUnlessPaused();
  }

  protected override describe({ stage, range }: OpenStageAttempt): ItemRange & { readonly stage: number } {
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
    this.apply({ type: "placed", placement: this.#stages.placementOn(deployment, this.#counted) });
    this.wantMore();
  }

  get #counted(): { readonly remainingItemCount: number | undefined; readonly areUnits: boolean } {
    return { remainingItemCount: this.remainingItemCount, areUnits: this.items.areUnits };
  }

  /** All stages are unloaded: what is under way enters again once there are new ones. */
  vacate(): void {
    for (const epoch of this.#state.placements.keys()) this.apply({ type: "abandoned", epoch });
  }

  /** How many items have not entered yet; `undefined` while a stream's source is open. */
  get remainingItemCount(): number | undefined {
    const units = outsideItemCount(this.#state);
    return units === undefined ? undefined : units * this.items.perUnit;
  }

  /** How many micro-batches wait for a stage: no worker has turned to them. */
  waitingCount(epoch: number, stage: number): number {
    return this.isOver ? 0 : waitingCount(this.#state, epoch, stage, (id) => this.#stageAttempts.sent.isRunning(id));
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
      await this.#stages.ready(inputs);
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
        void this.#stageAttempts.run(action.attempt);
        break;
      case "cancel-attempt":
        this.cancel(action.attemptId, action.workerId);
        break;
      case "completed":
        this.#complete(action);
        break;
      case "restarted":
        this.#drop(action.microBatchId);
        break;
      case "vacant":
        void this.#fillVacancy(action.epoch, action.stage);
        break;
      case "understaffed":
        void this.#stages.findAnother(action.epoch, action.stage, action.except).then((event) => this.apply(event));
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

  /** Change the size of micro-batches if that pays. */
  #resize(): void {
    const deployment = this.isOver ? undefined : this.#stages.resizable(this.#state, this.#counted);
    if (deployment !== undefined) this.place(deployment);
  }

  async #fillVacancy(epoch: number, stage: number): Promise<void> {
    try {
      this.apply(await this.#stages.fillVacancy(epoch, stage));
    } catch (thrown) {
      const isEmpty = thrown instanceof ShardError && thrown.code === "no-workers";
      this.fail(isEmpty ? noWorkers(this.lastError) : thrown);
    }
  }

  /** The last stage has run: give the result to the sink, or hold it until every stage's worker has been found right. */
  #complete({ microBatchId, range, workerId, isHeld }: PipelineAction & { type: "completed" }): void {
    if (!isHeld) return this.#deliver(range, workerId, () => this.#batches.take(microBatchId));
    let outputs: Readonly<Record<string, ShardOutput>>;
    try {
      outputs = this.#batches.take(microBatchId);
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

  /** Items that fail wherever they are tried: all others complete first. */
  #leaveOut(microBatchId: number, range: ItemRange): void {
    this.#drop(microBatchId);
    this.failItems(range, this.lastError ?? noWorkers(undefined));
    this.wantMore();
  }

  /** What was computed of it is no longer needed. */
  #drop(microBatchId: number): void {
    this.checks.drop(microBatchId);
    this.#batches.drop(microBatchId);
  }

  #deliver(range: ItemRange, workerId: string, take: () => Readonly<Record<string, ShardOutput>>): void {
    if (!this.deliver(range, workerId, take)) return;
    const { bottleneckMs } = this.#stages;
    const itemsPerSecond = bottleneckMs === undefined ? undefined : 1000 / bottleneckMs;
    this.emitProgress(itemsPerSecond, bottleneckMs && bottleneckMs * this.items.openItemCount);
  }
}
