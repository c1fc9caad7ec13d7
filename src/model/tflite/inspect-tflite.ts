import type { TfliteWire } from "../../protocol/model-on-wire.js";
import type { ModelArtifacts } from "../artifacts.js";
import { describeFile } from "../describe-file.js";
import { joinBuffers, type InspectedModel } from "../inspect.js";
import { declare, type DeclaredInputs } from "../prepare-model.js";
import { FlatTable } from "./flat-table.js";
import { readTfliteInterface } from "./read-interface.js";
import { stageTflite } from "./stage-tflite.js";

/**
 * Describe a TensorFlow Lite model, and prepare it for the workers.
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
): InspectedModel<TfliteWire> {
  const file = joinBuffers(weightData, shareWeights);
  const bytes = new Uint8Array(file);
  const read = readTfliteInterface(bytes, wanted);
  const inputs = declare(read.inputs, declared);
  const { outputs, signature, signatures, description, computesShapes } = read;
  const wire: TfliteWire = { format: "tflite", inputs, outputs, signature, computesShapes, weightData: file };
  return describeFile(wire, stageTflite(FlatTable.rootOf(bytes), wire, read.ends, read.operationNumbers), {
    layerCount: read.operatorCount,
    weightBytes: read.weightBytes,
    userDefinedMetadata: { signature, signatures, description },
    reason: "it is a .tflite file, which the engine LiteRT optimises itself",
  });
}
