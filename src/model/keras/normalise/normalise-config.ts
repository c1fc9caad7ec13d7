import { isJsonObject, type ModelArtifacts } from "../../artifacts.js";
import { checkStructure } from "../../check-structure.js";
import { readKerasMajor } from "../layer-config.js";
import { normaliseLayer } from "./normalise-layer.js";
import { isCamelCase, toSnakeCase } from "./snake-case.js";

/**
 * Write a Keras config in the one form that everything else reads: that of Keras 2. Keras 3 and camel-case configs name and nest the
 * same things differently. Parts that are not understood stay as they are, for those who read them to refuse.
 *
 * - `model_config` is an object, with keys in snake case.
 * - An input has `batch_input_shape`; the first layer of a Sequential model without an InputLayer has it too.
 * - `dtype` is the name of a dtype that is computed with here: float32 stands for all floats, int32 for whole numbers.
 * - An activation is a name, or an object for layers as activations.
 * - The class of an operation begins with `keras.ops.`, and that of a custom layer with its package (`Package>Name`).
 *
 * Regularisers, constraints and initialisers are dropped. `inbound_nodes` stay as they are.
 * @throws ShardError "model-malformed" if a config that is stored as text is nested too deep.
 */
export function normaliseConfig(artifacts: ModelArtifacts): ModelArtifacts {
  const topology = artifacts.modelTopology;
  if (!isJsonObject(topology)) return artifacts;
  const kerasMajor = readKerasMajor(artifacts);
  const key = ["model_config", "modelConfig"].find((each) => topology[each] !== undefined && topology[each] !== null);
  const given = parsed(key === undefined ? topology : topology[key]);
  if (!isJsonObject(given)) return artifacts;
  const model = normaliseLayer(isCamelCase(given) ? toSnakeCase(given) : given, kerasMajor);
  const { modelConfig: _, ...others } = topology;
  return { ...artifacts, modelTopology: key === undefined ? model : { ...others, model_config: model } };
}

function parsed(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    const read: unknown = JSON.parse(value);
    checkStructure(read, "the model config");
    return read;
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return value;
    throw thrown;
  }
}
