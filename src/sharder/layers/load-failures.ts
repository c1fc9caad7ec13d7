import { ShardError } from "../../core/errors.js";
import type { StagedModel } from "../../model/staged-model.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import type { WorkerPool } from "../../pool/worker-pool.js";
import { noWorkers } from "../job/job-errors.js";
import { stageBytes } from "./assign-stages.js";
import type { DeploymentSet } from "./deployment-set.js";
import type { Placement } from "./deployment.js";
import type { MemoryLimits } from "./memory-limits.js";
import { isWantOfWorkers } from "./stage-plans.js";

interface LoadFailuresParts {
  readonly pool: WorkerPool;
  readonly model: StagedModel;
  readonly limits: MemoryLimits;
  readonly deployed: DeploymentSet;
}

/** What it means that stages could not be loaded: for the worker's limit of memory, and for another try. */
export class LoadFailures {
  readonly #parts: LoadFailuresParts;

  constructor(parts: LoadFailuresParts) {
    this.#parts = parts;
  }

  /**
   * A worker did not load a stage.
   * @param triedBytes what it would have held afterwards.
   * @returns whether it ran out of memory: then it gets less from now on.
   */
  isOfMemory(thrown: unknown, worker: PoolWorker, triedBytes: number): boolean {
    if (!(thrown instanceof ShardError)) return false;
    if (thrown.code !== "out-of-memory" && worker.deathCause !== "out-of-memory") return false;
    this.#parts.limits.lower(worker, triedBytes, thrown);
    return true;
  }

  /** As `isOfMemory`, for stages that were loaded on several workers. @param placement `undefined` if there was none yet. */
  isPlacementOfMemory(thrown: unknown, placement: Placement | undefined): boolean {
    const { model, deployed } = this.#parts;
    const workers = placement?.workers.flat() ?? [];
    const worker = thrown instanceof ShardError ? workers.find(({ id }) => id === thrown.workerId) : undefined;
    if (placement === undefined || worker === undefined) return false;
    const bounds = [0, ...placement.cuts, model.layers.length];
    const stages = placement.workers.flatMap((members, stage) => (members.includes(worker) ? stage : []));
    const bytes = stages.map((stage) => stageBytes(model, bounds[stage]!, bounds[stage + 1]! - 1));
    const heldBytes = deployed.heldBytes(worker, model);
    return this.isOfMemory(
      thrown,
      worker,
      bytes.reduce((total, each) => total + each, heldBytes),
    );
  }

  /** Resolves once it is worth trying again; with an error, if nothing helps. Never rejects. */
  async end(thrown: unknown): Promise<{ readonly error: unknown } | undefined> {
    const { pool, limits } = this.#parts;
    const isLoss = this.#isLossOfWorker(thrown);
    const isAlone = pool.readyWorkers.length === 0;
    if (isLoss && !isAlone) return undefined;
    // Who is away may have what the others lack, or the room.
    if (pool.isAnyAway && (isLoss || isWantOfWorkers(thrown))) {
      await pool.whenChanged();
      return undefined;
    }
    if (isLoss) return { error: noWorkers(thrown) };
    return { error: (isWantOfWorkers(thrown) && !isAlone ? limits.error : undefined) ?? thrown };
  }

  /** Whether the error comes from a worker that has ended, rather than from the model or the plan. */
  #isLossOfWorker(thrown: unknown): thrown is ShardError {
    if (!(thrown instanceof ShardError) || thrown.workerId === undefined) return false;
    // It may have returned by now, as another incarnation.
    return thrown.code.startsWith("worker-") || this.#parts.pool.get(thrown.workerId)?.isUsable !== true;
  }
}
