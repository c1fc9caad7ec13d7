import type { StagedModel } from "../../model/staged-model.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import type { StagePlanner } from "../../pool/stage-planner.js";
import type { WorkerPool } from "../../pool/worker-pool.js";
import type { NamedInputTensors } from "../split.js";
import { ChangeQueue } from "./change-queue.js";
import { DeploymentSet } from "./deployment-set.js";
import { Deployment, type Placement } from "./deployment.js";
import { LoadFailures } from "./load-failures.js";
import { MemoryLimits } from "./memory-limits.js";
import type { LayoutOptions, LayoutOwner } from "./layout-types.js";
import { StagePlans } from "./stage-plans.js";
import type { StageSample } from "./stage-measurements.js";
import { StageStaff } from "./stage-staff.js";
import type { StalledWorkers } from "./stalled-workers.js";
import { StageTimes } from "./stage-times.js";

export interface LayoutParts {
  readonly pool: WorkerPool;
  readonly model: StagedModel;
  readonly planner: StagePlanner;
  readonly owner: LayoutOwner;
  readonly options: LayoutOptions;
  readonly stalled: StalledWorkers;
}

/** Which layers are where. It deploys stages, moves them while jobs run, and staffs those that lost their workers. One per sharder. */
export class LayerLayout {
  /** How long the stages take. */
  readonly times: StageTimes;
  readonly #pool: WorkerPool;
  readonly #model: StagedModel;
  readonly #limits: MemoryLimits;
  readonly #owner: LayoutOwner;
  readonly #plans: StagePlans;
  readonly #deployed: DeploymentSet;
  readonly #failures: LoadFailures;
  readonly #staff: StageStaff;
  readonly #changes = new ChangeQueue();

