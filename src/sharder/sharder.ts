import { ShardError } from "../core/errors.js";
import type { ModelInfo } from "../model/inspect.js";
import { labelOf, type EngineName, type WorkerSpec } from "../pool/worker-entries.js";
import type { WorkerPool } from "../pool/worker-pool.js";
import { isTfjsWire } from "../protocol/model-on-wire.js";
import { throwIfAborted } from "../protocol/abort.js";
import { onlyShardErrors, orShardError } from "../protocol/raw-errors.js";
import type { Outputs } from "../protocol/tensors.js";
import { checkSettings, checkWorkerSpec } from "./check-options.js";
import type { EventRelay } from "./event-relay.js";
import { forModel } from "./engine-of-model.js";
import { ShardingEventTarget } from "./events.js";
import type { FaultReports } from "./fault-reports.js";
import { copyInputs, prepareInputs, type Inputs, type PreparedInputs } from "./inputs/prepare-inputs.js";
import { predictBatch } from "./job/predict.js";
import { checkPredictOptions, type PredictOptions } from "./job/predict-options.js";
import type { JobOptions, ShardingJob } from "./job/sharding-job.js";
import type { Source } from "./job/source.js";
import type { StreamOptions } from "./job/stream-options.js";
import { streamShards, type StreamShard } from "./job/stream.js";
import { checkJournalOptions } from "./journal/journal-options.js";
import type { Journals } from "./journal/journals.js";
import type { EngineFit } from "./engines/engine-fits.js";
import type { KnownModel, SharderModel } from "./known-model.js";
import { requireKnownKeys } from "./known-keys.js";
import type { OnItemError, SharderSettings } from "./options.js";
import { inspectRun } from "./layers/inspect-run.js";
import { LiveJobs } from "./live-jobs.js";
import type { BatchPlan, LayerPlan, Split } from "./split.js";
import { examineEngines, requireTranslatable } from "./translated-model.js";
import type { Verification } from "./verify/verification.js";
import type { Verifier } from "./verify/verifier.js";
import { snapshotOf, type WorkerSnapshot } from "./worker-snapshot.js";
import { WorkerWatch } from "./worker-watch.js";

/** The parts of a sharder. */
export interface SharderParts {
  readonly model: KnownModel;
  readonly pool: WorkerPool;
  readonly split: Split;
  readonly events: EventRelay;
  readonly faults: FaultReports;
  readonly journals: Journals;
  readonly verifier: Verifier;
  /** What happens about items that failed wherever they were tried. */
  readonly onItemError: OnItemError;
  /** The engine of workers that name none; left out: that of the model's format. */
  readonly engine?: (() => EngineName) | undefined;
  /** Whether workers of other engines than that are refused. */
  readonly isOneEngine?: boolean;
}

/**
 * One model on several workers, each of which holds all of it or a stage. Made by `createSharder`. Jobs may run at the same time; they
 * share the workers.
 */
export class Sharder extends ShardingEventTarget {
  readonly #model: KnownModel;
  readonly #pool: WorkerPool;
  readonly #split: Split;
  readonly #watch: WorkerWatch;
  readonly #journals: Journals;
  readonly #verifier: Verifier;
  #onItemError: OnItemError;
  readonly #engine: (() => EngineName) | undefined;
  readonly #isOneEngine: boolean;
  readonly #jobs: LiveJobs;
  #isDisposed = false;

  constructor(parts: SharderParts) {
    super();
    const { model, pool, split, events, faults, journals, verifier, onItemError } = parts;
    this.#engine = parts.engine;
    this.#isOneEngine = parts.isOneEngine ?? false;
    this.#model = model;
    this.#pool = pool;
    this.#split = split;
    // A job remembers which workers it has excluded, by their ids.
    this.#jobs = new LiveJobs(events.emit, () => pool.releaseIds());
    this.#watch = new WorkerWatch({ pool, split, jobs: this.#jobs.all, faults, emit: events.emit });
    this.#journals = journals;
    this.#verifier = verifier;
    this.#onItemError = onItemError;
    events.target = (type, detail) => void this.dispatchEvent(new CustomEvent(type, { detail }));
    pool.listener = this.#watch;
  }

  /** What is known about the model: from its file and, once layers have been measured, from running it. */
  get model(): SharderModel {
    return this.#model.info;
  }

  get workers(): readonly WorkerSnapshot[] {
    return this.#pool.slots.map((slot) =>
      snapshotOf(slot, this.#split.partOf(slot.id), this.#jobs.underWayOn(slot.id)),
    );
  }

  get plan(): BatchPlan | LayerPlan {
    return this.#split.plan;
  }

  /** What checking results on other workers has shown so far, and what it cost. */
  get verification(): Verification {
    return this.#verifier.report;
  }

