import type { GraphWire, TensorBinding, WireModel } from "../../src/protocol/model-on-wire.js";

/** An input and the output that is computed from it. */
export interface PlusOne {
  readonly input: string;
  readonly output: string;
  /** The shape of both; -1 is a free size. */
  readonly shape: readonly number[];
}

/** Makes a model that adds 1 to every number, in the format of some engine. */
export type MakePlusOne = (...pairs: readonly PlusOne[]) => WireModel;

/**
 * A model that adds 1 to every number. It is so simple that an engine without operations can imitate it. TF.js runs it as a
 * graph.
 */
export function plusOneWire(...pairs: readonly PlusOne[]): GraphWire {
  const dtype = { type: "DT_FLOAT" };
  const shapeOf = (shape: readonly number[]) => ({ shape: { dim: shape.map((size) => ({ size: String(size) })) } });
  const binding = (name: string, tensorName: string, shape: readonly number[]): TensorBinding => ({
    name,
    tensorName,
    shape,
    dtype: "float32",
  });
  const node = [
    { name: "one", op: "Const", input: [], attr: { dtype } },
    ...pairs.flatMap(({ shape }, index) => [
      { name: `in${index}`, op: "Placeholder", input: [], attr: { dtype, shape: shapeOf(shape) } },
      { name: `out${index}`, op: "AddV2", input: [`in${index}`, "one"], attr: { T: dtype } },
    ]),
  ];
  return {
    format: "graph-model",
    artifacts: { modelTopology: { node, versions: { producer: 0, minConsumer: 0 } } },
    weights: { one: { kind: "stored", shape: [], dtype: "float32", byteOffset: 0, byteLength: 4 } },
    weightData: Float32Array.of(1).buffer,
    inputs: pairs.map(({ input, shape }, index) => binding(input, `in${index}`, shape)),
    outputs: pairs.map(({ output, shape }, index) => binding(output, `out${index}:0`, shape)),
    needsAsync: false,
  };
}
