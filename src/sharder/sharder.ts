import { ShardError } from "../core/errors.js";
import { withTrace, type InspectedModel, type ModelInfo } from "../model/inspect.js";
import type { PoolWorker, WorkerSpec } from "../pool/pool-worker.js";
import { WorkerPool } from "../pool/worker-pool.js";
import { abortError, throwIfAborted } from "../protocol/abort.js";
import type { Outputs } from "../protocol/tensors.js";
import type { WorkerReport } from "../protocol/worker-api.js";
import { BackendGaps } from "./backend-gaps.js";
import { BatchSplit } from "./batch/batch-split.js";
import { ShardingEventTarget, type Emit } from "./events.js";
import { Gather } from "./job/gather.js";
import { inspectRun, type UseStages } from "./layers/inspect-run.js";
import { LayerSplit } from "./layers/layer-split.js";
import { checkWorkerSpec, type SharderOptions } from "./options.js";
import { checkPredictOptions, type PredictOptions } from "./job/predict-options.js";
import { predictsLayers } from "./layers/forecast-split.js";
import { copyInputs, prepareInputs, type Inputs, type PreparedInputs } from "./inputs/prepare-inputs.js";
import type { ShardingJob } from "./job/sharding-job.js";
import type { BatchPlan, LayerPlan } from "./split.js";
import { streamShards, type Source, type StreamOptions, type StreamShard } from "./job/stream.js";
import type { WorkerSnapshot } from "./worker-snapshot.js";

/** One model on all workers, whole on each or a stage on each. Made by `createSharder`; jobs may run at the same time and share the workers. */
export class Sharder extends ShardingEventTarget {
  readonly #inspected: InspectedModel;
  readonly #gaps: BackendGaps;
  readonly #maxWorkerBytes: number;
  readonly #pool: WorkerPool;
  readonly #jobs = new Set<ShardingJob>();
  readonly #emit: Emit;
  readonly #split: BatchSplit | LayerSplit;
  #model: ModelInfo;
  #isPaused = false;
  #isDisposed = false;

  /** @internal Use `createSharder`. */
  constructor(inspected: InspectedModel, options: SharderOptions, split: "batch" | "layers" = "batch") {
    super();
    this.#model = inspected.info;
    this.#inspected = inspected;
    this.#gaps = new BackendGaps(inspected.wire, inspected.staged);
    this.#maxWorkerBytes = options.maxWorkerBytes ?? Infinity;
    this.#emit = (type, detail) => void this.dispatchEvent(new CustomEvent(type, { detail }));
    this.#pool = new WorkerPool((worker) => this.#workerChanged(worker));
    this.#split = this.#createSplit(inspected, options, split);
  }

  /** What is known of the model: from its file, and once layers have been measured, from running it. */
  get model(): ModelInfo {
    return this.#model;
  }

