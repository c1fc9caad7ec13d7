import { ShardError } from "../../../src/core/errors.js";
import { translateGraph } from "../../../src/model/translate/translate-graph.js";
import { trialShapesOf } from "../../../src/model/translate/why-not-tflite.js";
import { untranslatable } from "../../../src/model/translate/refusal.js";
import { residentBytes } from "../../../src/model/weights.js";
import type { GraphWire, TensorBinding, TfliteBinding } from "../../../src/protocol/model-on-wire.js";
import type { ModelSource } from "./model-source.js";

/** A TF.js graph, which is written as a `.tflite` file for each shape of its inputs, straight into LiteRT's memory. */
export function graphSource(wire: GraphWire): ModelSource {
  const weights = Object.values(wire.weights);
  return {
    inputs: wire.inputs.map(bind),
    outputs: wire.outputs.map(bind),
    signature: "serving_default",
    isTranslated: true,
    byteLength: weights.reduce((sum, weight) => sum + residentBytes(weight), 0),
    // All sizes are known when the file is written.
    computesShapes: false,
    trialShapes: trialShapesOf(wire),
    fileFor(shapes) {
      try {
        return translateGraph(wire, shapes);
      } catch (thrown) {
        if (!(thrown instanceof ShardError) || thrown.code !== "model-unsupported") throw thrown;
        // A model that has been loaded fails for these shapes alone: a batch, or a size, that it does not take.
        throw new ShardError("model-failed", thrown.message, { cause: thrown });
      }
    },
  };
}

/** @throws ShardError "model-unsupported" for texts */
function bind({ name, shape, dtype }: TensorBinding): TfliteBinding {
  if (dtype === "string") throw untranslatable(`texts in "${name.slice(0, 80)}"`);
  return { name, tensorName: name, shape, dtype, element: dtype };
}
