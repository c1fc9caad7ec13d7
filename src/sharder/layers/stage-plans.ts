import { ShardError } from "../../core/errors.js";
import type { StagePlan, StageProblem } from "../../core/stages/stage-problem.js";
import type { StagedModel } from "../../model/staged-model.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import type { StagePlanner } from "../../pool/stage-planner.js";
import type { WorkerPool } from "../../pool/worker-pool.js";
import { cannotRunLayer, noWorkers } from "../job/job-errors.js";
import type { NamedInputTensors } from "../split.js";
import { assignStages, placementOf } from "./assign-stages.js";
import type { Deployment, Placement } from "./deployment.js";
import { LayerCosts } from "./layer-costs.js";
import type { LayoutOptions } from "./layout-types.js";
import type { MemoryLimits } from "./memory-limits.js";
import { RecutWatch } from "./recut-watch.js";
import type { StalledWorkers } from "./stalled-workers.js";
import { byTensorKey, traceModel } from "./trace-model.js";

/** Loading takes longer by this factor while the workers are busy. */
const MOVE_FACTOR = 1.5;

export interface StagePlansContext {
  readonly pool: WorkerPool;
  readonly model: StagedModel;
  readonly planner: StagePlanner;
  readonly options: LayoutOptions;
  readonly limits: MemoryLimits;
  readonly stalled: StalledWorkers;
}

/** Decides where stages should be: traces the model's layers, asks the planner, and asks again when costs have changed. */
export class StagePlans {
  /** The costs of the layers. */
  readonly costs: LayerCosts;
  /** The cuts that the user wants; `undefined`: planned. */
  cuts: readonly number[] | undefined;
  readonly #pool: WorkerPool;
  readonly #model: StagedModel;
  readonly #planner: StagePlanner;
  readonly #options: LayoutOptions;
  readonly #limits: MemoryLimits;
  readonly #stalled: StalledWorkers;
  readonly #recuts = new RecutWatch();
  /** The item with which layers are measured, by public names. */
  #item: NamedInputTensors | undefined;

  constructor({ pool, model, planner, options, limits, stalled }: StagePlansContext) {
    this.#limits = limits;
    this.#stalled = stalled;
    this.#pool = pool;
    this.#model = model;
    this.#planner = planner;
    this.#options = options;
    this.cuts = options.cuts;
    this.costs = new LayerCosts(model, (worker, layer) => options.canRun(worker, layer, layer));
  }

  /** Measure layers with this item, unless there is one. */
  offerItem(item: NamedInputTensors): void {
    this.#item ??= item;
  }

  /** Whether stages can be placed: cuts are given, or there is an item to measure layers with. */
  get canPlace(): boolean {
    return this.#item !== undefined || this.cuts !== undefined;
  }

  /** Measure with the next job's item instead. @returns false if the present item was of use, or if none is needed. */
  forgetItem(): boolean {
    if (this.cuts !== undefined || this.costs.layerMs !== undefined) return false;
    this.#item = undefined;
    return true;
  }

  /** @throws ShardError "model-unsupported" naming a layer that no worker's backend can run, "no-workers" */
  requireRunnable(): void {
    const workers = this.#pool.readyWorkers;
    if (workers.length === 0) throw noWorkers(undefined);
    const layer = this.#model.layers.findIndex(
      (_, index) => !workers.some((worker) => this.#options.canRun(worker, index, index)),
    );
    if (layer >= 0) throw cannotRunLayer(this.#model.layers[layer]!, workers);
  }

  /**
   * Workers that don't answer get stages only if the others are not enough.
   * @throws ShardError "no-workers", "model-unsupported" if no plan fits the limits, "invalid-options" for illegal cuts.
   */
  async place(): Promise<Placement> {
    this.requireRunnable();
    try {
      return await this.#placeOn(() => this.#answeringWorkers);
    } catch (thrown) {
      const { readyWorkers } = this.#pool;
      if (!isWantOfWorkers(thrown) || this.#answeringWorkers.length === readyWorkers.length) throw thrown;
      return this.#placeOn(() => this.#pool.readyWorkers);
    }
  }

  get #answeringWorkers(): readonly PoolWorker[] {
    return this.#pool.readyWorkers.filter((worker) => !this.#stalled.has(worker));
  }

  /** @param present the workers that may get stages now. */
  async #placeOn(present: () => readonly PoolWorker[]): Promise<Placement> {
    if (this.cuts !== undefined) {
      const canRun: LayoutOptions["canRun"] = (worker, first, last) => this.costs.canRun(worker, first, last);
      return assignStages(this.#model, this.cuts, present(), this.#limits, canRun);
    }
    await this.#measure(present);
    const known = present().filter((worker) => this.costs.knows(worker));
    // All may have left while layers were measured.
    if (known.length === 0) throw noWorkers(undefined);
    return placementOf(await this.#planner.plan(this.#problem(known)), known);
  }

  /** Trace the layers on workers whose kind is not known. What fails is tried a second time, since that may have been a passing failure. */
  async #measure(present: () => readonly PoolWorker[]): Promise<void> {
    for (const isLast of [false, true]) {
      const unknown = present().filter((worker) => !this.costs.knows(worker));
      if (unknown.length === 0) return;
      const item = byTensorKey(this.#model, this.#item!);
      try {
        this.costs.add(await traceModel(this.#model, item, unknown), item);
        this.#options.onTrace(this.costs.findings);
      } catch (thrown) {
        if (isLast || !(thrown instanceof ShardError && thrown.code.startsWith("model-"))) throw thrown;
      }
    }
  }

  /** Ask again, since there is more to do: a move that did not pay before may pay now. */
  lookAgain(): void {
    this.#recuts.lookAgain();
  }

  /** Other stages run now. */
  moved(): void {
    this.#recuts.reset();
  }

  /** Count items that have run on the current stages. */
  ran(itemCount: number): void {
    this.#recuts.ran(itemCount);
  }

  /**
   * Ask for better stages, if it is time to.
   * @param stageMs ms per item of each current stage; `undefined` for one that has not been measured.
   * @param remaining how many items have not entered yet; `undefined` while a stream's source is open.
   * @returns better stages, if moving to them pays.
   */
  async findBetter(
    deployment: Deployment,
    stageMs: readonly (number | undefined)[],
    remaining: () => number | undefined,
  ): Promise<Placement | undefined> {
    if (this.cuts !== undefined) return undefined;
    const workers = this.#answeringWorkers.filter((worker) => this.costs.knows(worker));
    const plan = async (): Promise<StagePlan> => {
      const found = await this.#planner.plan(this.#problem(workers));
      // The planner counts workers of about the same rate as equal, so judge its plan by each worker's own rate.
      return { ...found, bottleneckMs: this.costs.bottleneckMs(found, workers) };
    };
    const better = await this.#recuts.look(stageMs, MOVE_FACTOR * deployment.loadMs, plan, remaining);
    return better === undefined ? undefined : placementOf(better, workers);
  }

  #problem(workers: readonly PoolWorker[]): StageProblem {
    // With all workers on one stage the model would not be split at all.
    return this.costs.problem(workers, this.#limits, Math.max(1, workers.length - 1));
  }
}

/** Whether other workers would help. */
export function isWantOfWorkers(thrown: unknown): boolean {
  return thrown instanceof ShardError && (thrown.code === "no-workers" || thrown.code === "model-unsupported");
}
