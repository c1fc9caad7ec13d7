import { setBackend } from "@tensorflow/tfjs-core";
import type { Batch } from "../bench-models.js";
import type { Values } from "../statistics.js";
import { loadTfjsModel } from "../tfjs-model.js";
import { configureWasm } from "../tfjs-wasm.js";

/** TF.js on the page with its WASM backend, which is what a worker of the sharder runs, too. */
export async function startTfjs(url: string, item: Batch): Promise<Values[]> {
  configureWasm();
  await setBackend("wasm");
  const model = await loadTfjsModel(url);
  return model.run(item, 1);
}