  /**
   * Run the model on a batch.
   *
   * @param inputs one tensor, or tensors by input name. Axis 0 is the batch; inputs without a free axis 0 go to every call. The caller's
   *        buffers are not detached, and no longer read once the promise settles; until then they must not change.
   * @returns outputs by name, in the order of the items; one tensor per item (a `RaggedTensor`) if their shapes differ.
   * @throws ShardError "invalid-input", "invalid-options", "model-failed", "no-workers", "out-of-memory", "journal-busy", "aborted",
   *         "disposed"
   */
  predict(inputs: Inputs, options: PredictOptions = {}): Promise<Outputs> {
    return onlyShardErrors(() => this.#predict(inputs, options));
  }

  async #predict(inputs: Inputs, options: PredictOptions): Promise<Outputs> {
    this.#checkUsable();
    checkPredictOptions(options);
    const { signal, onProgress, priority = 0, onItemError: onItemFailed } = options;
    const named = checkJournalOptions(options.journal, "predict");
    throwIfAborted(signal);
    const prepared = prepareInputs(this.model, inputs);
    return predictBatch(
      (jobOptions) => this.#createJob(jobOptions),
      prepared,
      { signal, onProgress, priority, onItemFailed },
      named && (() => this.#journals.openForPredict(named, prepared, signal)),
    );
  }

  /**
   * Run the model on inputs that don't fit in memory or have no end. Each value that `source` yields is a batch of
   * one or more items. The source is pulled no faster than the results are consumed.
   *
   * @throws ShardError as `predict`; whatever the source throws, unchanged.
   */
  stream(source: Source, options: StreamOptions = {}): AsyncGenerator<StreamShard, void, undefined> {
    this.#checkUsable();
    // Copied, because a source may fill one buffer again and again.
    let sideNames: ReadonlySet<string> | undefined;
    const prepare = (inputs: Inputs): PreparedInputs => {
      const prepared = prepareInputs(this.model, inputs, sideNames);
      const { tensors, batchedNames, itemCount, groupItemCount } = prepared;
      if (itemCount > groupItemCount)
        sideNames ??= new Set(Object.keys(tensors).filter((name) => !batchedNames.includes(name)));
      return copyInputs(prepared);
    };
    const named = orShardError("invalid-options", "options that can be read", "pass plain values", () =>
      checkJournalOptions((options as StreamOptions | null)?.journal, "stream"),
    );
    const openJournal = named && (() => this.#journals.openForStream(named, options.signal));
    const onItemError = this.#onItemError;
    return streamShards((jobOptions) => this.#createJob(jobOptions), source, prepare, options, {
      onItemError,
      openJournal,
    });
  }

  /**
   * Change how jobs run that start from now on. Those under way keep their policy, their `onItemError` and, unless the model is split by
   * layers, their quantum; what is checked changes at once. What is left out, or `undefined`, stays unchanged.
   * @throws ShardError "invalid-options", "disposed"
   */
  configure(settings: SharderSettings): void {
    this.#checkUsable();
    checkSettings(settings);
    const { verify, onItemError = this.#onItemError } = settings;
    this.#split.configure(settings);
    if (verify !== undefined) this.#verifier.fraction = verify;
    this.#onItemError = onItemError;
  }

  /** Start no further shards; those under way finish. This also holds for later jobs, until `resume`. */
  pause(): void {
    this.#checkUsable();
    this.#jobs.setPaused(true);
  }

  resume(): void {
    this.#checkUsable();
    this.#jobs.setPaused(false);
  }

  /**
   * Start one more worker; running jobs use it at once.
   * @returns its id.
   * @throws ShardError "unknown-backend", "model-unsupported" for another engine than the model's, "backend-unavailable", "worker-lost",
   *         "worker-timeout", "disposed"
   */
  addWorker(spec: WorkerSpec): Promise<string> {
    return onlyShardErrors(async () => {
      this.#checkUsable();
      checkWorkerSpec(spec);
      const engine = this.#engine?.();
      const fitting = forModel(engine === undefined ? spec : { engine, ...spec }, this.model.format);
      const isServer = fitting.engine === "remote";
      if (this.#isOneEngine && !isServer && (fitting.engine ?? "tfjs") !== engine) throw otherEngine(fitting, engine!);
      if (isServer || fitting.engine === "litert") await this.#requireWhole(isServer ? "remote" : "litert");
      const starting = this.#pool.start(fitting);
      this.#watch.expectsWorkers();
      const { id } = await this.#pool.enter(await starting);
      return id;
    });
  }

  /**
   * Find out which engines run the model, and for the others, why not. `sharder.model.engines` shows it afterwards. For TF.js models, the
   * script that translates them is loaded, which nothing else needs as long as no worker of LiteRT is asked for.
   * @throws ShardError "backend-unavailable" if that script can't be loaded, "disposed"
   */
  examineEngines(): Promise<readonly EngineFit[]> {
    return onlyShardErrors(async () => {
      this.#checkUsable();
      return examineEngines(this.#model);
    });
  }

  /** @throws ShardError "model-unsupported", "disposed" */
  async #requireWhole(engine: "litert" | "remote"): Promise<void> {
    const { wire } = this.#model.inspected;
    if ((isTfjsWire(wire) || engine === "remote") && this.plan.split === "layers") {
      throw new ShardError(
        "model-unsupported",
        `Expected a model that is split by batch for ${engine === "litert" ? "workers of LiteRT" : "a server"}, received one that is split by layers: create another sharder with split: "batch".`,
      );
    }
    if (engine === "litert") await requireTranslatable(wire);
    this.#checkUsable();
  }

  /**
   * Let a worker finish its shards, then end it. If the model is split by layers, its stages move to the others first; if those can't
   * take them, it stays until the jobs that need it have ended.
   * @throws ShardError "unknown-worker"
   */
  removeWorker(id: string): Promise<void> {
    return onlyShardErrors(async () => {
      this.#checkUsable();
      const { worker } = this.#pool.drain(typeof id === "string" ? id : `a ${typeof id}`);
      for (const job of this.#jobs.all) job.workerDraining(id);
      // It may have been the one that they wait for.
      this.#watch.expectsWorkers();
      if (worker !== undefined) await this.#split.workerLeaving(worker);
      await this.#pool.remove(id);
      this.#split.forget(id);
      if (this.#jobs.all.size === 0) this.#pool.releaseIds();
    });
  }

  /** Tensors and bytes that the engine of each ready worker holds: weights, and anything that leaks. */
  async memory(): Promise<Readonly<Record<string, { tensorCount: number; byteCount: number }>>> {
    const live = this.#pool.readyWorkers;
    return Object.fromEntries(await Promise.all(live.map(async (worker) => [worker.id, await worker.memory()])));
  }

  /** End every job ("disposed") and every worker, with its tensors and GPU device. May be called twice. */
  async dispose(): Promise<void> {
    this.#isDisposed = true;
    this.#watch.close();
    this.#jobs.fail(disposed());
    this.#split.close();
    this.#verifier.close();
    await Promise.all([this.#journals.close(), this.#pool.close()]);
  }

  /**
   * Cut a model that is split by layers elsewhere from now on. Running jobs use the new stages from their next micro-batch on; nothing
   * stops, and nothing is lost. If `maxWorkerBytes` leaves no room for the new stages beside the old ones, the old ones are unloaded
   * first, and what is under way restarts from its inputs.
   *
   * @param cuts indices into `sharder.model.layers` of the layers that begin a stage, ascending, each at least 1. Left out: where the
   *        planner says, and moved as throughput changes.
   * @throws ShardError "invalid-options" for a sharder that splits batches, or for illegal cuts; "model-unsupported" if no worker has
   *         room for a stage or can run it. The current stages then stay.
   */
  recut(cuts?: readonly number[]): Promise<void> {
    return onlyShardErrors(async () => {
      this.#checkUsable();
      await this.#split.recut(cuts);
    });
  }

  /**
   * Run the model once, layer by layer on one worker of each kind, to learn what its file does not say: each layer's time, FLOPs and
   * output, the bytes that cross each cut, and whether it takes batches. `sharder.model` shows it afterwards.
   *
   * @param options.inputs a batch to run on. Left out: an item is made up from the model's shapes.
   * @throws ShardError "invalid-input" if the model leaves sizes free and no inputs are given; "no-workers", "model-unsupported"
   *         if it can't be cut into layers, "model-failed", "disposed"
   */
  inspect(options: { readonly inputs?: Inputs } = {}): Promise<ModelInfo> {
    return onlyShardErrors(async () => {
      this.#checkUsable();
      const given = (options as { readonly inputs?: Inputs } | null) ?? {};
      requireKnownKeys("inspect", given, { inputs: true });
      await inspectRun(this.#model, given.inputs, this.#pool.readyWorkers, this.#split);
      return this.model;
    });
  }

  #createJob(options: JobOptions): ShardingJob {
    this.#checkUsable();
    const job = this.#split.createJob({ onItemError: this.#onItemError, ...options });
    job.workersExpected(this.#watch.expectsWorkers());
    this.#jobs.add(job);
    return job;
  }

  #checkUsable(): void {
    if (this.#isDisposed) throw disposed();
  }
}

function otherEngine(spec: WorkerSpec, engine: EngineName): ShardError {
  return new ShardError(
    "invalid-options",
    `Expected a worker of the engine that is used ("${engine}") beside engine: "auto", received "${labelOf(spec)}": leave its engine out, or create a sharder without engine: "auto".`,
  );
}

function disposed(): ShardError {
  return new ShardError("disposed", "Expected a live sharder, received one after dispose(): create another.");
}
