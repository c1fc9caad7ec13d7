import type { ItemRange } from "../../core/dispatch/types.js";
import { ShardError } from "../../core/errors.js";
import type { PipelineAction, PipelineEvent, StageAttempt, StagePlacement } from "../../core/pipeline/types.js";
import { createPipeline, stepPipeline, wantsPipelineItems } from "../../core/pipeline/pipeline.js";
import type { StagedModel } from "../../model/staged-model.js";
import type { WorkerPool } from "../../pool/worker-pool.js";
import type { BatchMode } from "../../protocol/model-on-wire.js";
import type { StageResult } from "../../protocol/worker-api.js";
import type { Emit } from "../events.js";
import { JobBase, type OpenAttempt } from "../job/job-base.js";
import { itemsFailed, noWorkers } from "../job/job-errors.js";
import type { LayerLayout } from "./layer-layout.js";
import type { LayoutJob } from "./layout-types.js";
import { MicroBatches } from "./micro-batches.js";
import type { PreparedInputs } from "../inputs/prepare-inputs.js";
import { progressOf } from "../job/sharding-job.js";

export interface PipelineContext {
  readonly pool: WorkerPool;
  readonly model: StagedModel;
  readonly layout: LayerLayout;
  readonly emit: Emit;
  /** Whether the model takes batches; tried out where nothing in the file promises it. */
  readonly batchMode: (inputs: PreparedInputs) => Promise<BatchMode>;
  /**
   * A batch did not give what was to be expected.
   * @param isCertain `false` where it failed, which a GPU short of memory does, too: to be tried out again with the next job.
   */
  readonly onNoBatches: (isCertain: boolean) => void;
}

interface StageRun extends StageAttempt, OpenAttempt {}

/** Carries out the pipeline's actions for one job on real workers. */
export class PipelineJob extends JobBase<StageRun> implements LayoutJob {
  readonly #context: PipelineContext;
  readonly #batches: MicroBatches;
  #state = createPipeline();
  #mode: BatchMode = "batched";
  #hasBegun = false;

  constructor(context: PipelineContext) {
    super(context);
    this.#context = context;
    this.#batches = new MicroBatches(context.model, this.store);
  }

  addItems(inputs: PreparedInputs): void {
    if (this.isOver) return;
    this.store.add(inputs);
    this.#apply({ type: "items-added", itemCount: inputs.itemCount });
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    void this.#begin(inputs);
  }

  endSource(): void {
    this.#apply({ type: "source-ended" });
  }

  /** The layout tells every job of new stages; there is nothing else to do for a worker. */
  addWorker(): void {}
  drainWorker(): void {}

  loseWorker(workerId: string, error: ShardError | undefined): void {
    if (this.isOver) return;
    this.loseAttempts(workerId, error);
    this.#apply({ type: "worker-lost", workerId });
  }

  setPaused(isPaused: boolean): void {
    this.#apply({ type: isPaused ? "pause" : "resume" });
  }

  protected override cancelAll(): void {
    this.#apply({ type: "cancel" });
  }

  protected override describe({ stage, range }: StageRun): ItemRange & { readonly stage: number } {
    return { stage, ...range };
  }

  protected override onEnd(): void {
    this.#context.layout.leave(this);
  }

  get wantsItems(): boolean {
    return !this.isOver && wantsPipelineItems(this.#state);
  }

  place(placement: StagePlacement): void {
    this.#apply({ type: "placed", placement });
  }

  vacate(): void {
    for (const epoch of this.#state.placements.keys()) this.#apply({ type: "abandoned", epoch });
  }

  get microBatchItemCount(): number | undefined {
    const { currentEpoch, placements } = this.#state;
    return currentEpoch === undefined ? undefined : placements.get(currentEpoch)?.microBatchItemCount;
  }

  get remainingItemCount(): number | undefined {
    const { endItem, nextItem, returned, sourceEnded } = this.#state;
    if (!sourceEnded) return undefined;
    return endItem - nextItem + returned.reduce((total, { itemCount }) => total + itemCount, 0);
  }

  usesEpoch(epoch: number): boolean {
    return !this.isOver && this.#state.placements.has(epoch);
  }

  async #begin(inputs: PreparedInputs): Promise<void> {
    const { layout } = this.#context;
    try {
      await layout.ready(this.store.cut({ firstItem: 0, itemCount: 1 }).inputs);
      this.#mode = inputs.mode === "item-by-item" ? inputs.mode : await this.#context.batchMode(inputs);
      if (!this.isOver) layout.join(this);
    } catch (thrown) {
      this.fail(thrown);
    }
  }

  #apply(event: PipelineEvent): void {
    if (this.isOver) return;
    const { state, actions } = stepPipeline(this.#state, event);
    this.#state = state;
    for (const action of actions) {
      // Carrying one out tells listeners, and one of them may have ended the job.
      if (!this.isOver) this.#carryOut(action);
    }
  }

  #carryOut(action: PipelineAction): void {
    switch (action.type) {
      case "dispatch":
        void this.#attempt(action);
        break;
      case "cancel-attempt":
        this.cancel(action.attemptId, action.workerId);
        break;
      case "completed":
        this.#deliver(action.microBatchId, action.range, action.workerId);
        break;
      case "restarted":
        this.#batches.drop(action.microBatchId);
        break;
      case "vacant":
        void this.#fillVacancy(action.epoch, action.stage);
        break;
      case "epoch-done":
        this.#context.layout.epochDone();
        break;
      case "finish":
        this.end(undefined);
        break;
      case "fail":
        this.end(itemsFailed(action.range, this.lastError));
        break;
    }
  }

