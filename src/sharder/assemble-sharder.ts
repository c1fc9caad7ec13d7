import { ShardError } from "../core/errors.js";
import type { InspectedModel } from "../model/inspect.js";
import { StagePlanner } from "../pool/stage-planner.js";
import { labelOf, openJournals, type EngineName, type OpenWorker, type WorkerSpec } from "../pool/worker-entries.js";
import type { PoolWorker } from "../pool/pool-worker.js";
import type { WorkerLink } from "../pool/worker-link.js";
import type { PoolOptions } from "../pool/pool-types.js";
import { WorkerPool } from "../pool/worker-pool.js";
import { throwIfAborted } from "../protocol/abort.js";
import type { JournalApi } from "../protocol/journal-api.js";
import type { PlannerApi } from "../protocol/planner-api.js";
import { callListener } from "./call-listener.js";
import { chooseSplit, type SplitParts } from "./choose-split.js";
import type { EngineSearch } from "./engines/engine-search.js";
import { exactWorkersOf } from "./engine-of-model.js";
import { enoughWorkers } from "./enough-workers.js";
import { EventRelay } from "./event-relay.js";
import { FaultReports } from "./fault-reports.js";
import { Journals } from "./journal/journals.js";
import { KnownModel } from "./known-model.js";
import { identifyModel } from "./memory/model-id.js";
import { createModelMemory, NO_MEMORY, type ModelMemory } from "./memory/model-memory.js";
import type { SharderOptions } from "./options.js";
import { raceAbort } from "./race-abort.js";
import { Sharder } from "./sharder.js";
import { Verifier } from "./verify/verifier.js";

/** How the workers of a sharder are reached. */
export interface SharderLinks {
  readonly openWorker: OpenWorker;
  readonly openPlanner: () => WorkerLink<PlannerApi>;
  /** Default: the Web Worker that keeps journals. */
  readonly openJournals?: () => WorkerLink<JournalApi<Blob>>;
  /** For tests: see `PoolOptions`. Default: workers are restarted as the policy decides. */
  readonly restartDelayMs?: PoolOptions["restartDelayMs"];
  /** Whether jobs use those of the workers that were measured to be quickest together. Default: all. */
  readonly isChosen?: boolean;
  /** For tests: where measurements are kept. Default: in the browser's cache, if the options allow it. */
  readonly memory?: ModelMemory;
  /** Started where none of the workers starts. */
  readonly lastResort?: readonly WorkerSpec[];
  /** Finds out which engine is the fastest for the model. Default: its workers keep to those that they are given. */
  readonly search?: EngineSearch;
}

/** What earlier visits have found out about a model. */
export function memoryOf({ wire }: InspectedModel, { remember = true }: SharderOptions): ModelMemory {
  return remember ? createModelMemory({ modelId: () => identifyModel(wire) }) : NO_MEMORY;
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
  const { openWorker: open, restartDelayMs, isChosen = false, lastResort = [], search } = links;
  const model = new KnownModel(inspected);
  const pool = new WorkerPool({
    open,
    restartDelayMs,
    maxHeapBytes: options.maxWorkerHeapBytes,
    canRun: (spec) => canRunSome(model, labelOf(spec)),
  });
  const planner = new StagePlanner(links.openPlanner);
  const events = new EventRelay();
  const faults = new FaultReports(events.emit);
  const journals = new Journals({
    open: links.openJournals ?? openJournals,
    wire: inspected.wire,
    valueOptions: { optimize: options.optimize ?? true, inputs: options.inputs ?? {} },
    // By what was asked for, whoever is there at the moment. What one engine has begun, another may continue, and servers take part anywhere.
    engines: () => (options.engine === "auto" ? ["auto"] : enginesOf(pool.slots.map(({ spec }) => spec))),
    emit: events.emit,
    faults,
  });
  const isRandom = inspected.batch.isRandom === true;
  const verifier = new Verifier({
    pool,
    faults,
    fraction: options.verify ?? 0,
    isRandom,
    spares: exactWorkersOf(inspected.info.format),
    memoryLimitBytes: options.maxWorkerBytes,
  });
  const memory = links.memory ?? memoryOf(inspected, options);
  const parts: SplitParts = { model, pool, planner, events, faults, verifier, memory, isChosen, engines: search };
  try {
    return await raceAbort(start(parts, options, specs, lastResort, journals, search), options.signal);
  } catch (thrown) {
    planner.close();
    await pool.close();
    throw thrown;
  }
}

