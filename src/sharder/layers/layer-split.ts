import type { ModelInfo } from "../../model/inspect.js";
import type { StagedModel } from "../../model/staged-model.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import { StagePlanner } from "../../pool/stage-planner.js";
import type { WorkerPool } from "../../pool/worker-pool.js";
import type { BatchMode } from "../../protocol/model-on-wire.js";
import type { InputTensor } from "../../protocol/tensors.js";
import type { Deployment } from "./deployment.js";
import type { Emit } from "../events.js";
import { LayerLayout } from "./layer-layout.js";
import type { LayoutOptions } from "./layout-types.js";
import { PipelineJob } from "./pipeline-job.js";
import type { PreparedInputs } from "../inputs/prepare-inputs.js";
import { isWorkerLoss, probeBatch } from "./run-through.js";
import type { LayerPlan, Split, WorkerPart } from "../split.js";
import { syntheticItem } from "./trace-model.js";

/** A contiguous run of the model's layers on each worker; micro-batches flow through them. */
export class LayerSplit implements Split {
  readonly needsWhole = false;
  /** Stages come once it is known which. */
  readonly startModels = {};
  readonly #model: StagedModel;
  readonly #info: ModelInfo;
  readonly #pool: WorkerPool;
  readonly #emit: Emit;
  readonly #planner = new StagePlanner();
  readonly #layout: LayerLayout;
  #toldShares: Readonly<Record<string, number>> | undefined;
  /** `undefined` until it has been tried out. */
  #isBatchable: boolean | undefined;

  /** @param needsBatchProbe nothing in the file promises that a batch gives what its items give. */
  constructor(
    model: StagedModel,
    info: ModelInfo,
    pool: WorkerPool,
    emit: Emit,
    needsBatchProbe: boolean,
    options: Omit<LayoutOptions, "onDeploy">,
  ) {
    this.#model = model;
    this.#info = info;
    this.#pool = pool;
    this.#emit = emit;
    this.#isBatchable = needsBatchProbe ? undefined : true;
    this.#layout = new LayerLayout(pool, model, this.#planner, {
      ...options,
      onDeploy: () => this.#tellRebalance(),
    });
  }

  /**
   * Cut and deploy before the first job, where the model says what an item looks like.
   * @throws ShardError "model-unsupported" where no plan fits the workers and their limits.
   */
  async begin(): Promise<void> {
    const item = syntheticItem(this.#info.inputs, this.#info.batchMode);
    this.#layout.requireRunnable();
    if (item === undefined) return;
    try {
      await this.#layout.ready(item);
    } catch (thrown) {
      // What fails on an item that is made up may do well on a real one.
      if (!this.#layout.forgetItem()) throw thrown;
    }
  }

  /** As `LayerLayout.use` */
  useStages<T>(item: Readonly<Record<string, InputTensor>>, work: (stages: Deployment) => Promise<T>): Promise<T> {
    return this.#layout.use(item, work);
  }

  get plan(): LayerPlan {
    const deployment = this.#layout.current;
    if (deployment === undefined) return { split: "layers", stages: [] };
    const { workerIds } = deployment;
    const stages = deployment.stages.map(({ firstLayer, lastLayer }, stage) => ({
      workerIds: workerIds[stage]!,
      firstLayer,
      lastLayer,
      ms: this.#layout.times.stageMs(deployment, stage),
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
    return { share, itemsPerSecond: ownMs > 0 ? 1000 / ownMs : undefined, overheadMs: undefined };
  }

  createJob(): PipelineJob {
    return new PipelineJob({
      pool: this.#pool,
      model: this.#model,
      layout: this.#layout,
      emit: this.#emit,
      batchMode: (inputs) => this.#batchMode(inputs),
      onNoBatches: (isCertain) => (this.#isBatchable = isCertain ? false : undefined),
    });
  }

  /** @throws as `LayerLayout.ready` */
  recut(cuts: readonly number[] | undefined): Promise<void> {
    return this.#layout.recut(cuts);
  }

  async workerAdded(): Promise<void> {
    // It is there, even where more are needed: the next job says so.
    await this.#layout.redeploy().catch(() => {});
  }

  async workerLeaving(worker: PoolWorker): Promise<void> {
    // With nobody to take over, it stays until the jobs that need it have ended.
    await this.#layout.redeploy().catch(() => {});
    await this.#layout.whenUnused(worker);
    await worker.whenIdle();
  }

  /** Jobs that need its stages ask for another worker by themselves; later ones are to be planned anew. */
  workerLost(workerId: string): void {
    this.#layout.forget(workerId);
    if (this.#layout.current?.uses(workerId) === true) this.#layout.redeploy().catch(() => {});
  }

  forget(workerId: string): void {
    this.#layout.forget(workerId);
  }

  close(): void {
    this.#planner.close();
  }

  #tellRebalance(): void {
    const parts = this.#pool.workers.map(({ id }): [string, WorkerPart] => [id, this.partOf(id)]);
    const held = parts.filter(([, { share }]) => share > 0);
    const after = Object.fromEntries(held.map(([id, { share }]) => [id, share]));
    const before = this.#toldShares;
    this.#toldShares = after;
    if (before === undefined) return;
    const itemsPerSecond = Object.fromEntries(held.map(([id, part]) => [id, part.itemsPerSecond]));
    this.#emit("rebalance", { jobId: undefined, before, after, itemsPerSecond });
  }

  async #batchMode(inputs: PreparedInputs): Promise<BatchMode> {
    this.#isBatchable ??= await this.#layout.borrow(async (deployment) => {
      if (deployment === undefined) return undefined;
      return probeBatch(this.#model, deployment, inputs).catch((thrown: unknown) => {
        if (isWorkerLoss(thrown)) return undefined;
        throw thrown;
      });
    });
    return this.#isBatchable === true ? "batched" : "item-by-item";
  }
}