  get workers(): readonly WorkerSnapshot[] {
    return this.#pool.workers.map((worker) => ({
      id: worker.id,
      backend: worker.spec.backend,
      state: worker.state,
      device: worker.report?.device,
      ...this.#split.partOf(worker.id),
      restarts: 0,
      lastError: worker.lastError,
    }));
  }

  get plan(): BatchPlan | LayerPlan {
    return this.#split.plan;
  }

  /**
   * Run the model on a batch.
   *
   * @param inputs one tensor, or tensors by input name; axis 0 is the batch, inputs without a free axis 0
   *        go to every call. The caller's buffers are not detached, and not read any more once the promise
   *        settles; until then they must not change.
   * @returns outputs by name, in the order of the items; one tensor per item where their shapes differ.
   * @throws ShardError "invalid-input", "model-failed", "no-workers", "out-of-memory", "aborted", "disposed"
   */
  async predict(inputs: Inputs, options: PredictOptions = {}): Promise<Outputs> {
    this.#checkUsable();
    checkPredictOptions(options);
    const { signal, onProgress } = options;
    throwIfAborted(signal);
    const prepared = prepareInputs(this.#model, inputs);
    const gather = new Gather(prepared.itemCount);
    const job = this.#createJob();
    job.onShard = (shard) => gather.write(shard, shard.outputs);
    job.onProgress = onProgress;
    const onAbort = (): void => job.fail(abortError(signal!));
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      job.addItems(prepared);
      job.endSource();
      await job.done;
      return gather.result();
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /**
   * Run the model on what does not fit in memory or has no end: each thing that `source` yields is a batch of
   * one or more items. The source is pulled no faster than the results are consumed.
   *
   * @throws ShardError as `predict`; whatever the source throws, unchanged.
   */
  stream(source: Source, options: StreamOptions = {}): AsyncGenerator<StreamShard, void, undefined> {
    this.#checkUsable();
    // A source may fill one buffer again and again.
    let sideNames: ReadonlySet<string> | undefined;
    const prepare = (inputs: Inputs): PreparedInputs => {
      const prepared = prepareInputs(this.#model, inputs, sideNames);
      const { tensors, batchedNames, itemCount } = prepared;
      if (itemCount > 1) sideNames ??= new Set(Object.keys(tensors).filter((name) => !batchedNames.includes(name)));
      return copyInputs(prepared);
    };
    return streamShards(() => this.#createJob(), source, prepare, options);
  }

  /** Start no further shards; those under way finish. Holds for later jobs too, until `resume`. */
  pause(): void {
    this.#setPaused(true);
  }

  resume(): void {
    this.#setPaused(false);
  }

  /**
   * Start one more worker; running jobs use it at once.
   * @returns its id.
   * @throws ShardError "unknown-backend", "backend-unavailable", "worker-lost", "worker-timeout", "disposed"
   */
  async addWorker(spec: WorkerSpec): Promise<string> {
    this.#checkUsable();
    checkWorkerSpec(spec);
    const worker = await this.#pool.add(spec, this.#split.startModels, (report) => this.#accept(report));
    if (worker.state !== "ready") {
      throw new ShardError(
        "worker-lost",
        `Expected worker "${worker.id}" to be ready, it was removed while it started.`,
        {
          workerId: worker.id,
        },
      );
    }
    for (const job of this.#jobs) job.addWorker(worker);
    await this.#split.workerAdded();
    return worker.id;
  }

  /**
   * Let a worker finish its shards, then end it. Split by layers, its stages move to the others first; where those can't take them,
   * it stays until the jobs that need it have ended.
   * @throws ShardError "unknown-worker"
   */
  async removeWorker(id: string): Promise<void> {
    this.#checkUsable();
    const worker = this.#pool.require(id);
    worker.drain();
    for (const job of this.#jobs) job.drainWorker(id);
    await this.#split.workerLeaving(worker);
    await this.#pool.remove(id);
    this.#split.forget(id);
  }

  /** Tensors and bytes that each live worker's engine holds: weights, and what leaks. */
  async memory(): Promise<Readonly<Record<string, { tensorCount: number; byteCount: number }>>> {
    const live = this.#pool.workers.filter(({ state }) => state === "ready" || state === "busy");
    return Object.fromEntries(await Promise.all(live.map(async (worker) => [worker.id, await worker.memory()])));
  }

  /** End every job ("disposed") and every worker, with its tensors and GPU device. May be called twice. */
  async dispose(): Promise<void> {
    this.#isDisposed = true;
    for (const job of this.#jobs) job.fail(disposed());
    this.#split.close();
    await this.#pool.stopAll();
  }

  /**
   * Split by layers: cut the model elsewhere from here on. Running jobs go over to the new stages with their next micro-batch; nothing
   * stops, and nothing is lost. Where the new stages don't fit beside the old ones under `maxWorkerBytes`, the old ones go first, and
   * what is under way starts again from its inputs.
   *
   * @param cuts indices into `sharder.model.layers` of the layers that begin a stage, ascending, each from 1; left out: where the
   *        planner says, which then moves them as throughput changes.
   * @throws ShardError "invalid-options" for a sharder that splits batches, or other cuts; "model-unsupported" where no worker has
   *         room for a stage or can run it. What ran before goes on then.
   */
  async recut(cuts?: readonly number[]): Promise<void> {
    this.#checkUsable();
    if (!(this.#split instanceof LayerSplit)) {
      throw new ShardError(
        "invalid-options",
        `Expected a sharder that splits by layers, received one that splits batches: create it with split: "layers".`,
      );
    }
    await this.#split.recut(cuts);
  }

  /**
   * Run the model once, layer by layer on one worker of each kind, to learn what its file does not say: each layer's time, FLOPs and
   * output, the bytes that cross each cut, and whether it takes batches. `sharder.model` shows it from then on.
   *
   * @param options.inputs a batch to run on; left out, one item is made up from the model's shapes.
   * @throws ShardError "invalid-input" where the model leaves sizes free and no inputs are given; "no-workers", "model-unsupported"
   *         where it can't be taken apart, "model-failed", "disposed"
   */
  async inspect(options: { readonly inputs?: Inputs } = {}): Promise<ModelInfo> {
    this.#checkUsable();
    const { inputs } = (options as { readonly inputs?: Inputs } | null) ?? {};
    const workers = this.#pool.workers.filter(({ state }) => state === "ready" || state === "busy");
    const split = this.#split;
    const useStages: UseStages | undefined =
      split instanceof LayerSplit ? (item, work) => split.useStages(item, work) : undefined;
    const seen = await inspectRun(this.#inspected, this.#model, inputs, workers, useStages);
    // Workers may have started meanwhile.
    this.#model = { ...seen, missingOps: this.#gaps.missing };
    return this.#model;
  }

  /** @internal Deploy the stages before the first job, where that is possible. */
  async begin(): Promise<void> {
    if (this.#split instanceof LayerSplit) await this.#split.begin();
  }

  /** @internal Whether a split by layers is predicted to be faster than the split of batches that this one makes. */
  async prefersLayers(): Promise<boolean> {
    const live = this.#pool.workers.filter(({ state }) => state === "ready");
    return predictsLayers(this.#inspected, live, this.#maxWorkerBytes);
  }

  #createSplit(
    { info, wire, staged }: InspectedModel,
    options: SharderOptions,
    split: "batch" | "layers",
  ): BatchSplit | LayerSplit {
    const { policy = "makespan", quantumMs = 100, maxWorkerBytes = Infinity, cuts } = options;
    if (split === "batch" || staged === undefined) {
      return new BatchSplit(wire, this.#pool, this.#emit, { policy, quantumMs });
    }
    return new LayerSplit(staged, info, this.#pool, this.#emit, wire.needsBatchProbe, {
      quantumMs,
      memoryLimitBytes: maxWorkerBytes,
      cuts,
      canRun: ({ spec }, firstLayer, lastLayer) => this.#gaps.canRun(spec.backend, firstLayer, lastLayer),
      onTrace: (findings) => (this.#model = withTrace(this.#model, ...findings)),
    });
  }

  /** @throws ShardError "model-unsupported" where the worker would have to run what its backend lacks. */
  #accept(report: WorkerReport): void {
    this.#gaps.learn(report);
    this.#model = { ...this.#model, missingOps: this.#gaps.missing };
    if (this.#split.needsWhole) this.#gaps.requireWhole(report.backend);
  }

  #createJob(): ShardingJob {
    this.#checkUsable();
    const job = this.#split.createJob();
    if (this.#isPaused) job.setPaused(true);
    this.#jobs.add(job);
    const forget = (): void => void this.#jobs.delete(job);
    void job.done.then(forget, forget);
    return job;
  }

  #setPaused(isPaused: boolean): void {
    this.#checkUsable();
    this.#isPaused = isPaused;
    for (const job of this.#jobs) job.setPaused(isPaused);
  }

  #workerChanged(worker: PoolWorker): void {
    this.#emit("worker", { workerId: worker.id, state: worker.state });
    if (worker.state !== "dead" || this.#isDisposed) return;
    const { deathError } = worker;
    if (deathError !== undefined) {
      this.#emit("fault", { workerId: worker.id, code: deathError.code, message: deathError.message });
    }
    for (const job of this.#jobs) job.loseWorker(worker.id, deathError);
    this.#split.workerLost(worker.id);
  }

  #checkUsable(): void {
    if (this.#isDisposed) throw disposed();
  }
}

function disposed(): ShardError {
  return new ShardError("disposed", "Expected a live sharder, received one after dispose(): create another.");
}