async function start(
  parts: SplitParts,
  options: SharderOptions,
  specs: readonly WorkerSpec[],
  lastResort: readonly WorkerSpec[],
  journals: Journals,
  search: EngineSearch | undefined,
): Promise<Sharder> {
  const { model, pool, events, faults, verifier } = parts;
  const { onItemError = "throw" } = options;
  const hasStarted = new Set<number>();
  const startAll = (ones: readonly WorkerSpec[]): Promise<PoolWorker>[] =>
    ones.map(async (spec, index) => {
      const worker = await pool.start(spec, { isPatient: true });
      model.learn(worker);
      hasStarted.add(index);
      return worker;
    });
  const first = startAll(specs);
  let starting = first;
  const isEnough = (started: readonly PoolWorker[]): boolean => canRunAll(model, options, started);
  await enoughWorkers(starting, isEnough).catch(async (thrown: unknown) => {
    const isFinal = !(thrown instanceof ShardError) || (thrown.code !== "no-workers" && search === undefined);
    if (lastResort.length === 0 || isFinal) throw thrown;
    starting = startAll(lastResort);
    await enoughWorkers(starting, isEnough);
  });
  const split = await chooseSplit(parts, options);
  pool.admit = (worker) => {
    model.learn(worker);
    return split.admit(worker);
  };
  pool.admitLate();
  let settledCount = 0;
  // Those that start late enter when they have started, whether or not jobs are running by then.
  const isPrompt = starting.map((_, index) => hasStarted.has(index));
  const entering = starting.map(async (started) => {
    try {
      return await pool.enter(await started);
    } finally {
      reportWorkers(options, model.info.weightBytes, ++settledCount / starting.length);
    }
  });
  // Whether a late one has failed is in `sharder.workers`.
  for (const one of entering) one.catch(() => {});
  // Those that are late in starting have had their time.
  await enoughWorkers(
    entering.filter((_, index) => isPrompt[index]),
    isEnough,
  )
    .catch(() => enoughWorkers(entering, isEnough))
    .catch(async (thrown: unknown) => {
      // The workers of another engine may start, and yet not take the model.
      if (search === undefined || lastResort.length === 0 || starting !== first) throw thrown;
      const last = startAll(lastResort).map(async (started) => pool.enter(await started));
      for (const one of last) one.catch(() => {});
      await enoughWorkers(last, isEnough);
    });
  if (specs.length > 0) await split.begin();
  const engine = search === undefined ? engineOption(options) : () => search.engine;
  const isOneEngine = search !== undefined;
  const all = { model, pool, split, events, faults, journals, verifier, onItemError, engine, isOneEngine };
  const sharder = new Sharder(all);
  const onFound = (): void => events.emit("engine", { inUse: search!.engine, engines: model.info.engines });
  search?.attach({ pool, model, sharder, onFound }, split.plan.split === "batch");
  return sharder;
}

/** The engines that compute here, each once. */
function enginesOf(specs: readonly WorkerSpec[]): readonly string[] {
  const local = specs.filter(({ backend }) => backend !== "remote");
  return [...new Set((local.length > 0 ? local : specs).map(({ engine = "tfjs" }) => engine))].toSorted();
}

/** The engine that the caller has named for all workers. */
function engineOption({ engine }: SharderOptions): (() => EngineName) | undefined {
  return engine === undefined || engine === "auto" ? undefined : () => engine;
}

/** Whether a backend can run the model, or a part of it, as far as is known. */
function canRunSome({ gaps, inspected: { staged } }: KnownModel, backend: string): boolean {
  return gaps.canRunWhole(backend) || (staged?.layers ?? []).some((_, layer) => gaps.canRun(backend, layer, layer));
}

/** Whether these workers could run the model without those that have not started yet. */
function canRunAll(
  { gaps, inspected: { staged } }: KnownModel,
  { split }: SharderOptions,
  workers: readonly PoolWorker[],
): boolean {
  const backends = workers.map(({ spec }) => labelOf(spec));
  if (split !== "layers" && backends.some((backend) => gaps.canRunWhole(backend))) return true;
  const layers = staged?.layers ?? [];
  return (
    split !== "batch" &&
    layers.length > 0 &&
    layers.every((_, layer) => backends.some((backend) => gaps.canRun(backend, layer, layer)))
  );
}

function reportWorkers({ onProgress }: SharderOptions, weightBytes: number, fraction: number): void {
  callListener(onProgress, { phase: "workers", loadedBytes: weightBytes, totalBytes: weightBytes, fraction });
}
