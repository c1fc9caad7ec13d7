import type { ItemRange } from "../core/dispatch-types.js";
import { ShardError } from "../core/errors.js";
import type { PipelineAction, PipelineEvent, StageAttempt, StagePlacement } from "../core/pipeline/pipeline-types.js";
import { createPipeline, stepPipeline, wantsPipelineItems } from "../core/pipeline/pipeline.js";
import type { StagedModel } from "../model/staged-model.js";
import type { WorkerPool } from "../pool/worker-pool.js";
import type { BatchMode } from "../protocol/model-on-wire.js";
import type { StageResult } from "../protocol/worker-api.js";
import { callListener } from "./call-listener.js";
import type { AttemptDetail, Emit, JobProgress } from "./events.js";
import { ItemStore } from "./item-store.js";
import { itemsFailed, notSent, noWorkers } from "./job-errors.js";
import type { LayerLayout, LayoutJob } from "./layer-layout.js";
import { MicroBatches } from "./micro-batches.js";
import type { PreparedInputs } from "./prepare-inputs.js";
import { nextJobId, progressOf, type JobShard, type ShardingJob } from "./sharding-job.js";

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

interface OpenAttempt extends StageAttempt {
  readonly predictedMs: number | undefined;
  readonly dispatchedAtMs: number;
}

/** Carries out the pipeline's actions for one job on real workers. Settles once, whatever happens. */
export class PipelineJob implements ShardingJob, LayoutJob {
  readonly id = nextJobId();
  readonly done: Promise<void>;
  onShard: ((shard: JobShard) => void) | undefined;
  onProgress: ((progress: JobProgress) => void) | undefined;

  readonly #context: PipelineContext;
  readonly #store = new ItemStore();
  readonly #batches: MicroBatches;
  readonly #open = new Map<number, OpenAttempt>();
  #state = createPipeline();
  #mode: BatchMode = "batched";
  #hasBegun = false;
  #lastError: ShardError | undefined;
  #settle!: { resolve: () => void; reject: (error: unknown) => void };
  #outcome: "finished" | "failed" | undefined;

  constructor(context: PipelineContext) {
    this.#context = context;
    this.#batches = new MicroBatches(context.model, this.#store);
    this.done = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    // Whoever started the job awaits `done`; a job that ends before that is no unhandled rejection.
    this.done.catch(() => {});
  }

