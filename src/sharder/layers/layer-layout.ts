import type { StagePlan } from "../../core/stages/stage-problem.js";
import type { StagedModel } from "../../model/staged-model.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import type { StagePlanner } from "../../pool/stage-planner.js";
import type { WorkerPool } from "../../pool/worker-pool.js";
import type { InputTensor } from "../../protocol/tensors.js";
import { assignStages, placementOf, stageBytes } from "./assign-stages.js";
import { DeploymentSet } from "./deployment-set.js";
import { Deployment, isStaying, type Placement } from "./deployment.js";
import { cannotRunLayer, noWorkers } from "../job/job-errors.js";
import { LayerCosts } from "./layer-costs.js";
import type { LayoutJob, LayoutOptions } from "./layout-types.js";
import { RecutWatch } from "./recut-watch.js";
import type { StageSample } from "./stage-measurements.js";
import { StageTimes } from "./stage-times.js";
import { byTensorKey, traceModel } from "./trace-model.js";

/** Loading while the workers are busy takes longer than it did before. */
const MOVE_FACTOR = 1.5;
/** Micro-batches change their size only for more than this: the sizes that run should tell overhead from cost per item. */
const NOTEWORTHY_GROWTH = 1.4;

/** Which layers are where: traces, plans, deploys, and moves stages while jobs run. One per sharder. */
export class LayerLayout {
  /** What the stages take. */
  readonly times: StageTimes;
  readonly #pool: WorkerPool;
  readonly #model: StagedModel;
  readonly #options: LayoutOptions;
  readonly #planner: StagePlanner;
  readonly #costs: LayerCosts;
  readonly #recuts = new RecutWatch();
  readonly #jobs = new Set<LayoutJob>();
  readonly #deployed = new DeploymentSet(
    (epoch) => [...this.#jobs].some((job) => job.usesEpoch(epoch)),
    (epoch) => this.times.forget(epoch),
  );
  #cuts: readonly number[] | undefined;
  #item: Readonly<Record<string, InputTensor>> | undefined;
  #changes: Promise<unknown> = Promise.resolve();

  constructor(pool: WorkerPool, model: StagedModel, planner: StagePlanner, options: LayoutOptions) {
    this.#pool = pool;
    this.#model = model;
    this.#options = options;
    this.#planner = planner;
    this.#costs = new LayerCosts(model, (worker, layer) => options.canRun(worker, layer, layer));
    this.times = new StageTimes(model, this.#costs, options.quantumMs);
    this.#cuts = options.cuts;
  }

  get current(): Deployment | undefined {
    return this.#deployed.current;
  }

  /** @throws ShardError "internal" for an epoch that is gone. */
  deployment(epoch: number): Deployment {
    return this.#deployed.require(epoch);
  }

  /**
   * Stages to run on: those there are, or new ones.
   * @param item one item by public names, to measure layers with.
   * @throws ShardError "no-workers", "model-unsupported" where no plan fits the limits, "invalid-options" for cuts that are none.
   */
  async ready(item: Readonly<Record<string, InputTensor>>): Promise<Deployment> {
    return this.#serially(() => this.#ready(item));
  }

  /** Work on the stages that run, or on new ones, which stay loaded meanwhile. @param item, @throws as `ready` */
  async use<T>(item: Readonly<Record<string, InputTensor>>, work: (deployment: Deployment) => Promise<T>): Promise<T> {
    // Nobody waits for the work before the next change.
    const { done } = await this.#serially(async () => ({ done: this.#deployed.borrow(await this.#ready(item), work) }));
    return done;
  }

  async #ready(item: Readonly<Record<string, InputTensor>>): Promise<Deployment> {
    this.#item ??= item;
    return this.current?.isStaffed === true ? this.current : this.#deploy(() => this.#place());
  }

