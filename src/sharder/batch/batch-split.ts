import type { DispatchOptions, PlannedShare } from "../../core/dispatch/types.js";
import { ShardError } from "../../core/errors.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import { labelOf } from "../../pool/worker-entries.js";
import type { WorkerPool } from "../../pool/worker-pool.js";
import type { BatchAnalysis } from "../../model/batch/analyse-batch.js";
import type { BatchMode, WireModel } from "../../protocol/model-on-wire.js";
import type { BackendGaps } from "../backend-gaps.js";
import type { Emit } from "../events.js";
import type { FaultReports } from "../fault-reports.js";
import { BatchModes, type OnBatchMode, type TryBatch } from "../inputs/batch-modes.js";
import { isExactWorker, probeBatch, trialWorker, type RunOnce } from "../inputs/batch-probe.js";
import type { PreparedInputs } from "../inputs/prepare-inputs.js";
import { callOnce } from "../job/call-once.js";
import { noWorkers } from "../job/job-errors.js";
import type { ModelMemory } from "../memory/model-memory.js";
import type { JobOptions } from "../job/sharding-job.js";
import type { SharderSettings } from "../options.js";
import type { BatchPlan, Split, WorkerPart } from "../split.js";
import type { Verifier } from "../verify/verifier.js";
import { ListedWorkers } from "../choice/listed-workers.js";
import { WorkerChoice, type EngineGate } from "../choice/worker-choice.js";
import { BatchJob } from "./batch-job.js";
import { KindRecords } from "./kind-records.js";
import { LearnedThroughput } from "./learned-throughput.js";
import { WHOLE_MODEL } from "./shard-runs.js";

/** Decides between engines, by what jobs run on. */
export interface EngineWatch extends EngineGate {
  /** A job has begun with these inputs. They may be changed once it ends. */
  began(inputs: PreparedInputs, mode: BatchMode): void;
}

export interface BatchSplitContext {
  readonly wire: WireModel;
  /** What the model's operations say about batches. */
  readonly batch: BatchAnalysis;
  readonly onMode: OnBatchMode;
  /** The caller has asked for this split by name, so that a model that takes whole batches is refused. */
  readonly isNamed: boolean;
  readonly pool: WorkerPool;
  readonly gaps: BackendGaps;
  readonly emit: Emit;
  readonly faults: FaultReports;
  readonly verifier: Verifier;
  /** What is known from earlier visits, and kept for later ones. */
  readonly memory: ModelMemory;
  readonly options: Partial<DispatchOptions>;
  /** Which of the workers jobs use is found by measurement: the caller has named none. */
  readonly isChosen?: boolean;
  /** For a sharder that finds out which engine is the fastest. */
  readonly engines?: EngineWatch | undefined;
}

/** Every worker is a replica and gets a share of the items. */
export class BatchSplit implements Split {
  readonly #context: BatchSplitContext;
  readonly #learned = new LearnedThroughput();
  readonly #records: KindRecords;
  readonly #modes: BatchModes;
  readonly #choice: WorkerChoice | undefined;
  readonly #listed: ListedWorkers | undefined;
  #dispatch: Partial<DispatchOptions>;
  #lastPlan: readonly PlannedShare[] = [];

  constructor(context: BatchSplitContext) {
    this.#context = context;
    this.#records = new KindRecords(context.memory);
    this.#dispatch = context.options;
    const { pool, memory, engines } = context;
    this.#choice = context.isChosen ? new WorkerChoice(pool, memory, undefined, engines) : undefined;
    this.#listed = context.isChosen ? undefined : new ListedWorkers(context.pool);
    this.#modes = new BatchModes(context.batch, context.onMode);
  }

  get plan(): BatchPlan {
    const present = this.#lastPlan.filter(({ workerId }) => this.#context.pool.has(workerId));
    const shares = Object.fromEntries(present.map(({ workerId, share }) => [workerId, share]));
    return { split: "batch", shares };
  }

  partOf(workerId: string): WorkerPart {
    const throughput = this.#learned.latest(workerId);
    return {
      share: this.#lastPlan.find((entry) => entry.workerId === workerId)?.share ?? 0,
      itemsPerSecond: throughput?.itemsPerSecond,
      overheadMs: throughput?.overheadMs,
      callItemCount: this.#learned.latestCalls(workerId),
      choice: (this.#choice ?? this.#listed)?.snapshotOf(workerId),
    };
  }

  async admit(worker: PoolWorker): Promise<void> {
    const { gaps, wire } = this.#context;
    gaps.requireWhole(labelOf(worker.spec));
    this.#learned.forget(worker.id);
    await worker.load(WHOLE_MODEL, wire);
  }

  /** Each worker holds the model already. */
  async begin(): Promise<void> {}

  configure({ policy, quantumMs }: Pick<SharderSettings, "policy" | "quantumMs">): void {
    this.#dispatch = {
      ...this.#dispatch,
      ...(policy === undefined ? {} : { policy }),
      ...(quantumMs === undefined ? {} : { quantumMs }),
    };
  }

  createJob(options: JobOptions): BatchJob {
    const { pool, emit, faults, verifier, wire, engines } = this.#context;
    return new BatchJob(
      {
        pool,
        emit,
        faults,
        verifier,
        wire,
        dispatch: this.#dispatch,
        choice: this.#choice,
        listed: this.#listed,
        onBegin: (inputs, mode) => engines?.began(inputs, mode),
        learned: this.#learned,
        records: this.#records,
        modes: this.#modes,
        tryBatch: this.#tryBatch,
        refusesWhole: this.#context.isNamed,
        onPlan: (plan) => (this.#lastPlan = plan),
      },
      options,
    );
  }

  async workerReady(): Promise<void> {}

  workerLeaving(worker: PoolWorker): Promise<void> {
    return worker.whenIdle();
  }

  workerLost(): void {}

  forget(workerId: string): void {
    this.#learned.forget(workerId);
  }

  async recut(): Promise<void> {
    throw new ShardError(
      "invalid-options",
      `Expected a sharder that splits by layers, received one that splits batches: create it with split: "layers".`,
    );
  }

  async tryBatch(inputs: PreparedInputs): Promise<BatchMode | undefined> {
    return this.#modes.known(inputs) ?? this.#modes.examine(inputs, this.#tryBatch);
  }

  close(): void {
    this.#records.flush();
  }

  /** Runs on a worker whose results don't depend on the batch's size by rounding, if there is one. */
  readonly #tryBatch: TryBatch = async (inputs, isMixed) => {
    const worker = trialWorker(this.#context.pool.readyWorkers);
    if (worker === undefined) throw noWorkers(undefined);
    const run: RunOnce = (tensors) => callOnce(worker, WHOLE_MODEL, tensors);
    return probeBatch(inputs, { run, isExact: isExactWorker(worker), isMixed });
  };
}
