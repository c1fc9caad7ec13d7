import type { Tensor } from "../../../src/protocol/tensors.js";
import type { NamedShardOutputs } from "../../../src/protocol/outputs.js";

/** Make outputs wrong in silence: floats by the factor `1 + relative`, integers by 1, booleans negated. Texts stay. */
export function corrupt(outputs: NamedShardOutputs, relative: number): void {
  for (const output of Object.values(outputs)) {
    for (const tensor of output.kind === "dense" ? [output.tensor] : output.items) spoil(tensor, relative);
  }
}

/** In place, so that what lies in shared memory stays there. */
function spoil(tensor: Tensor, relative: number): void {
  switch (tensor.dtype) {
    case "float32":
      tensor.data.forEach((value, i) => (tensor.data[i] = value * (1 + relative)));
      return;
    case "int32":
      tensor.data.forEach((value, i) => (tensor.data[i] = value + 1));
      return;
    case "bool":
      tensor.data.forEach((value, i) => (tensor.data[i] = 1 - value));
      return;
    case "string":
  }
}
