import { ShardError } from "../../core/errors.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import type { WorkerSpec } from "../../pool/worker-entries.js";
import type { WorkerPool } from "../../pool/worker-pool.js";
import { isExactWorker } from "../inputs/batch-probe.js";
import type { CheckedModel } from "./checked-result.js";
import type { SpareWorkers } from "./spare-workers.js";

/** A spare keeps at most this many models or stages. */
const MAX_SPARE_MODELS = 8;

/** So many workers of the pool at most may end, or hang, under one check: its items may be to blame. */
const MAX_ENDED = 2;

/** Whom to ask, in order. */
export interface CheckerSearch {
  readonly model: CheckedModel;
  /** The worker whose result is checked, and whoever has been asked already. */
  readonly without: readonly PoolWorker[];
  /** Ask a spare on the CPU before the workers of the pool: the result should not come from the same kernels. */
  readonly prefersCpu?: boolean;
  /** Whether somebody still waits for the answer. */
  readonly isWanted: () => boolean;
}

/**
 * How much a worker's numbers are trusted where nothing else decides: plain JavaScript before WASM before a GPU, whose driver no
 * test of ours has seen, and that before a server, which may hold another model.
 */
export function trustOf(worker: PoolWorker): number {
  if (worker.spec.backend === "remote") return -1;
  if (worker.spec.backend === "cpu") return 2;
  return isExactWorker(worker) ? 1 : 0;
}

/** Whether a worker has failed in a way that is more probably the items' doing than chance. */
function isEnding({ deathCause }: PoolWorker, thrown: unknown): boolean {
  const isBroken = deathCause === "trapped" || deathCause === "out-of-memory" || deathCause === "hung";
  return isBroken || (thrown instanceof ShardError && ["out-of-memory", "worker-timeout"].includes(thrown.code));
}

/** Finds workers that compute a result again. */
export class Checkers {
  readonly #pool: WorkerPool;
  readonly #spares: SpareWorkers;
  readonly #spareSpecs: readonly WorkerSpec[];
  readonly #memoryLimitBytes: number;
  /** What each spare holds, the latest last. */
  readonly #held = new WeakMap<PoolWorker, CheckedModel[]>();
  #turn = 0;

  /**
   * @param spareSpecs exact workers that the model runs on, in the order in which they are asked.
   * @param memoryLimitBytes bytes of weights that a worker may hold.
   */
  constructor(pool: WorkerPool, spares: SpareWorkers, spareSpecs: readonly WorkerSpec[], memoryLimitBytes: number) {
    this.#spareSpecs = spareSpecs;
    this.#memoryLimitBytes = memoryLimitBytes;
    this.#pool = pool;
    this.#spares = spares;
  }

  /**
   * Have one worker after another do some work, until one succeeds: those of the pool that are exact and hold the model, GPUs where
   * these may check, then spares, then all other GPUs.
   * @returns `undefined` if nobody could. Never rejects.
   */
  async ask<T>(search: CheckerSearch, work: (checker: PoolWorker) => Promise<T>): Promise<T | undefined> {
    const able = this.#pool.readyWorkers.filter(
      (worker) => worker.holds(search.model.key) && !search.without.includes(worker),
    );
    const exact = this.#inTurn(able.filter(isExactWorker));
    // What this machine computes goes to no server but as a share of its own.
    const gpus = able.filter((worker) => !isExactWorker(worker) && worker.spec.backend !== "remote");
    // A GPU checks a result of an exact worker, but none of another GPU while there is a choice: they may share a driver. One that is
    // computed in software takes the cores for far longer than a spare.
    const areTrusted = search.without.every(isExactWorker);
    const quickGpus = areTrusted ? gpus.filter(({ report }) => report?.isSoftware !== true) : [];
    // Nor does it give the casting vote between a GPU and a spare, which nothing has had the time to harm.
    const isSpare = (worker: PoolWorker): boolean =>
      isExactWorker(worker) && !this.#pool.slots.some((slot) => slot.worker === worker);
    const lastGpus = areTrusted || !search.without.some(isSpare) ? gpus.filter((gpu) => !quickGpus.includes(gpu)) : [];
    let endedCount = 0;
    const askWorker = async (worker: PoolWorker): Promise<T | undefined> => {
      if (endedCount >= MAX_ENDED) return undefined;
      try {
        return await work(worker);
      } catch (thrown) {
        if (isEnding(worker, thrown)) endedCount++;
        throw thrown;
      }
    };
    const ofPool = (workers: readonly PoolWorker[]) => workers.map((worker) => () => askWorker(worker));
    const ofSpares = (specs: readonly WorkerSpec[]) => specs.map((spec) => () => this.#onSpare(spec, search, work));
    const isFirst = ({ backend }: WorkerSpec): boolean => search.prefersCpu === true && backend === "cpu";
    const tries = [
      ...ofSpares(this.#spareSpecs.filter(isFirst)),
      ...ofPool(exact),
      ...ofPool(quickGpus),
      ...ofSpares(this.#spareSpecs.filter((spec) => !isFirst(spec))),
      ...ofPool(lastGpus),
    ];
    for (const attempt of tries) {
      if (!search.isWanted()) return undefined;
      try {
        const done = await attempt();
        if (done !== undefined) return done;
      } catch {
        // It has ended, or can't run the model: the pool reports the former, and the latter concerns nobody else.
      }
    }
    return undefined;
  }

  /** WASM before CPU, idle ones before busy ones, and not always the same. */
  #inTurn(workers: readonly PoolWorker[]): PoolWorker[] {
    this.#turn++;
    const turned = workers.map((_, index) => workers[(index + this.#turn) % workers.length]!);
    const rank = ({ spec, state }: PoolWorker): number => (spec.backend === "cpu" ? 2 : 0) + (state === "busy" ? 1 : 0);
    return turned.toSorted((a, b) => rank(a) - rank(b));
  }

  #onSpare<T>(
    spec: WorkerSpec,
    { model, without }: CheckerSearch,
    work: (checker: PoolWorker) => Promise<T>,
  ): Promise<T | undefined> {
    return this.#spares.use(spec, async (spare) => {
      if (without.includes(spare)) return undefined;
      if (!spare.holds(model.key)) await this.#load(spare, model);
      return work(spare);
    });
  }

  /** Load a model in place of those that would make it hold too much. Stages of an earlier cutting are not needed again. */
  async #load(spare: PoolWorker, model: CheckedModel): Promise<void> {
    const held = this.#held.get(spare) ?? [];
    this.#held.set(spare, held);
    const bytes = (): number => held.reduce((total, each) => total + each.weightBytes(), model.weightBytes());
    while (held.length > 0 && (held.length >= MAX_SPARE_MODELS || bytes() > this.#memoryLimitBytes)) {
      await spare.unload(held.shift()!.key);
    }
    await spare.load(model.key, model.wire());
    held.push(model);
  }
}
