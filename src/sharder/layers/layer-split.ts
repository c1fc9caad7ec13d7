import { endMs } from "../../core/pipeline/stage-deadlines.js";
import type { BatchAnalysis } from "../../model/batch/analyse-batch.js";
import type { ModelInfo } from "../../model/inspect.js";
import type { StagedModel } from "../../model/staged-model.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import type { StagePlanner } from "../../pool/stage-planner.js";
import type { WorkerPool } from "../../pool/worker-pool.js";
import type { BatchMode } from "../../protocol/model-on-wire.js";
import type { Emit } from "../events.js";
import type { FaultReports } from "../fault-reports.js";
import { BatchModes, type OnBatchMode, type TryBatch } from "../inputs/batch-modes.js";
import { isExactWorker, probeBatch } from "../inputs/batch-probe.js";
import type { PreparedInputs } from "../inputs/prepare-inputs.js";
import type { JobOptions } from "../job/sharding-job.js";
import type { SharderSettings } from "../options.js";
import type { LayerPlan, Split, WorkerPart } from "../split.js";
import type { Verifier } from "../verify/verifier.js";
import type { Deployment } from "./deployment.js";
import { LayerLayout } from "./layer-layout.js";
import type { LayoutOptions, LayoutOwner } from "./layout-types.js";
import { PipelineJob, type PipelineContext } from "./pipeline-job.js";
import { runThrough, type StageCalling } from "./run-through.js";
import { StalledWorkers } from "./stalled-workers.js";
import { firstItem, syntheticItem } from "./trace-model.js";

export interface LayerSplitContext {
  readonly model: StagedModel;
  readonly info: ModelInfo;
  readonly batch: BatchAnalysis;
  readonly onMode: OnBatchMode;
  readonly pool: WorkerPool;
  readonly planner: StagePlanner;
  readonly emit: Emit;
  readonly faults: FaultReports;
  readonly verifier: Verifier;
  readonly options: LayoutOptions;
}

/** Each worker holds a contiguous run of the model's layers, and micro-batches flow through them. */
export class LayerSplit implements Split, LayoutOwner {
  readonly #context: LayerSplitContext;
  readonly #layout: LayerLayout;
  readonly #modes: BatchModes;
  /** The jobs that have stages or wait for them. */
  readonly #jobs = new Set<PipelineJob>();
  readonly #stalled = new StalledWorkers(() => this.#jobs);
  #emittedShares: Readonly<Record<string, number>> | undefined;

  constructor(context: LayerSplitContext) {
    this.#context = context;
    this.#modes = new BatchModes(context.batch, context.onMode);
    const { pool, model, planner, options } = context;
    this.#layout = new LayerLayout({ pool, model, planner, owner: this, options, stalled: this.#stalled });
  }

  /** Workers get their stages later, once the model has been cut. */
  async admit(worker: PoolWorker): Promise<void> {
    this.#layout.forget(worker.id);
  }

