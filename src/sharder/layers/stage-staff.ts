import type { StagedModel } from "../../model/staged-model.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import type { WorkerPool } from "../../pool/worker-pool.js";
import { stageBytes } from "./assign-stages.js";
import type { ChangeQueue } from "./change-queue.js";
import type { DeploymentSet } from "./deployment-set.js";
import type { LayerCosts } from "./layer-costs.js";
import type { LoadFailures } from "./load-failures.js";
import type { MemoryLimits } from "./memory-limits.js";
import type { StalledWorkers } from "./stalled-workers.js";

/** How long a stage that no present worker has room for waits for workers that are away, ms. */
const RETURN_MS = 2_000;

interface StaffParts {
  readonly pool: WorkerPool;
  readonly model: StagedModel;
  readonly costs: LayerCosts;
  readonly limits: MemoryLimits;
  readonly stalled: StalledWorkers;
  readonly deployed: DeploymentSet;
  readonly failures: LoadFailures;
  readonly changes: ChangeQueue;
  /** The workers of a stage may have changed. */
  readonly onChanged: () => void;
}

/** Gives stages that need another worker to one, while the others stay where they are. */
export class StageStaff {
  readonly #parts: StaffParts;

  constructor(parts: StaffParts) {
    this.#parts = parts;
  }

  /**
   * Give a stage that needs another worker to one. If none has room while others are away, the stage waits for those a little, and as long
   * as it takes if they are all.
   * @param except workers that would not help, though they hold the stage.
   * @returns ids of all that hold it; none if nobody but these can.
   */
  async find(epoch: number, stage: number, except: readonly string[]): Promise<readonly string[]> {
    const { pool, changes, deployed } = this.#parts;
    const startMs = performance.now();
    for (;;) {
      const found = await changes.add(() => this.#find(epoch, stage, except));
      const isAlone = pool.readyWorkers.length === 0;
      const mayWait = isAlone || (except.length === 0 && performance.now() - startMs < RETURN_MS);
      if (found.length > 0 || !mayWait || !pool.isAnyAway || deployed.get(epoch) === undefined) return found;
      await this.#whenChanged(isAlone ? Infinity : RETURN_MS);
    }
  }

  async #find(epoch: number, stage: number, except: readonly string[]): Promise<readonly string[]> {
    const { pool, model, costs, limits, stalled, deployed, failures, onChanged } = this.#parts;
    const deployment = deployed.get(epoch);
    if (deployment === undefined) return [];
    const { firstLayer, lastLayer } = deployment.stages[stage]!;
    const bytes = stageBytes(model, firstLayer, lastLayer);
    const helps = ({ id }: PoolWorker): boolean => !except.includes(id);
    const isAble = (worker: PoolWorker): boolean =>
      helps(worker) && !stalled.has(worker) && costs.canRun(worker, firstLayer, lastLayer);
    while (!deployment.holdersOf(stage).some(helps) && deployed.get(epoch) === deployment) {
      const next = deployed.roomiest(pool.readyWorkers.filter(isAble), model, bytes, limits);
      if (next === undefined) return [];
      const heldBytes = deployed.heldBytes(next, model);
      await deployment.add(stage, next).catch((thrown: unknown) => {
        if (failures.isOfMemory(thrown, next, heldBytes + bytes) || next.state === "dead") return;
        throw thrown;
      });
    }
    onChanged();
    // Whoever asked may have ended meanwhile.
    deployed.retire();
    return deployment.holdersOf(stage).map(({ id }) => id);
  }

  /** Resolves once the workers have changed, or after `limitMs`. */
  async #whenChanged(limitMs: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => {
      if (limitMs < Infinity) timer = setTimeout(resolve, limitMs);
    });
    await Promise.race([this.#parts.pool.whenChanged(), late]);
    clearTimeout(timer);
  }
}
