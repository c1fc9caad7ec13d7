// The smallest engine that passes the contract. It has no runtime and adds 1 to every number.
import type { InputTensor, Tensor } from "../../src/protocol/tensors.js";
import type { Engine } from "../../workers/runtime/engine.js";

export function dummyEngine(): Engine {
  let tensorCount = 0;
  return {
    start: async () => ({ device: "dummy", kernels: [], wantsPowersOfTwo: false, isSoftware: false }),
    async load(model) {
      tensorCount++;
      return {
        run: async (inputs) =>
          Object.fromEntries(
            model.outputs.map(({ name }, index) => [name, plusOne(inputs[model.inputs[index]!.name]!)]),
          ),
        dispose: () => void tensorCount--,
      };
    },
    memory: () => ({ tensorCount, byteCount: 4 * tensorCount }),
    isIntact: () => true,
    stop() {},
  };
}

function plusOne({ shape, data }: InputTensor): Tensor {
  const values: ArrayLike<unknown> = data;
  return { dtype: "float32", shape: [...shape], data: Float32Array.from(values, (value) => Number(value) + 1) };
}