  /**
   * Cut and deploy before the first job, if the model says what an item looks like.
   * @throws ShardError "model-unsupported" if no plan fits the workers and their limits.
   */
  async begin(): Promise<void> {
    const { info } = this.#context;
    const item = syntheticItem(info.inputs);
    this.#layout.requireRunnable();
    if (item === undefined) return;
    try {
      await this.#layout.ready(item);
    } catch (thrown) {
      // A model that fails on a made-up item may still work on a real one.
      if (!this.#layout.forgetItem()) throw thrown;
    }
  }

  get plan(): LayerPlan {
    const deployment = this.#layout.current;
    if (deployment === undefined) return { split: "layers", stages: [] };
    const { workerIds, epoch } = deployment;
    const jobs = [...this.#jobs];
    const stages = deployment.stages.map(({ firstLayer, lastLayer }, stage) => ({
      workerIds: workerIds[stage]!,
      firstLayer,
      lastLayer,
      ms: this.#layout.times.stageMs(deployment, stage),
      queueDepth: jobs.reduce((total, job) => total + job.waitingCount(epoch, stage), 0),
    }));
    return { split: "layers", stages };
  }

  partOf(workerId: string): WorkerPart {
    const deployment = this.#layout.current;
    let share = 0;
    let ownMs = 0;
    for (const [stage, ids] of (deployment?.workerIds ?? []).entries()) {
      if (!ids.includes(workerId)) continue;
      share += this.#layout.times.workOf(deployment!.stages[stage]!) / ids.length;
      ownMs += (this.#layout.times.stageMs(deployment!, stage) ?? NaN) * ids.length;
    }
    return {
      share,
      itemsPerSecond: ownMs > 0 ? 1000 / ownMs : undefined,
      overheadMs: undefined,
      callItemCount: undefined,
    };
  }

  /** Stages have no shares, and so no policy. Running jobs take another quantum over, too, with their next micro-batches. */
  configure({ quantumMs }: Pick<SharderSettings, "quantumMs">): void {
    if (quantumMs !== undefined) this.#layout.times.quantumMs = quantumMs;
  }

  createJob(options: JobOptions): PipelineJob {
    const { pool, model, emit, faults, verifier, options: settings } = this.#context;
    const context: PipelineContext = {
      stalled: this.#stalled,
      firstRunDeadlineMs: settings.firstRunDeadlineMs,
      pool,
      model,
      emit,
      faults,
      verifier,
      layout: this.#layout,
      modes: this.#modes,
      tryBatch: this.#tryBatch,
      onJoin: (job) => {
        this.#jobs.add(job);
        this.#layout.jobJoined();
        this.#stalled.tell(job);
        if (this.#layout.current !== undefined) job.place(this.#layout.current);
      },
      onLeave: (job) => {
        this.#jobs.delete(job);
        this.#layout.retire();
      },
    };
    return new PipelineJob(context, options);
  }

  /** @throws as `LayerLayout.ready` */
  recut(cuts: readonly number[] | undefined): Promise<void> {
    return this.#layout.recut(cuts);
  }

  async workerReady(): Promise<void> {
    // The worker stays even if the stages can't be deployed yet: the next job tries again and reports the reason.
    await this.#layout.redeploy().catch(() => {});
  }

  async workerLeaving(worker: PoolWorker): Promise<void> {
    // If no other worker can take over, it stays until the jobs that need it have ended.
    await this.#layout.redeploy().catch(() => {});
    await this.#layout.whenUnused(worker);
    await worker.whenIdle();
  }

  /** Running jobs that need its stages ask for another worker themselves. For later jobs the stages are planned again. */
  workerLost(workerId: string): void {
    this.#layout.forget(workerId);
    if (this.#layout.current?.uses(workerId) === true) this.#layout.redeploy().catch(() => {});
  }

  forget(workerId: string): void {
    this.#layout.forget(workerId);
  }

  async tryBatch(inputs: PreparedInputs): Promise<BatchMode | undefined> {
    return this.#modes.known(inputs) ?? this.#modes.examine(inputs, this.#tryBatch);
  }

  readonly #tryBatch: TryBatch = (inputs, isMixed) =>
    this.#layout.use(firstItem(inputs), (deployment) => {
      const isExact = deployment.stages.every((_, stage) => deployment.workersOf(stage).every(isExactWorker));
      return probeBatch(inputs, {
        run: (call) => runThrough(this.#context.model, deployment, call, this.#calling(deployment)),
        isExact,
        isMixed,
      });
    });

  /** How a single call of a stage is made. */
  #calling(deployment: Deployment): StageCalling {
    const { firstRunDeadlineMs } = this.#context.options;
    return {
      workerFor: (stage) => {
        const holders = deployment.holdersOf(stage);
        return holders.find((worker) => !this.#stalled.has(worker)) ?? holders[0];
      },
      // A trial takes three items at most.
      deadlineMs: (stage, worker) =>
        endMs(this.#layout.times.forecast(deployment, stage, worker, 3), firstRunDeadlineMs, 1, 0),
    };
  }

  close(): void {
    this.#context.planner.close();
  }

  usesEpoch(epoch: number): boolean {
    return [...this.#jobs].some((job) => job.usesEpoch(epoch));
  }

  get hasJobs(): boolean {
    return this.#jobs.size > 0;
  }

  get remainingItemCount(): number | undefined {
    let total = 0;
    for (const { remainingItemCount } of this.#jobs) {
      if (remainingItemCount === undefined) return undefined;
      total += remainingItemCount;
    }
    return total;
  }

  onDeployed(deployment: Deployment): void {
    for (const job of this.#jobs) job.place(deployment);
  }

  onVacated(): void {
    for (const job of this.#jobs) job.vacate();
  }

  onFailed(error: unknown): void {
    for (const job of this.#jobs) job.fail(error);
  }

  /** Emit the new shares of the model's work. */
  onChanged(): void {
    const parts = this.#context.pool.slots.map(({ id }) => ({ id, part: this.partOf(id) }));
    const held = parts.filter(({ part }) => part.share > 0);
    const after = Object.fromEntries(held.map(({ id, part }) => [id, part.share]));
    const before = this.#emittedShares;
    this.#emittedShares = after;
    if (before === undefined) return;
    const itemsPerSecond = Object.fromEntries(held.map(({ id, part }) => [id, part.itemsPerSecond]));
    this.#context.emit("rebalance", { jobId: undefined, before, after, itemsPerSecond });
  }
}
