import type { ModelArtifacts, Sharder, WorkerSpec } from "inference-sharder";
import { inspectModel } from "../../src/model/inspect.js";
import { openWebWorker } from "../../src/pool/open-web-worker.js";
import { openPlanner, WORKER_ENTRIES, type OpenWorker } from "../../src/pool/worker-entries.js";
import { assembleSharder } from "../../src/sharder/create-sharder.js";

/** A sharder like that of `createSharder`, along with its Workers, so that a test can end one without the library knowing. */
export async function watchedSharder(
  model: ModelArtifacts,
  specs: readonly WorkerSpec[],
): Promise<{ sharder: Sharder; workers: Worker[] }> {
  const workers: Worker[] = [];
  const openWorker: OpenWorker = ({ backend }, name) =>
    openWebWorker(backend, () => {
      const worker = WORKER_ENTRIES[`tfjs/${backend}`](name);
      workers.push(worker);
      return worker;
    });
  const sharder = await assembleSharder(inspectModel(model, true), { model }, specs, { openWorker, openPlanner });
  return { sharder, workers };
}