  addItems(inputs: PreparedInputs): void {
    if (this.#outcome !== undefined) return;
    this.#store.add(inputs);
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
    if (this.#outcome !== undefined) return;
    this.#lastError = error ?? this.#lastError;
    for (const [attemptId, attempt] of this.#open) if (attempt.workerId === workerId) this.#close(attemptId, "lost");
    this.#apply({ type: "worker-lost", workerId });
  }

  setPaused(isPaused: boolean): void {
    this.#apply({ type: isPaused ? "pause" : "resume" });
  }

  fail(error: unknown): void {
    if (this.#outcome !== undefined) return;
    this.#apply({ type: "cancel" });
    this.#end(error);
  }

  get wantsItems(): boolean {
    return this.#outcome === undefined && wantsPipelineItems(this.#state);
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
    return this.#outcome === undefined && this.#state.placements.has(epoch);
  }

  async #begin(inputs: PreparedInputs): Promise<void> {
    const { layout } = this.#context;
    try {
      await layout.ready(this.#store.cut({ firstItem: 0, itemCount: 1 }).inputs);
      this.#mode = inputs.mode === "item-by-item" ? inputs.mode : await this.#context.batchMode(inputs);
      if (this.#outcome === undefined) layout.join(this);
    } catch (thrown) {
      this.fail(thrown);
    }
  }

  #apply(event: PipelineEvent): void {
    if (this.#outcome !== undefined) return;
    const { state, actions } = stepPipeline(this.#state, event);
    this.#state = state;
    for (const action of actions) {
      // Carrying one out tells listeners, and one of them may have ended the job.
      if (this.#outcome === undefined) this.#carryOut(action);
    }
  }

  #carryOut(action: PipelineAction): void {
    switch (action.type) {
      case "dispatch":
        void this.#attempt(action);
        break;
      case "cancel-attempt":
        this.#context.pool.get(action.workerId)?.cancel([this.#wireId(action.attemptId)]);
        this.#close(action.attemptId, "cancelled");
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
        this.#end(undefined);
        break;
      case "fail":
        this.#end(itemsFailed(action.range, this.#lastError));
        break;
    }
  }

  async #attempt({ attempt, predictedMs, deadlineMs }: PipelineAction & { type: "dispatch" }): Promise<void> {
    const { attemptId, microBatchId, epoch, stage: index, workerId, range } = attempt;
    const { layout, pool } = this.#context;
    this.#open.set(attemptId, { ...attempt, predictedMs, dispatchedAtMs: performance.now() });
    let result: StageResult;
    try {
      const stage = layout.deployment(epoch).stages[index]!;
      const calls = this.#batches.callsFor(microBatchId, range, stage, this.#mode);
      const { modelKey, forwardedKeys } = stage;
      const request = { attemptId: this.#wireId(attemptId), modelKey, calls, forwardedKeys };
      result = await pool.require(workerId).runStage(request, deadlineMs);
    } catch (thrown) {
      this.#attemptFailed(attemptId, thrown);
      return;
    }
    if (!this.#open.has(attemptId)) return;
    const { serviceMs } = result;
    this.#batches.keep(microBatchId, result.calls, layout.deployment(epoch).stages.slice(index + 1));
    this.#close(attemptId, "completed", serviceMs);
    if (!this.#batches.hasRows(microBatchId)) {
      this.#giveUpBatches(attemptId, true);
      return;
    }
    this.#apply({ type: "attempt-completed", attemptId, serviceMs });
    layout.observe({ epoch, stage: index, workerId, itemCount: range.itemCount, serviceMs });
  }

  #attemptFailed(attemptId: number, thrown: unknown): void {
    const attempt = this.#open.get(attemptId);
    if (attempt === undefined) return;
    if (!(thrown instanceof ShardError)) {
      this.fail(notSent(thrown));
      return;
    }
    this.#lastError = thrown;
    // A dead worker is reported once, by `loseWorker`.
    const worker = this.#context.pool.get(attempt.workerId);
    if (worker === undefined || worker.state === "dead") return;
    this.#close(attemptId, "failed");
    // Some models take a batch by their signature, and reshape to one item inside.
    if (attempt.range.itemCount > 1 && this.#batches.modeOf(attempt.microBatchId) === "batched") {
      this.#giveUpBatches(attemptId, false);
      return;
    }
    this.#context.emit("fault", { workerId: attempt.workerId, code: thrown.code, message: thrown.message });
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
      this.fail(isEmpty ? noWorkers(this.#lastError) : thrown);
    }
  }

  #deliver(microBatchId: number, range: ItemRange, workerId: string): void {
    try {
      const outputs = this.#batches.take(microBatchId);
      this.#store.release(range);
      this.onShard?.({ ...range, workerId, outputs });
    } catch (thrown) {
      this.fail(thrown);
      return;
    }
    const { completedItemCount, sourceEnded, endItem } = this.#state;
    const deployment = this.#context.layout.current;
    const stageMs = deployment?.stages.map((_, stage) => this.#context.layout.times.stageMs(deployment, stage));
    const bottleneckMs = stageMs?.every((ms) => ms !== undefined) ? Math.max(...stageMs) : undefined;
    const itemsPerSecond = bottleneckMs === undefined ? undefined : 1000 / bottleneckMs;
    const progress = progressOf(this.id, completedItemCount, sourceEnded ? endItem : undefined, itemsPerSecond);
    this.#context.emit("progress", progress);
    callListener(this.onProgress, progress);
  }

  #close(attemptId: number, outcome: AttemptDetail["outcome"], serviceMs?: number): void {
    const attempt = this.#open.get(attemptId);
    if (attempt === undefined) return;
    this.#open.delete(attemptId);
    const { workerId, stage, range, predictedMs, dispatchedAtMs } = attempt;
    const latencyMs = performance.now() - dispatchedAtMs;
    const detail = { jobId: this.id, attemptId, workerId, stage, ...range, outcome, latencyMs, serviceMs, predictedMs };
    this.#context.emit("attempt", detail);
  }

  #end(error: unknown): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = error === undefined ? "finished" : "failed";
    this.#open.clear();
    this.#context.layout.leave(this);
    if (error === undefined) this.#settle.resolve();
    else this.#settle.reject(error);
  }

  /** The pipeline's ids are unique within a job only. */
  #wireId(attemptId: number): string {
    return `${this.id}/${attemptId}`;
  }
}
