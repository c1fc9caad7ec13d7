import type { ModelArtifacts, Sharder, SharderOptions, WorkerSpec } from "inference-sharder";
import { inspectModel } from "../../src/model/inspect-model.js";
import { inspectOnnx } from "../../src/model/onnx/inspect-onnx.js";
import { openWebWorker } from "../../src/pool/open-web-worker.js";
import { entryOf, labelOf, openPlanner, WORKER_ENTRIES, type OpenWorker } from "../../src/pool/worker-entries.js";
import type { WorkerLink } from "../../src/pool/worker-link.js";
import type { WorkerApi } from "../../src/protocol/worker-api.js";
import { assembleSharder } from "../../src/sharder/assemble-sharder.js";

export interface WatchedSharder {
  readonly sharder: Sharder;
  /** In the order in which they were started. */
  readonly workers: readonly Worker[];
  /** The latest one of each id. */
  readonly byName: ReadonlyMap<string, Worker>;
}

/** A sharder like that of `createSharder`, along with its Workers, so that a test can end one without the library knowing. */
export async function watchedSharder(
  model: ModelArtifacts,
  specs: readonly WorkerSpec[],
  options: Partial<SharderOptions> = {},
  watchLink: (id: string, link: WorkerLink<WorkerApi>) => WorkerLink<WorkerApi> = (_, link) => link,
): Promise<WatchedSharder> {
  const workers: Worker[] = [];
  const byName = new Map<string, Worker>();
  const openWorker: OpenWorker = (spec, name) => {
    const entry = entryOf({ engine: "tfjs", ...spec });
    if (entry === undefined) throw new Error(`Expected one of our kinds of workers, received ${JSON.stringify(spec)}.`);
    let worker: Worker | undefined;
    // Called once more before, only to learn the script's address.
    const link = openWebWorker<WorkerApi>(labelOf(spec), () => (worker = WORKER_ENTRIES[entry](name)));
    workers.push(worker!);
    byName.set(name, worker!);
    return watchLink(name, link);
  };
  const all = { ...options, model };
  const inspected = model.format === "onnx" ? inspectOnnx(model, true, {}) : inspectModel(model, true);
  const sharder = await assembleSharder(inspected, all, specs, { openWorker, openPlanner });
  return { sharder, workers, byName };
}