  async #attempt({ attempt, predictedMs, deadlineMs }: PipelineAction & { type: "dispatch" }): Promise<void> {
    const { attemptId, microBatchId, epoch, stage: index, workerId, range } = attempt;
    const { layout, pool } = this.#context;
    this.open(attemptId, { ...attempt, predictedMs });
    let result: StageResult;
    try {
      const stage = layout.deployment(epoch).stages[index]!;
      const calls = this.#batches.callsFor(microBatchId, range, stage, this.#mode);
      const { modelKey, forwardedKeys } = stage;
      const request = { attemptId: this.wireId(attemptId), modelKey, calls, forwardedKeys };
      result = await pool.require(workerId).runStage(request, deadlineMs);
    } catch (thrown) {
      this.#attemptFailed(attemptId, thrown);
      return;
    }
    if (!this.isOpen(attemptId)) return;
    const { serviceMs } = result;
    this.#batches.keep(microBatchId, result.calls, layout.deployment(epoch).stages.slice(index + 1));
    this.close(attemptId, "completed", serviceMs);
    if (!this.#batches.hasRows(microBatchId)) {
      this.#giveUpBatches(attemptId, true);
      return;
    }
    const isSteady = this.#state.completedItemCount > 0 && this.remainingItemCount !== 0;
    this.#apply({ type: "attempt-completed", attemptId, serviceMs });
    layout.observe({ epoch, stage: index, workerId, itemCount: range.itemCount, serviceMs, isSteady });
  }

  #attemptFailed(attemptId: number, thrown: unknown): void {
    const failed = this.closeFailed(attemptId, thrown);
    if (failed === undefined) return;
    const { attempt, error } = failed;
    // Some models take a batch by their signature, and reshape to one item inside.
    if (attempt.range.itemCount > 1 && this.#batches.modeOf(attempt.microBatchId) === "batched") {
      this.#giveUpBatches(attemptId, false);
      return;
    }
    this.tellFault(attempt.workerId, error);
    this.#apply({ type: "attempt-failed", attemptId });
  }

  /** What comes in from here on runs item by item, and so does this micro-batch, again from its inputs. */
  #giveUpBatches(attemptId: number, isCertain: boolean): void {
    if (this.#mode === "batched") {
      this.#mode = "item-by-item";
      this.#context.onNoBatches(isCertain);
    }
    this.#apply({ type: "attempt-rejected", attemptId });
  }

  /** The stage moves to another worker, and what waits for it goes on there; with no room for it, all starts again on new stages. */
  async #fillVacancy(epoch: number, stage: number): Promise<void> {
    const { layout } = this.#context;
    try {
      const workerIds = await layout.restaff(epoch, stage);
      if (workerIds.length > 0) {
        this.#apply({ type: "staffed", epoch, stage, workerIds });
      } else {
        await layout.replace(epoch);
        this.#apply({ type: "abandoned", epoch });
      }
    } catch (thrown) {
      const isEmpty = thrown instanceof ShardError && thrown.code === "no-workers";
      this.fail(isEmpty ? noWorkers(this.lastError) : thrown);
    }
  }

  #deliver(microBatchId: number, range: ItemRange, workerId: string): void {
    if (!this.deliver(range, workerId, () => this.#batches.take(microBatchId))) return;
    const { completedItemCount, sourceEnded, endItem } = this.#state;
    const deployment = this.#context.layout.current;
    const stageMs = deployment?.stages.map((_, stage) => this.#context.layout.times.stageMs(deployment, stage));
    const bottleneckMs = stageMs?.every((ms) => ms !== undefined) ? Math.max(...stageMs) : undefined;
    const itemsPerSecond = bottleneckMs === undefined ? undefined : 1000 / bottleneckMs;
    const totalItemCount = sourceEnded ? endItem : undefined;
    this.tellProgress(progressOf(this.id, completedItemCount, totalItemCount, itemsPerSecond));
  }
}
