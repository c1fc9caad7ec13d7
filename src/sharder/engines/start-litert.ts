import type { PoolWorker } from "../../pool/pool-worker.js";
import type { WorkerSpec } from "../../pool/worker-entries.js";
import type { WorkerPool } from "../../pool/worker-pool.js";
import { isExactWorker } from "../inputs/batch-probe.js";
import { noWorkers } from "../job/job-errors.js";
import type { KnownModel } from "../known-model.js";
import { whyDifferent, type CallInputs } from "./first-items.js";

interface StartParts {
  readonly pool: WorkerPool;
  readonly model: KnownModel;
  readonly removeWorker: (id: string) => Promise<void>;
}

/**
 * Start LiteRT's workers beside those of TF.js: one on each backend, whose results for some calls are compared with TF.js's, then the
 * others on the backends that passed. None gets work of jobs meanwhile; the choice of workers sees to that.
 *
 * @param onFirst called when the first worker is ready, before anything is compared.
 * @returns how many are ready, and how one differs from TF.js if any does.
 * @throws ShardError if none starts, or one is lost while it is compared.
 */
export async function startLitert(
  parts: StartParts,
  specs: readonly WorkerSpec[],
  calls: readonly CallInputs[],
  onFirst: () => void,
): Promise<{ readonly differs: string | undefined; readonly readyCount: number }> {
  let readyCount = 0;
  let differs: string | undefined;
  let failure: unknown;
  for (const backend of new Set(specs.map((spec) => spec.backend))) {
    const [first, ...others] = specs.filter((spec) => spec.backend === backend);
    let worker: PoolWorker | undefined;
    try {
      worker = await startOne(parts, first!);
      onFirst();
      const reason = await compare(parts.pool, worker, calls);
      if (reason !== undefined) {
        differs ??= reason;
        await parts.removeWorker(worker.id);
        continue;
      }
    } catch (thrown) {
      failure ??= thrown;
      // It was not compared. One that is lost is gone already.
      if (worker !== undefined) await parts.removeWorker(worker.id).catch(() => {});
      continue;
    }
    readyCount++;
    const started = await Promise.allSettled(others.map((spec) => startOne(parts, spec)));
    readyCount += started.filter(({ status }) => status === "fulfilled").length;
  }
  if (readyCount === 0 && differs === undefined) throw failure;
  return { differs, readyCount };
}

/** @throws ShardError as `WorkerPool.start` and `enter` */
async function startOne({ pool, model }: Pick<StartParts, "pool" | "model">, spec: WorkerSpec) {
  const started = await pool.start(spec);
  model.learn(started);
  return pool.enter(started);
}

/** @throws ShardError "no-workers" if TF.js has none, and as `callOnce` */
async function compare(
  pool: WorkerPool,
  worker: PoolWorker,
  calls: readonly CallInputs[],
): Promise<string | undefined> {
  const ones = pool.readyWorkers.filter(({ spec: { engine = "tfjs" } }) => engine === "tfjs");
  const reference = ones.find(isExactWorker) ?? ones[0];
  if (reference === undefined) throw noWorkers(undefined);
  return whyDifferent(calls, reference, worker);
}
