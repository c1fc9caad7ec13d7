import type { Sharder, Tensor } from "inference-sharder";
import type { Batch } from "./bench-models.js";
import type { Values } from "./statistics.js";

/** A batch as the sharder takes it. */
export function inputOf({ itemShape, itemCount, data }: Batch): Tensor {
  return { dtype: "float32", shape: [itemCount, ...itemShape], data };
}

/** The outputs in the order of TF.js. */
export function outputsInOrder(sharder: Sharder, outputs: Awaited<ReturnType<Sharder["predict"]>>): Values[] {
  return sharder.model.outputs.map(({ name }) => {
    const output = outputs[name];
    if (output === undefined || output.dtype === "ragged" || output.dtype === "string") {
      throw new Error(`Expected one numeric tensor for the output "${name}": leave this model out of the benchmark.`);
    }
    return output.data;
  });
}