  constructor({ pool, model, planner, owner, options, stalled }: LayoutParts) {
    this.#pool = pool;
    this.#model = model;
    this.#limits = new MemoryLimits(options.memoryLimitBytes);
    this.#owner = owner;
    this.#plans = new StagePlans({ pool, model, planner, options, limits: this.#limits, stalled });
    this.times = new StageTimes(model, this.#plans.costs, options.quantumMs);
    this.#deployed = new DeploymentSet(
      (epoch) => owner.usesEpoch(epoch),
      (epoch) => this.times.forget(epoch),
    );
    const parts = { pool, model, limits: this.#limits, deployed: this.#deployed };
    this.#failures = new LoadFailures(parts);
    this.#staff = new StageStaff({
      ...parts,
      costs: this.#plans.costs,
      stalled,
      failures: this.#failures,
      changes: this.#changes,
      onChanged: () => owner.onChanged(),
    });
  }

  get current(): Deployment | undefined {
    return this.#deployed.current;
  }

  /** @throws ShardError "internal" for an epoch that was dropped. */
  deployment(epoch: number): Deployment {
    return this.#deployed.require(epoch);
  }

  /**
   * Stages to run on: the current ones, or new ones.
   * @param item one item by public names, to measure layers with.
   * @throws ShardError "no-workers", "model-unsupported" if no plan fits the limits, "invalid-options" for illegal cuts.
   */
  async ready(item: NamedInputTensors): Promise<Deployment> {
    return this.#changes.add(() => this.#ready(item));
  }

  /** Do some work on the current stages, or on new ones. They stay loaded until it is done. @param item, @throws as `ready` */
  async use<T>(item: NamedInputTensors, work: (deployment: Deployment) => Promise<T>): Promise<T> {
    // Wrapped, so that the next change does not wait for the work.
    const { done } = await this.#changes.add(async () => ({
      done: this.#deployed.borrow(await this.#ready(item), work),
    }));
    return done;
  }

  async #ready(item: NamedInputTensors): Promise<Deployment> {
    this.#plans.offerItem(item);
    return this.current?.isStaffed === true ? this.current : this.#deploy(() => this.#plans.place());
  }

  /** @throws ShardError "model-unsupported" naming a layer that no worker's backend can run, "no-workers" */
  requireRunnable(): void {
    this.#plans.requireRunnable();
  }

  /** Measure with the next job's item instead. @returns false if the present item was of use, or if none is needed. */
  forgetItem(): boolean {
    return this.#plans.forgetItem();
  }

  /** A job has been added. */
  jobJoined(): void {
    this.#plans.lookAgain();
  }

  /** A job no longer needs an epoch, or any stages at all. */
  retire(): void {
    this.#deployed.retire();
  }

  /**
   * Cut the model elsewhere from now on. @param cuts `undefined`: where the planner says.
   * @throws as `ready`; the current stages stay.
   */
  async recut(cuts: readonly number[] | undefined): Promise<void> {
    await this.#changes.add(async () => {
      const before = this.#plans.cuts;
      this.#plans.cuts = cuts;
      try {
        // Refuse illegal cuts now, rather than when the next job starts.
        if (cuts !== undefined) this.#model.stages(cuts);
        if (this.#plans.canPlace) await this.#deploy(() => this.#plans.place());
        else this.#deployed.makeCurrent(undefined);
      } catch (thrown) {
        this.#plans.cuts = before;
        throw thrown;
      }
    });
  }

  /** Give a stage that needs another worker to one. As `StageStaff.find`. */
  restaff(epoch: number, stage: number, except: readonly string[] = []): Promise<readonly string[]> {
    return this.#staff.find(epoch, stage, except);
  }

  /** Deploy new stages on the ready workers: after a loss, before a removal, or when a worker was added. @throws as `ready` */
  async redeploy(): Promise<void> {
    await this.#changes.add(async () => {
      if (this.current !== undefined) await this.#deploy(() => this.#plans.place());
    });
  }

  /** Deploy new stages for jobs that can no longer use this epoch, unless newer ones exist already. @throws as `ready` */
  async replace(epoch: number): Promise<void> {
    await this.#changes.add(async () => {
      if (this.current?.epoch === epoch || this.current?.isStaffed !== true) {
        await this.#deploy(() => this.#plans.place());
      }
    });
  }

  /** Resolves once no job needs a stage on the worker, or the worker has ended. */
  whenUnused(worker: PoolWorker): Promise<void> {
    return this.#deployed.whenUnused(worker);
  }

  /** Discard what was learned about a worker that has ended. */
  forget(workerId: string): void {
    this.#plans.costs.forget(workerId);
    this.times.forgetWorker(workerId);
    this.#deployed.retire();
  }

  /** Learn from a run of a stage: correct its costs, and cut the model elsewhere if that pays. */
  observe(sample: StageSample): void {
    const deployment = this.#deployed.get(sample.epoch);
    const worker = this.#pool.get(sample.workerId);
    if (deployment === undefined || worker === undefined) return;
    if (!this.times.add(sample, deployment, worker) || deployment !== this.current) return;
    // Every item passes every stage, so count it in one of them.
    if (sample.stage === 0) this.#plans.ran(sample.itemCount);
    void this.#considerRecut(deployment);
  }

  async #considerRecut(deployment: Deployment): Promise<void> {
    const stageMs = deployment.stages.map((_, stage) => this.times.settledMs(deployment, stage));
    try {
      const placement = await this.#plans.findBetter(deployment, stageMs, () => this.#owner.remainingItemCount);
      if (placement === undefined) return;
      await this.#changes.add(async () => {
        if (this.current !== deployment || !this.#owner.hasJobs || deployment.isPlacedAs(placement)) return;
        // Without room for both, the pipeline would have to stop, which a planned move is not worth.
        if (!this.#deployed.fits(placement, this.#model, this.#limits)) return;
        await this.#deploy(async () => placement);
      });
    } catch {
      // The current stages stay; the pool reports lost workers.
    }
  }

  /** Load stages. If a worker is lost meanwhile, plan again without it. If this fails and no stages are left, the jobs end. */
  async #deploy(place: () => Promise<Placement>): Promise<Deployment> {
    let placing = place;
    for (;;) {
      let placement: Placement | undefined;
      try {
        placement = await placing();
        await this.#makeRoom(placement);
        const deployment = await Deployment.load(this.#deployed.nextEpoch(), this.#model, placement);
        this.#deployed.makeCurrent(deployment);
        this.#plans.moved();
        this.#owner.onDeployed(deployment);
        this.#deployed.retire();
        this.#owner.onChanged();
        return deployment;
      } catch (thrown) {
        const end = this.#failures.isPlacementOfMemory(thrown, placement)
          ? undefined
          : await this.#failures.end(thrown);
        if (end !== undefined) this.#giveUp(end.error);
        placing = () => this.#plans.place();
      }
    }
  }

  #giveUp(error: unknown): never {
    if (this.current === undefined) this.#owner.onFailed(error);
    throw error;
  }

  /** If new stages don't fit beside the old ones, unload those first; what is under way restarts from its inputs. */
  async #makeRoom(placement: Placement): Promise<void> {
    if (this.#deployed.fits(placement, this.#model, this.#limits)) return;
    this.#deployed.makeCurrent(undefined);
    this.#owner.onVacated();
    await this.#deployed.whenReturned();
  }
}
