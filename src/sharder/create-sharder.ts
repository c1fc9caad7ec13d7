import { ShardError } from "../core/errors.js";
import type { InspectedModel } from "../model/inspect.js";
import { hasWebWorkers } from "../pool/open-web-worker.js";
import { StagePlanner } from "../pool/stage-planner.js";
import { openPlanner, openWorker, type OpenWorker, type WorkerSpec } from "../pool/worker-entries.js";
import type { WorkerLink } from "../pool/worker-link.js";
import { WorkerPool, type PoolOptions } from "../pool/worker-pool.js";
import { throwIfAborted } from "../protocol/abort.js";
import { messageOf } from "../protocol/error-record.js";
import type { PlannerApi } from "../protocol/planner-api.js";
import { chooseWorkers } from "./auto-workers.js";
import { callListener } from "./call-listener.js";
import { checkOptions } from "./check-options.js";
import { chooseSplit, requireSplittable, type SplitParts } from "./choose-split.js";
import { EventRelay } from "./event-relay.js";
import { FaultReports } from "./fault-reports.js";
import { KnownModel } from "./known-model.js";
import type { SharderOptions } from "./options.js";
import { raceAbort } from "./race-abort.js";
import { readModel } from "./read-model.js";
import { Sharder } from "./sharder.js";

/** How the workers of a sharder are reached. */
export interface SharderLinks {
  readonly openWorker: OpenWorker;
  readonly openPlanner: () => WorkerLink<PlannerApi>;
  readonly restartDelayMs?: PoolOptions["restartDelayMs"];
}

/**
 * Load a model once and start workers that each hold it whole, or a stage of it.
 *
 * Workers that can't start are left out, with the reason in `sharder.workers`; one is enough to run the model.
 *
 * @throws ShardError "backend-unavailable" outside browsers; "invalid-options", "unknown-backend"; "model-not-found", "model-network",
 *         "model-malformed", "weights-missing", "weights-truncated", "model-unsupported", "out-of-memory";
 *         "no-workers" if none could start; "aborted". On an error, nothing is left running.
 */
export async function createSharder(options: SharderOptions): Promise<Sharder> {
  if (!hasWebWorkers()) {
    throw new ShardError(
      "backend-unavailable",
      "Expected a browser with Web Workers, received none: run this in a page.",
    );
  }
  checkOptions(options);
  throwIfAborted(options.signal);
  const shareWeights = globalThis.crossOriginIsolated === true;
  const inspected = await readModel(options, shareWeights);
  const { workers = "auto" } = options;
  requireSplittable(inspected, options);
  const specs = workers === "auto" ? await raceAbort(chooseWorkers(), options.signal) : workers;
  return assembleSharder(inspected, options, specs, { openWorker, openPlanner });
}

/**
 * Start workers for a model that has been read, choose the split, and give each worker what it needs.
 *
 * @param specs none for a sharder to which workers are added later.
 * @param links how workers are reached: as Web Workers in a page, or as whatever a test provides.
 * @throws ShardError as `createSharder`; on an error, nothing is left running.
 */
export async function assembleSharder(
  inspected: InspectedModel,
  options: SharderOptions,
  specs: readonly WorkerSpec[],
  links: SharderLinks,
): Promise<Sharder> {
  throwIfAborted(options.signal);
  const { openWorker: open, restartDelayMs } = links;
  const model = new KnownModel(inspected);
  const pool = new WorkerPool(restartDelayMs === undefined ? { open } : { open, restartDelayMs });
  const planner = new StagePlanner(links.openPlanner);
  const events = new EventRelay();
  const parts: SplitParts = { model, pool, planner, events, faults: new FaultReports(events.emit) };
  try {
    return await raceAbort(start(parts, options, specs), options.signal);
  } catch (thrown) {
    planner.close();
    await pool.close();
    throw thrown;
  }
}

async function start(parts: SplitParts, options: SharderOptions, specs: readonly WorkerSpec[]): Promise<Sharder> {
  const { model, pool, events, faults } = parts;
  const started = await eachWorker(specs, async (spec) => {
    const worker = await pool.start(spec);
    model.learn(worker);
    return worker;
  });
  const split = await chooseSplit(parts, options);
  pool.admit = (worker) => {
    model.learn(worker);
    return split.admit(worker);
  };
  // Those that could not start are done with, too.
  let settledCount = specs.length - started.length;
  await eachWorker(started, async (worker) => {
    try {
      await pool.enter(worker);
    } finally {
      reportWorkers(options, model.info.weightBytes, ++settledCount / specs.length);
    }
  });
  if (specs.length > 0) await split.begin();
  return new Sharder({ model, pool, split, events, faults });
}

/**
 * Do something with all workers at the same time. Those that fail are left out; one success is enough.
 * @throws ShardError if none succeeds: the model's fault if there is one, otherwise "no-workers" with all the reasons.
 */
async function eachWorker<T, R>(workers: readonly T[], work: (worker: T) => Promise<R>): Promise<R[]> {
  const results = await Promise.allSettled(workers.map(work));
  const done = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  if (done.length > 0 || workers.length === 0) return done;
  const reasons = results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
  // A model that no worker can load is the model's fault, not the workers'.
  const first = reasons[0];
  if (first instanceof ShardError && (first.code.startsWith("model-") || first.code === "disposed")) throw first;
  const messages = [
    ...new Set(reasons.map((reason) => (reason instanceof ShardError ? reason.message : messageOf(reason)))),
  ];
  throw new ShardError(
    "no-workers",
    `Expected at least one of ${workers.length} workers to start, received none: ${messages.join(" ")}`,
    { cause: first },
  );
}

function reportWorkers({ onProgress }: SharderOptions, weightBytes: number, fraction: number): void {
  callListener(onProgress, { phase: "workers", loadedBytes: weightBytes, totalBytes: weightBytes, fraction });
}
