import { ShardError } from "../core/errors.js";
import { inspectModel, type InspectedModel } from "../model/inspect.js";
import { throwIfAborted } from "../protocol/abort.js";
import { chooseWorkers } from "./auto-workers.js";
import { callListener } from "./call-listener.js";
import { chooseSplit } from "./choose-split.js";
import { loadArtifacts } from "./load-artifacts.js";
import { checkOptions, type SharderOptions } from "./options.js";
import { raceAbort } from "./race-abort.js";
import { Sharder } from "./sharder.js";

/**
 * Load a model once and start workers that each hold it whole, or a stage of it.
 *
 * Workers that can't start are left out, with the reason in `sharder.workers`; it takes one to go on.
 *
 * @throws ShardError "backend-unavailable" outside browsers; "invalid-options", "unknown-backend"; "model-not-found", "model-network",
 *         "model-malformed", "weights-missing", "weights-truncated", "model-unsupported", "out-of-memory";
 *         "no-workers" where none could start; "aborted". Nothing is left running then.
 */
export async function createSharder(options: SharderOptions): Promise<Sharder> {
  if (typeof Worker === "undefined") {
    throw new ShardError(
      "backend-unavailable",
      "Expected a browser with Web Workers, received none: run this in a page.",
    );
  }
  checkOptions(options);
  const { signal } = options;
  throwIfAborted(signal);
  const shareWeights = globalThis.crossOriginIsolated === true;
  const inspected = inspectModel(await loadArtifacts(options, shareWeights), shareWeights, options.optimize ?? true);
  const split = chooseSplit(inspected, options);
  if (split === "layers" || options.split === "batch" || inspected.staged === undefined) {
    return startSharder(inspected, options, split);
  }
  // "auto": a batch, unless nobody can run the whole model, or its layers suit different workers.
  let whole: Sharder;
  try {
    whole = await startSharder(inspected, options, "batch");
  } catch (thrown) {
    if (!(thrown instanceof ShardError) || thrown.code !== "model-unsupported") throw thrown;
    return startSharder(inspected, options, "layers");
  }
  try {
    if (!(await raceAbort(whole.prefersLayers(), signal))) return whole;
  } catch (thrown) {
    await whole.dispose();
    throw thrown;
  }
  await whole.dispose();
  return startSharder(inspected, options, "layers");
}

async function startSharder(
  inspected: InspectedModel,
  options: SharderOptions,
  split: "batch" | "layers",
): Promise<Sharder> {
  const sharder = new Sharder(inspected, options, split);
  try {
    await raceAbort(startWorkers(sharder, options, inspected.info.weightBytes), options.signal);
    return sharder;
  } catch (thrown) {
    await sharder.dispose();
    throw thrown;
  }
}

async function startWorkers(sharder: Sharder, options: SharderOptions, weightBytes: number): Promise<void> {
  const { workers = "auto", onProgress } = options;
  const specs = workers === "auto" ? await chooseWorkers() : workers;
  let startedCount = 0;
  const results = await Promise.allSettled(
    specs.map(async (spec) => {
      await sharder.addWorker(spec);
      startedCount++;
      const fraction = startedCount / specs.length;
      callListener(onProgress, { phase: "workers", loadedBytes: weightBytes, totalBytes: weightBytes, fraction });
    }),
  );
  if (startedCount > 0) return sharder.begin();
  const reasons = results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
  // A model that no worker can load is the model's fault, not the workers'.
  const first = reasons[0];
  if (first instanceof ShardError && (first.code.startsWith("model-") || first.code === "disposed")) throw first;
  const messages = [...new Set(reasons.map((reason) => (reason instanceof Error ? reason.message : String(reason))))];
  throw new ShardError(
    "no-workers",
    `Expected at least one of ${specs.length} workers to start, all refused: ${messages.join(" ")}`,
    { cause: first },
  );
}
