import { ShardError } from "../../core/errors.js";
import { asJsonObject, isJsonObject, type ModelArtifacts } from "../artifacts.js";
import { OPERATION_PREFIX } from "./operations.js";
import type { LayerFault } from "./tfjs-layers.js";

const CONVERT =
  "convert the model to a graph model (tensorflowjs_converter --output_format=tfjs_graph_model), which needs no layers";

/**
 * The error for a Keras model that neither a graph nor TF.js's layers compute rightly.
 * @param reason why it can't be translated to a graph; names the layer.
 */
export function unsupported(reason: string, faults: readonly LayerFault[]): ShardError {
  const inTfjs = faults
    .slice(0, 3)
    .map((fault) => `${fault.what}: ${fault.reason}`)
    .join("; ");
  return new ShardError(
    "model-unsupported",
    `Expected a Keras model whose layers can run here, received one with ${reason}. TF.js's own layers can't run it either (${inTfjs}): ${adviceFor(reason)}.`,
  );
}

function adviceFor(reason: string): string {
  if (/\bLambda\b/.test(reason)) {
    return `the file holds Python code that can't run in a browser; replace the Lambda by a Keras layer or by functions of keras.ops, or ${CONVERT}`;
  }
  if (reason.endsWith("is not in the file")) {
    return `check that all weight files are there; the converter leaves out the weights of layers with "/" in their names (as MobileNetV3 of Keras 2 has them), so open the .h5 or .keras file itself, or ${CONVERT}`;
  }
  return `replace what is named here, or ${CONVERT}`;
}

const MODEL_CLASSES = new Set(["Sequential", "Functional", "Model"]);

/**
 * Refuse a model that is written as a class in Python: its file doesn't say what it computes.
 * @param artifacts normalised.
 * @throws ShardError "model-unsupported"
 */
export function refuseSubclass({ modelTopology }: ModelArtifacts): void {
  const topology = asJsonObject(modelTopology);
  const model = topology.model_config ?? topology;
  if (!isJsonObject(model) || typeof model.class_name !== "string" || MODEL_CLASSES.has(model.class_name)) return;
  throw new ShardError(
    "model-unsupported",
    `Expected a Sequential or functional Keras model, received one of class "${model.class_name.replace(OPERATION_PREFIX, "").slice(0, 80)}", whose Python code is not in the file: ${CONVERT}.`,
  );
}
