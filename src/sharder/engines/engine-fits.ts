import type { ModelInfo } from "../../model/inspect.js";
import type { EngineName } from "../../pool/worker-entries.js";

/** Whether an engine runs a model. */
export interface EngineFit {
  readonly engine: EngineName;
  /** `undefined` until somebody has looked: for TF.js models on LiteRT, `sharder.examineEngines()`, or a worker of it that was asked for. */
  readonly runs: boolean | undefined;
  /** Why it does not, naming the node that is the reason where there is one; or what was measured of it. */
  readonly reason: string | undefined;
}

/** Which kinds of models each engine of this machine runs, as people call them. A server may hold any. */
const RUNS: Readonly<Record<Exclude<EngineName, "remote">, string>> = {
  tfjs: "TF.js models",
  litert: ".tflite files, and TF.js models with no other operations than TensorFlow Lite has",
  onnx: ".onnx files",
};

/** Those that run a format for certain. */
const CERTAIN: Readonly<Record<ModelInfo["format"], EngineName>> = {
  "graph-model": "tfjs",
  "layers-model": "tfjs",
  tflite: "litert",
  onnx: "onnx",
  remote: "remote",
};

/** What the format of a model says. No model is looked at. */
export function fitsOfFormat(format: ModelInfo["format"]): readonly EngineFit[] {
  const certain = CERTAIN[format];
  const here = (["tfjs", "litert", "onnx"] as const).map((engine) => {
    if (engine === certain) return { engine, runs: true, reason: undefined };
    if (engine === "litert" && certain === "tfjs") return { engine, runs: undefined, reason: undefined };
    return { engine, runs: false, reason: `it runs ${RUNS[engine]}` };
  });
  return certain === "remote" ? [...here, { engine: certain, runs: true, reason: undefined }] : here;
}

/** With what was found out about one engine. What is not mentioned stays. */
export function learnFit(
  fits: readonly EngineFit[],
  found: Pick<EngineFit, "engine"> & Partial<EngineFit>,
): readonly EngineFit[] {
  return fits.map((fit) => (fit.engine === found.engine ? { ...fit, ...found } : fit));
}