  /** @throws ShardError "model-unsupported" naming a layer that no worker's backend can run, "no-workers" */
  requireRunnable(): void {
    const workers = this.#workers;
    if (workers.length === 0) throw noWorkers(undefined);
    const layer = this.#model.layers.findIndex(
      (_, index) => !workers.some((worker) => this.#options.canRun(worker, index, index)),
    );
    if (layer >= 0) throw cannotRunLayer(this.#model.layers[layer]!, workers);
  }

  /** Measure with the next job's item instead. @returns whether the one before has shown nothing. */
  forgetItem(): boolean {
    if (this.#cuts !== undefined || this.#costs.layerMs !== undefined) return false;
    this.#item = undefined;
    return true;
  }

  join(job: LayoutJob): void {
    this.#jobs.add(job);
    this.#recuts.lookAgain();
    if (this.current !== undefined) job.place(this.times.placementFor(this.current, job.remainingItemCount));
  }

  leave(job: LayoutJob): void {
    this.#jobs.delete(job);
    this.#deployed.retire();
  }

  /** A job needs an epoch no more. */
  epochDone(): void {
    this.#deployed.retire();
  }

  /**
   * Cut elsewhere from here on. @param cuts `undefined`: where the planner says.
   * @throws as `ready`; what runs goes on as it was then.
   */
  async recut(cuts: readonly number[] | undefined): Promise<void> {
    await this.#serially(async () => {
      const before = this.#cuts;
      this.#cuts = cuts;
      try {
        // Refused now rather than with the next job.
        if (cuts !== undefined) this.#model.stages(cuts);
        if (this.#item !== undefined || cuts !== undefined) await this.#deploy(() => this.#place());
        else this.#deployed.makeCurrent(undefined);
      } catch (thrown) {
        this.#cuts = before;
        throw thrown;
      }
    });
  }

  /** Somebody else takes over a stage that has lost its workers. @returns ids, none where nobody has room. */
  async restaff(epoch: number, stage: number): Promise<readonly string[]> {
    return this.#serially(async () => {
      const deployment = this.#deployed.get(epoch);
      if (deployment === undefined) return [];
      const { firstLayer, lastLayer } = deployment.stages[stage]!;
      const bytes = stageBytes(this.#model, firstLayer, lastLayer);
      while (deployment.workersOf(stage).length === 0 && this.#deployed.get(epoch) === deployment) {
        const able = this.#workers.filter((worker) => this.#costs.canRun(worker, firstLayer, lastLayer));
        const next = this.#deployed.roomiest(able, this.#model, bytes, this.#options.memoryLimitBytes);
        if (next === undefined) return [];
        await deployment.add(stage, next).catch((thrown: unknown) => this.#rethrowUnlessLost(next, thrown));
      }
      this.#options.onDeploy();
      return deployment.workersOf(stage).map(({ id }) => id);
    });
  }

  /** New stages on the workers that are left: after a loss, before a removal, with a new worker. @throws as `ready` */
  async redeploy(): Promise<void> {
    await this.#serially(async () => {
      if (this.current !== undefined) await this.#deploy(() => this.#place());
    });
  }

  /** New stages for jobs that can't go on with old ones, unless there are some already. @throws as `ready` */
  async replace(epoch: number): Promise<void> {
    await this.#serially(async () => {
      if (this.current?.epoch === epoch || this.current?.isStaffed !== true) await this.#deploy(() => this.#place());
    });
  }

  /** Work on the stages that run, which stay loaded meanwhile. */
  borrow<T>(work: (deployment: Deployment | undefined) => Promise<T>): Promise<T> {
    return this.current === undefined ? work(undefined) : this.#deployed.borrow(this.current, work);
  }

  /** Resolves once no job needs a stage on the worker, or the worker is gone. */
  whenUnused(worker: PoolWorker): Promise<void> {
    return this.#deployed.whenUnused(worker);
  }

  forget(workerId: string): void {
    this.#costs.forget(workerId);
    this.#deployed.retire();
  }

  /** A stage has run: its costs are corrected, and perhaps the model is cut elsewhere. */
  observe(sample: StageSample): void {
    const deployment = this.#deployed.get(sample.epoch);
    const worker = this.#pool.get(sample.workerId);
    if (deployment === undefined || worker === undefined) return;
    if (!this.times.add(sample, deployment, worker) || deployment !== this.current) return;
    for (const job of this.#jobs) {
      const placement = this.times.placementFor(deployment, job.remainingItemCount);
      const growth = placement.microBatchItemCount / (job.microBatchItemCount ?? 1);
      if (growth >= NOTEWORTHY_GROWTH || growth <= 1 / NOTEWORTHY_GROWTH) job.place(placement);
    }
    // Each item passes every stage: one of them counts it.
    if (sample.stage === 0) this.#recuts.ran(sample.itemCount);
    void this.#considerRecut(deployment);
  }

  async #considerRecut(deployment: Deployment): Promise<void> {
    if (this.#cuts !== undefined) return;
    const stageMs = deployment.stages.map((_, stage) => this.times.settledMs(deployment, stage));
    const workers = this.#workers;
    const plan = async (): Promise<StagePlan> => {
      const found = await this.#planner.plan(this.#problem(workers));
      // To the planner, workers of about the same rate are alike; what runs was measured.
      return { ...found, bottleneckMs: this.#costs.bottleneckMs(found, workers) };
    };
    const remaining = (): number | undefined => {
      const counts = [...this.#jobs].map(({ remainingItemCount }) => remainingItemCount);
      return counts.includes(undefined) ? undefined : counts.reduce<number>((total, count) => total + count!, 0);
    };
    try {
      const better = await this.#recuts.look(stageMs, MOVE_FACTOR * deployment.loadMs, plan, remaining);
      if (better === undefined) return;
      const placement = placementOf(better, workers);
      await this.#serially(async () => {
        if (this.current !== deployment || this.#jobs.size === 0 || deployment.isPlacedAs(placement)) return;
        // The pipeline does not stop for it.
        if (!this.#deployed.fits(placement, this.#model, this.#options.memoryLimitBytes)) return;
        await this.#deploy(async () => placement);
      });
    } catch {
      // The stages that run go on; a loss is told by the pool.
    }
  }

  get #workers(): PoolWorker[] {
    return this.#pool.workers.filter(isStaying);
  }

  #problem(workers: readonly PoolWorker[]) {
    // With all workers on one stage the model would not be split at all.
    return this.#costs.problem(workers, this.#options.memoryLimitBytes, Math.max(1, workers.length - 1));
  }

  async #place(): Promise<Placement> {
    this.requireRunnable();
    const workers = this.#workers;
    if (this.#cuts !== undefined) {
      const canRun: LayoutOptions["canRun"] = (worker, first, last) => this.#costs.canRun(worker, first, last);
      return assignStages(this.#model, this.#cuts, workers, this.#options.memoryLimitBytes, canRun);
    }
    const unknown = workers.filter((worker) => !this.#costs.knows(worker));
    if (unknown.length > 0) {
      const item = byTensorKey(this.#model, this.#item!);
      this.#costs.add(await traceModel(this.#model, item, unknown), item);
      this.#options.onTrace(this.#costs.findings);
    }
    const known = this.#workers.filter((worker) => this.#costs.knows(worker));
    return placementOf(await this.#planner.plan(this.#problem(known)), known);
  }

  /** Load stages; a worker that is lost meanwhile is done without. Where this leaves jobs without any, they end. */
  async #deploy(place: () => Promise<Placement>): Promise<Deployment> {
    let placing = place;
    for (;;) {
      const before = this.#workers;
      try {
        const placement = await placing();
        await this.#makeRoom(placement);
        const deployment = await Deployment.load(this.#deployed.nextEpoch(), this.#model, placement);
        this.#deployed.makeCurrent(deployment);
        this.#recuts.reset();
        for (const job of this.#jobs) job.place(this.times.placementFor(deployment, job.remainingItemCount));
        this.#deployed.retire();
        this.#options.onDeploy();
        return deployment;
      } catch (thrown) {
        const isLoss = before.some(({ state }) => state === "dead");
        if (!isLoss || this.#workers.length === 0) {
          const error = isLoss ? noWorkers(before.find(({ deathError }) => deathError)?.deathError) : thrown;
          if (this.current === undefined) for (const job of this.#jobs) job.fail(error);
          throw error;
        }
        placing = () => this.#place();
      }
    }
  }

  /** Where new stages don't fit beside the old ones, these go first, and what is under way starts again from its inputs. */
  async #makeRoom(placement: Placement): Promise<void> {
    if (this.#deployed.fits(placement, this.#model, this.#options.memoryLimitBytes)) return;
    this.#deployed.makeCurrent(undefined);
    for (const job of this.#jobs) job.vacate();
    await this.#deployed.whenReturned();
  }

  #rethrowUnlessLost(worker: PoolWorker, thrown: unknown): void {
    if (worker.state !== "dead") throw thrown;
  }

  /** One change at a time. */
  #serially<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#changes.then(change);
    this.#changes = result.catch(() => {});
    return result;
  }
}
