import type { ModelArtifacts } from "../artifacts.js";
import { NOT_ANALYSED } from "../batch/analyse-batch.js";
import { initialMode, joinBuffers, publicSpec, type InspectedModel } from "../inspect.js";
import { NOT_OPTIMISED } from "../optimise/optimization-report.js";
import { declare, type DeclaredInputs } from "../prepare-model.js";
import { readTfliteInterface } from "./read-interface.js";

/**
 * Describe a TensorFlow Lite model, and prepare it for the workers. Its operations are the engine's business: it is not optimised here,
 * not cut, and how it takes a batch that it leaves free is found by a trial.
 *
 * @param weightData the whole file.
 * @param shareWeights put it into one SharedArrayBuffer for all workers.
 * @param declared what the caller has declared about inputs.
 * @param wanted the key of the signature to run.
 * @throws ShardError "model-malformed", "model-unsupported", "invalid-options" for a name that no input or no signature has, "out-of-memory"
 */
export function inspectTflite(
  { weightData }: Pick<ModelArtifacts, "weightData">,
  shareWeights: boolean,
  declared: DeclaredInputs,
  wanted?: string,
): InspectedModel {
  const file = joinBuffers(weightData, shareWeights);
  const read = readTfliteInterface(new Uint8Array(file), wanted);
  const inputs = declare(read.inputs, declared);
  const { outputs, signature, signatures, description, computesShapes } = read;
  return {
    info: {
      format: "tflite",
      inputs: inputs.map(publicSpec),
      outputs: outputs.map(publicSpec),
      layerCount: read.operatorCount,
      layers: [],
      cuts: [],
      flops: undefined,
      ...initialMode(inputs, NOT_ANALYSED),
      missingOps: {},
      optimization: NOT_CUT,
      weightBytes: read.weightBytes,
      userDefinedMetadata: { signature, signatures, description },
    },
    wire: { format: "tflite", inputs, outputs, signature, computesShapes, weightData: file },
    staged: undefined,
    batch: NOT_ANALYSED,
  };
}

const NOT_CUT: InspectedModel["info"]["optimization"] = {
  ...NOT_OPTIMISED,
  notDone: [
    { what: "the model", reason: "it is a .tflite file, which the engine LiteRT optimises and runs as a whole" },
  ],
};
