import { ShardError } from "../../core/errors.js";
import type { StagedModel } from "../../model/staged-model.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import { stageBytes } from "./assign-stages.js";
import type { Deployment, Placement } from "./deployment.js";
import type { MemoryLimits } from "./memory-limits.js";

/** The current stages and the old ones that are being left. Old ones are unloaded once no job needs them. */
export class DeploymentSet {
  readonly #byEpoch = new Map<number, Deployment>();
  readonly #isUsed: (epoch: number) => boolean;
  readonly #onDrop: (epoch: number) => void;
  #waiting: (() => void)[] = [];
  /** Work that uses stages outside any job. */
  readonly #borrowed = new Set<{ readonly deployment: Deployment; readonly done: Promise<unknown> }>();
  #current: Deployment | undefined;
  #epochCount = 0;

  /**
   * @param isUsed whether a job needs an epoch.
   * @param onDrop called when an epoch has been dropped.
   */
  constructor(isUsed: (epoch: number) => boolean, onDrop: (epoch: number) => void) {
    this.#isUsed = isUsed;
    this.#onDrop = onDrop;
  }

  get current(): Deployment | undefined {
    return this.#current;
  }

  nextEpoch(): number {
    return ++this.#epochCount;
  }

  /** @throws ShardError "internal" for an epoch that was dropped. */
  require(epoch: number): Deployment {
    const found = this.#byEpoch.get(epoch);
    if (found !== undefined) return found;
    throw new ShardError("internal", `Expected the stages of epoch ${epoch}, but they were dropped.`);
  }

  get(epoch: number): Deployment | undefined {
    return this.#byEpoch.get(epoch);
  }

  /** @param deployment `undefined` if the next job needs new stages. */
  makeCurrent(deployment: Deployment | undefined): void {
    if (deployment !== undefined) this.#byEpoch.set(deployment.epoch, deployment);
    this.#current = deployment;
  }

  /** Unload the stages that are neither current nor needed, and the stand-ins of current ones that nobody uses. */
  retire(): void {
    for (const [epoch, deployment] of this.#byEpoch) {
      if (this.#isUsed(epoch) || this.#isBorrowed(deployment)) continue;
      if (deployment === this.#current) {
        void deployment.dismissStandIns();
        continue;
      }
      this.#byEpoch.delete(epoch);
      this.#onDrop(epoch);
      void deployment.unload();
    }
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Keep the stages loaded for as long as `work` takes. */
  async borrow<T>(deployment: Deployment, work: (deployment: Deployment) => Promise<T>): Promise<T> {
    const loan = { deployment, done: work(deployment) };
    this.#borrowed.add(loan);
    try {
      return await loan.done;
    } finally {
      this.#borrowed.delete(loan);
      this.retire();
    }
  }

  /** Resolves once all borrowed stages have been returned. Never rejects. */
  async whenReturned(): Promise<void> {
    await Promise.allSettled([...this.#borrowed].map(({ done }) => done));
    this.retire();
  }

  #isBorrowed(deployment: Deployment): boolean {
    return [...this.#borrowed].some((loan) => loan.deployment === deployment);
  }

  /** Whether all workers have room for new stages in addition to those they hold. */
  fits({ cuts, workers }: Placement, model: StagedModel, limits: MemoryLimits): boolean {
    const bounds = [0, ...cuts, model.layers.length];
    const wanted = new Map<PoolWorker, number>();
    for (const [stage, members] of workers.entries()) {
      const bytes = stageBytes(model, bounds[stage]!, bounds[stage + 1]! - 1);
      for (const worker of members) wanted.set(worker, (wanted.get(worker) ?? this.heldBytes(worker, model)) + bytes);
    }
    return [...wanted].every(([worker, bytes]) => bytes <= limits.of(worker));
  }

  /** Of the workers with room for `bytes` more, the one that holds the least. */
  roomiest(
    workers: readonly PoolWorker[],
    model: StagedModel,
    bytes: number,
    limits: MemoryLimits,
  ): PoolWorker | undefined {
    const held = new Map(workers.map((worker) => [worker, this.heldBytes(worker, model)]));
    const roomy = workers.filter((worker) => held.get(worker)! + bytes <= limits.of(worker));
    return roomy.toSorted((a, b) => held.get(a)! - held.get(b)!)[0];
  }

  /** Bytes of weights of all stages that a worker holds. */
  heldBytes(worker: PoolWorker, model: StagedModel): number {
    let bytes = 0;
    for (const deployment of this.#byEpoch.values()) {
      for (const [stage, { firstLayer, lastLayer }] of deployment.stages.entries()) {
        if (deployment.holdersOf(stage).includes(worker)) bytes += stageBytes(model, firstLayer, lastLayer);
      }
    }
    return bytes;
  }

  /** Resolves once neither a job nor anybody else needs a stage on the worker, or the worker has ended. */
  async whenUnused(worker: PoolWorker): Promise<void> {
    const isInUse = (deployment: Deployment): boolean => this.#isUsed(deployment.epoch) || this.#isBorrowed(deployment);
    const isNeeded = (): boolean =>
      worker.state !== "dead" &&
      [...this.#byEpoch.values()].some((deployment) => deployment.uses(worker.id) && isInUse(deployment));
    while (isNeeded()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}
