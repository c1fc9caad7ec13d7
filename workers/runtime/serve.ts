import type { WorkerApi } from "../../src/protocol/worker-api.js";
import { createWorkerApi } from "./create-worker-api.js";
import type { Engine } from "./engine.js";
import { exposeApi } from "./expose.js";

/** Offer this worker's engine to the page. */
export function serve(engine: Engine): void {
  exposeApi<WorkerApi>(createWorkerApi(engine, (notice) => self.postMessage(notice)));
}
