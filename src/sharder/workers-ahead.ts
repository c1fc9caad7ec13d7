import type { EngineName, WorkerSpec } from "../pool/worker-entries.js";
import { allowsWasm, coreCount } from "./auto-workers.js";
import { isUrl } from "./check-options.js";
import type { SharderOptions } from "./options.js";

/** What the names of models say about them. */
const ENGINES: readonly (readonly [ending: RegExp, engine: EngineName])[] = [
  [/\.json$/i, "tfjs"],
  [/\.tflite$/i, "litert"],
  [/\.onnx$/i, "onnx"],
];

/**
 * The workers that a sharder will most probably have, as far as its options say before the model is there: those that are listed, or one on
 * WASM for each core. None where its address does not say what it is, or where the engine is a matter of measurement. Whether there is a GPU
 * takes time to find out.
 */
export function workersAhead({
  model,
  workers = "auto",
  maxWorkers = Infinity,
  engine: asked,
}: SharderOptions): readonly WorkerSpec[] {
  const address = typeof model === "string" ? model : isUrl(model) ? model.pathname : "";
  const named = ENGINES.find(([ending]) => ending.test(address.replace(/[?#].*$/s, "")))?.[1];
  if (named === undefined || asked === "auto") return [];
  const engine = asked ?? named;
  if (workers !== "auto") {
    // No server is asked anything before the model is there to be held against its own.
    const local = workers.filter(({ backend }) => backend !== "remote");
    return local.map((spec) => ({ ...spec, engine: spec.engine ?? engine }));
  }
  if (!allowsWasm()) return [];
  return Array.from({ length: Math.min(coreCount(), maxWorkers) }, () => ({ backend: "wasm", engine }));
}
