import type { ShardError } from "../../core/errors.js";
import { toSend } from "../../model/compact-weights.js";
import type { TensorKey } from "../../model/graph/graph.js";
import type { ModelStage, StagedModel } from "../../model/staged-model.js";
import { LoadDeadline } from "../../pool/load-deadline.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import type { WireModel } from "../../protocol/model-on-wire.js";
import type { ModelKey } from "../../protocol/worker-api.js";

/** A stage of the model as workers hold it. */
export interface DeployedStage {
  readonly modelKey: ModelKey;
  readonly firstLayer: number;
  readonly lastLayer: number;
  /** The tensors that enter. */
  readonly inputs: readonly TensorKey[];
  readonly outputs: readonly TensorKey[];
  /** The outputs that a later stage reads. */
  readonly forwardedKeys: readonly TensorKey[];
}

/** Which workers get which layers. */
export interface Placement {
  /** Indices of the layers that begin a stage, without the first one. */
  readonly cuts: readonly number[];
  /** For each stage, one worker or its replicas. */
  readonly workers: readonly (readonly PoolWorker[])[];
}

/** One way of cutting the model, loaded on workers. */
export class Deployment {
  readonly epoch: number;
  readonly cuts: readonly number[];
  readonly stages: readonly DeployedStage[];
  /** How long loading took, ms. */
  readonly loadMs: number;
  readonly #parts: readonly ModelStage[];
  readonly #workers: PoolWorker[][];
  /** Workers that hold a stage too, for as long as its own ones don't answer or fail. */
  readonly #standIns: PoolWorker[][];
  /** How long its stages take to load, by kind of worker. */
  readonly #deadlines = new Map<string, LoadDeadline>();
  #isDropped = false;

  private constructor(epoch: number, cuts: readonly number[], parts: readonly ModelStage[], loadMs: number) {
    this.epoch = epoch;
    this.cuts = cuts;
    this.loadMs = loadMs;
    this.#parts = parts;
    this.#workers = parts.map(() => []);
    this.#standIns = parts.map(() => []);
    this.stages = parts.map(({ firstLayer, lastLayer, inputs, outputs }, index) => {
      const later = new Set(parts.slice(index + 1).flatMap((part) => part.inputs));
      const forwardedKeys = outputs.filter((key) => later.has(key));
      return { modelKey: `${epoch}/${index}`, firstLayer, lastLayer, inputs, outputs, forwardedKeys };
    });
  }

  /**
   * Cut the model and load all stages on their workers at the same time.
   * @throws ShardError as `PoolWorker.load`, after which the loaded stages are unloaded; "invalid-options" for illegal cuts.
   */
  static async load(epoch: number, model: StagedModel, { cuts, workers }: Placement): Promise<Deployment> {
    const startMs = performance.now();
    const parts = model.stages(cuts);
    const loading = new Deployment(epoch, cuts, parts, 0);
    const results = await Promise.allSettled(
      workers.flatMap((members, stage) => members.map((worker) => loading.#load(stage, worker))),
    );
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) {
      void loading.unload();
      throw failed.reason as ShardError;
    }
    const loaded = new Deployment(epoch, cuts, parts, performance.now() - startMs);
    for (const [stage, members] of loading.#workers.entries()) loaded.#workers[stage]!.push(...members);
    return loaded;
  }

  /** For each stage, the ids of its workers that are still usable. */
  get workerIds(): string[][] {
    return this.stages.map((_, stage) => this.workersOf(stage).map(({ id }) => id));
  }

  /** The usable workers of a stage; its stand-ins, if it has lost all others. */
  workersOf(stage: number): readonly PoolWorker[] {
    const own = this.#workers[stage]!.filter(({ isUsable }) => isUsable);
    return own.length > 0 ? own : this.#standIns[stage]!.filter(({ isUsable }) => isUsable);
  }

  /** All usable workers that hold a stage, its stand-ins last. */
  holdersOf(stage: number): readonly PoolWorker[] {
    return [...this.#workers[stage]!, ...this.#standIns[stage]!].filter(({ isUsable }) => isUsable);
  }

  async #load(stage: number, worker: PoolWorker): Promise<void> {
    const deadline = this.#deadlines.get(worker.kind) ?? new LoadDeadline();
    this.#deadlines.set(worker.kind, deadline);
    await worker.load(this.stages[stage]!.modelKey, this.wireOf(stage), deadline);
    this.#workers[stage]!.push(worker);
  }

  /**
   * Load a stage on one more worker; it is unloaded again if all stages were dropped meanwhile. Beside workers that are still usable it is
   * a stand-in.
   * @throws ShardError as `PoolWorker.load`
   */
  async add(stage: number, worker: PoolWorker): Promise<void> {
    const { modelKey } = this.stages[stage]!;
    await worker.load(modelKey, this.wireOf(stage));
    if (this.#isDropped) void worker.unload(modelKey);
    else (this.workersOf(stage).length > 0 ? this.#standIns : this.#workers)[stage]!.push(worker);
  }

  /** A stage as a worker loads it. */
  wireOf(stage: number): WireModel {
    return toSend(this.#parts[stage]!.wire);
  }

  /** Whether new jobs can run on it: each stage has a worker that is not about to leave. */
  get isStaffed(): boolean {
    return this.#workers.every((members) => members.some(({ isReady }) => isReady));
  }

  /** Whether the same layers are on the same workers. */
  isPlacedAs({ cuts, workers }: Placement): boolean {
    const isSame = (members: readonly PoolWorker[], stage: number): boolean => {
      const present = this.workersOf(stage);
      return members.length === present.length && members.every((worker) => present.includes(worker));
    };
    return String(cuts) === String(this.cuts) && workers.every(isSame);
  }

  uses(workerId: string): boolean {
    return [...this.#workers, ...this.#standIns].some((members) => members.some(({ id }) => id === workerId));
  }

  /** Unload stages from their stand-ins, where their own workers are still usable. Never rejects. */
  async dismissStandIns(): Promise<void> {
    const dismissed = this.#standIns.flatMap((members, stage) => {
      const hasOwn = this.#workers[stage]!.some(({ isUsable }) => isUsable);
      return hasOwn ? members.splice(0).map((worker) => ({ worker, stage })) : [];
    });
    await Promise.all(dismissed.map(({ worker, stage }) => worker.unload(this.stages[stage]!.modelKey)));
  }

  /** Unload every stage from its workers. Never rejects. */
  async unload(): Promise<void> {
    this.#isDropped = true;
    await Promise.all(
      this.stages.flatMap(({ modelKey }, stage) =>
        [...this.#workers[stage]!.splice(0), ...this.#standIns[stage]!.splice(0)].map((worker) =>
          worker.unload(modelKey),
        ),
      ),
    );
  }
}
