import { ShardError } from "../core/errors.js";
import type { ModelInfo } from "../model/inspect.js";
import { absoluteServerUrl } from "./check-remote.js";
import { ENTRY_NAMES, entryOf, labelOf, type EngineName, type WorkerSpec } from "../pool/worker-entries.js";

/** The engines that run the models of each format. The first is the one that is used unless another is named. */
const ENGINES: Readonly<Record<ModelInfo["format"], readonly [EngineName, ...EngineName[]]>> = {
  "graph-model": ["tfjs", "litert"],
  "layers-model": ["tfjs", "litert"],
  tflite: ["litert"],
  onnx: ["onnx"],
  remote: ["remote"],
};

/** What people call a model that is not of TF.js, and what runs it. */
const FOREIGN: Readonly<Partial<Record<ModelInfo["format"], { readonly what: string; readonly advice: string }>>> = {
  tflite: {
    what: ".tflite file",
    advice: `ask for { engine: "litert", backend: "wasm" }, or open the TF.js model that it was made of`,
  },
  onnx: { what: ".onnx file", advice: `ask for { engine: "onnx", backend: "wasm" }` },
  remote: { what: "model of a server", advice: `name it: { backend: "remote", url }` },
};

export function engineOf(format: ModelInfo["format"]): EngineName {
  return ENGINES[format][0];
}

/** Kinds of workers that run every model of a format with results that depend on no driver: the first is the quickest. None for a server's. */
export function exactWorkersOf(format: ModelInfo["format"]): readonly WorkerSpec[] {
  const engine = engineOf(format);
  if (engine === "remote") return [];
  return engine === "tfjs" ? [{ backend: "wasm" }, { backend: "cpu" }] : [{ engine, backend: "wasm" }];
}

/**
 * A worker for a model: where its engine is left out, that of the model.
 * @throws ShardError "model-unsupported" if another engine is asked for, or a backend that the engine lacks; "invalid-options" for threads
 *         where it has none.
 */
export function forModel(spec: WorkerSpec, format: ModelInfo["format"]): WorkerSpec {
  // A server may hold a model of any format; whether it is this one, its metadata and its first results show.
  if (spec.backend === "remote") return { ...spec, engine: "remote", url: absoluteServerUrl(spec.url ?? "") };
  const { engine = engineOf(format), backend } = spec;
  const engines = ENGINES[format];
  if (engines.includes(engine) && entryOf({ backend, engine }) !== undefined) {
    if (engine === "tfjs") requireOneThread(spec);
    return engine === "tfjs" ? spec : { ...spec, engine };
  }
  const entries = ENTRY_NAMES.filter((entry) => engines.some((each) => entry.startsWith(`${each}/`)));
  const { what, advice } = FOREIGN[format] ?? {
    what: format.replace("-", " "),
    advice: `leave "engine" out, or name one of these`,
  };
  throw new ShardError(
    "model-unsupported",
    `Expected workers for a ${what} from the list ${entries.join(", ")}, received "${labelOf(spec)}": ${advice}.`,
  );
}

/** TF.js computes on one thread in each worker. */
function requireOneThread({ threads = 1 }: WorkerSpec): void {
  if (threads === 1) return;
  throw new ShardError(
    "invalid-options",
    `Expected "threads" for workers of LiteRT and ONNX Runtime only, received ${threads} for one of TF.js: leave it out, and start several workers instead.`,
  );
}
