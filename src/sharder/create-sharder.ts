import { ShardError } from "../core/errors.js";
import { HeadStart } from "../pool/head-start.js";
import { hasWebWorkers } from "../pool/open-web-worker.js";
import { openPlanner, openWorker, type OpenWorker, type WorkerSpec } from "../pool/worker-entries.js";
import { onlyShardErrors } from "../protocol/raw-errors.js";
import { throwIfAborted } from "../protocol/abort.js";
import { isTfjsWire } from "../protocol/model-on-wire.js";
import { assembleSharder, memoryOf } from "./assemble-sharder.js";
import { chooseWorkers } from "./auto-workers.js";
import { callListener } from "./call-listener.js";
import { checkOptions } from "./check-options.js";
import { isRemoteModel, type RemoteModel } from "./check-remote.js";
import { requireSplittable } from "./choose-split.js";
import { engineOf, forModel } from "./engine-of-model.js";
import type { SharderOptions } from "./options.js";
import { raceAbort } from "./race-abort.js";
import { readModel } from "./read-model.js";
import type { Sharder } from "./sharder.js";
import { forEngines } from "./translated-model.js";
import { workersAhead } from "./workers-ahead.js";

/**
 * Load a model once and start workers that each hold it whole, or a stage of it.
 *
 * Workers that can't start are left out, with the reason in `sharder.workers`; one is enough to run the model.
 *
 * @throws ShardError "backend-unavailable" outside browsers; "invalid-options", "unknown-backend"; "model-not-found", "model-network",
 *         "model-malformed", "weights-missing", "weights-truncated", "model-unsupported", "out-of-memory";
 *         "no-workers" if none could start; "aborted". On an error, nothing is left running.
 */
export function createSharder(options: SharderOptions): Promise<Sharder> {
  return onlyShardErrors(() => create(options));
}

async function create(given: SharderOptions): Promise<Sharder> {
  if (!hasWebWorkers()) {
    throw new ShardError(
      "backend-unavailable",
      "Expected a browser with Web Workers, received none: run this in a page.",
    );
  }
  checkOptions(given);
  // Read once, so that what is used is what was checked.
  const options = { ...given };
  throwIfAborted(options.signal);
  // The model is read meanwhile.
  const ahead = new HeadStart(openWorker);
  ahead.begin(workersAhead(options));
  try {
    return await createFor(options, ahead.open);
  } finally {
    ahead.close();
  }
}

async function createFor(options: SharderOptions, open: OpenWorker): Promise<Sharder> {
  const shareWeights = globalThis.crossOriginIsolated === true;
  const inspected = await readModel(options, shareWeights);
  // Whoever names a server as the model has named it.
  const { workers = isRemoteModel(options.model) ? [remoteSpec(options.model)] : "auto" } = options;
  const { format } = inspected.info;
  const links = { openWorker: open, openPlanner };
  const engine = options.engine === "auto" ? engineOf(format) : options.engine;
  const named = engine === undefined ? {} : { engine };
  if (workers !== "auto") {
    const specs = workers.map((spec) => forModel({ ...named, ...spec }, format));
    const fitting = await forEngines(inspected, specs, options.signal);
    requireSplittable(fitting, options);
    return assembleSharder(fitting, options, specs, links);
  }
  requireSplittable(inspected, options);
  const chosen = await raceAbort(chooseWorkers(engine ?? engineOf(format)), options.signal);
  if (chosen.notice !== undefined) callListener(options.onNotice, chosen.notice);
  const { maxWorkers = Infinity } = options;
  const [most, fallback] = [chosen.specs, chosen.lastResort].map((each) => each.slice(0, maxWorkers));
  const specs = most!.map((spec) => forModel({ ...named, ...spec }, format));
  const fitting = await forEngines(inspected, specs, options.signal);
  requireSplittable(fitting, options);
  const auto = { ...links, isChosen: true, lastResort: fallback! };
  const isOpen = options.engine === "auto" && isTfjsWire(inspected.wire);
  if (!isOpen) return assembleSharder(fitting, options, specs, auto);
  // Most sharders don't look for an engine. Without its script, neither does this one.
  const loaded = await import("./engines/plan-engines.js").catch(() => undefined);
  if (loaded === undefined) return assembleSharder(inspected, options, specs, auto);
  const memory = memoryOf(inspected, options);
  const { search, warm } = await raceAbort(loaded.planEngines(inspected, options, specs, memory), options.signal);
  const searching = { ...auto, memory, search };
  if (warm === undefined) return assembleSharder(inspected, options, specs, searching);
  return assembleSharder(warm.inspected, options, warm.specs, { ...searching, lastResort: specs });
}

function remoteSpec({ remote, headers, names }: RemoteModel): WorkerSpec {
  return { backend: "remote", url: remote, headers, names };
}
