import type { ModelArtifacts, WeightSpec } from "inference-sharder";

/** An LSTM's weights, in the order and the shapes of Keras. */
export interface LstmWeights {
  readonly features: number;
  readonly units: number;
  /** `[features, 4·units]` */
  readonly kernel: Float32Array;
  /** `[units, 4·units]` */
  readonly recurrentKernel: Float32Array;
  readonly bias: Float32Array;
}

interface Node {
  readonly name: string;
  readonly op: string;
  readonly input: readonly string[];
  readonly attr: object;
}

const FLOAT = { T: { type: "DT_FLOAT" } };
const INT = { T: { type: "DT_INT32" } };

/** Nodes and constants of a graph, as the converter writes them. */
class GraphText {
  readonly nodes: Node[] = [];
  readonly weightSpecs: WeightSpec[] = [];
  readonly #values: (Float32Array | Int32Array)[] = [];

  add(name: string, op: string, input: readonly string[], attr: object = FLOAT): string {
    this.nodes.push({ name, op, input, attr });
    return name;
  }

  constant(name: string, values: Float32Array | readonly number[], shape: readonly number[]): string {
    const isFloat = values instanceof Float32Array;
    const dtype = isFloat ? "DT_FLOAT" : "DT_INT32";
    const tensorShape = { dim: shape.map((size) => ({ size: String(size) })) };
    this.add(name, "Const", [], { dtype: { type: dtype }, value: { tensor: { dtype, tensorShape } } });
    this.weightSpecs.push({ name, shape, dtype: isFloat ? "float32" : "int32" });
    this.#values.push(isFloat ? values : Int32Array.from(values));
    return name;
  }

  weightData(): ArrayBuffer {
    const bytes = new Uint8Array(this.#values.reduce((sum, { byteLength }) => sum + byteLength, 0));
    let at = 0;
    for (const { buffer, byteOffset, byteLength } of this.#values) {
      bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
      at += byteLength;
    }
    return bytes.buffer;
  }
}

/**
 * LSTMs on top of each other as `tensorflowjs_converter` writes them for a SavedModel: one loop of TensorFlow 1 each, with its sequences
 * in lists. All but the last return sequences. The output is `[batch, units]`.
 */
export function lstmLoops(length: number, layers: readonly LstmWeights[]): ModelArtifacts {
  const graph = new GraphText();
  const shape = { dim: [-1, length, layers[0]!.features].map((size) => ({ size: String(size) })) };
  let x = graph.add("x", "Placeholder", [], { dtype: { type: "DT_FLOAT" }, shape: { shape } });
  layers.forEach((weights, index) => {
    x = addLoop(graph, `lstm_${index}`, x, weights, length, index < layers.length - 1);
  });
  graph.add("Identity", "Identity", [x]);
  const output = { name: "Identity:0", dtype: "DT_FLOAT" };
  return {
    format: "graph-model",
    modelTopology: { node: graph.nodes, library: {}, versions: { producer: 1882 } },
    signature: {
      inputs: { x: { name: "x:0", dtype: "DT_FLOAT", tensorShape: shape } },
      outputs: { y: { ...output, tensorShape: { dim: [{ size: "-1" }, { size: String(layers.at(-1)!.units) }] } } },
    },
    weightSpecs: graph.weightSpecs,
    weightData: graph.weightData(),
  };
}

/** @returns the name of the layer's output. */
function addLoop(
  graph: GraphText,
  scope: string,
  x: string,
  { features, units, ...weights }: LstmWeights,
  length: number,
  returnsSequences: boolean,
): string {
  const named = (name: string): string => `${scope}/${name}`;
  const add = (name: string, op: string, input: readonly string[], attr?: object): string =>
    graph.add(named(name), op, input, attr);
  const whole = (name: string, values: readonly number[], isScalar = false): string =>
    graph.constant(named(name), values, isScalar ? [] : [values.length]);
  const list = { element_dtype: { type: "DT_FLOAT" }, shape_type: { type: "DT_INT32" } };

  const batch = add(
    "batch",
    "StridedSlice",
    [add("shape", "Shape", [x], FLOAT), whole("from", [0]), whole("to", [1]), whole("step", [1])],
    { ...INT, Index: { type: "DT_INT32" }, shrink_axis_mask: { i: "1" } },
  );
  const zeros = (state: string): string =>
    add(`zeros_${state}`, "Fill", [
      add(`size_${state}`, "Pack", [batch, whole(`units_${state}`, [units], true)], {
        ...INT,
        N: { i: "2" },
        axis: { i: "0" },
      }),
      graph.constant(named(`zero_${state}`), new Float32Array(1), []),
    ]);
  const timeMajor = add("transpose", "Transpose", [x, whole("perm", [1, 0, 2])]);
  const steps = add("list", "TensorListFromTensor", [timeMajor, whole("row", [-1, features])], list);
  const count = returnsSequences ? length : 1;
  const reserved = add(
    "reserve",
    "TensorListReserve",
    [whole("cell", [-1, units]), whole("count", [count], true)],
    list,
  );

  const matrix = (name: string, values: Float32Array, shape: readonly number[]): string =>
    graph.constant(named(name), values, shape);
  const columns = 4 * units;
  // TF.js hands nothing on from step to step but variables.
  const initial = {
    ...{ time: whole("zero", [0], true), limit: whole("length", [length], true) },
    ...{ steps, outputs: reserved, h: zeros("h"), c: zeros("c") },
    kernel: matrix("w", weights.kernel, [features, columns]),
    recurrent: matrix("r", weights.recurrentKernel, [units, columns]),
    bias: matrix("b", weights.bias, [columns]),
  };
  const frame = { frame_name: { s: btoa(`${scope}/while`) }, is_constant: { b: false } };
  for (const [name, source] of Object.entries(initial)) {
    add(`merge_${name}`, "Merge", [add(`enter_${name}`, "Enter", [source], frame), named(`next_${name}`)]);
  }
  const condition = add("condition", "LoopCond", [
    add("less", "Less", [named("merge_time"), named("merge_limit")], INT),
  ]);
  for (const name of Object.keys(initial)) add(`switch_${name}`, "Switch", [named(`merge_${name}`), condition]);
  const now = (name: keyof typeof initial): string => `${named(`switch_${name}`)}:1`;

  const step = add("get", "TensorListGetItem", [now("steps"), now("time"), whole("item", [-1, features])], list);
  const products = add("sum", "AddV2", [
    add("of_x", "MatMul", [step, now("kernel")]),
    add("of_h", "MatMul", [now("h"), now("recurrent")]),
  ]);
  const axis = whole("axis", [1], true);
  const split = add("split", "Split", [axis, add("biased", "BiasAdd", [products, now("bias")])], {
    ...FLOAT,
    num_split: { i: "4" },
  });
  const gate = (name: string, index: number): string =>
    add(name, "Sigmoid", [index === 0 ? split : `${split}:${index}`]);
  const carry = add("carry", "AddV2", [
    add("kept", "Mul", [gate("forget", 1), now("c")]),
    add("added", "Mul", [gate("input", 0), add("candidate", "Tanh", [`${split}:2`])]),
  ]);
  const h = add("h", "Mul", [gate("output", 3), add("shaped", "Tanh", [carry])]);
  const place = returnsSequences ? now("time") : whole("first", [0], true);
  const next: Record<string, string> = {
    time: add("more", "AddV2", [now("time"), whole("one", [1], true)], INT),
    outputs: add("set", "TensorListSetItem", [now("outputs"), place, h], list),
    ...{ h, c: carry },
  };
  for (const name of Object.keys(initial)) {
    add(`next_${name}`, "NextIteration", [next[name] ?? `${named(`switch_${name}`)}:1`]);
  }

  const exit = add("exit", "Exit", [named("switch_outputs")]);
  const stacked = add("stack", "TensorListStack", [exit, whole("each", [-1, units])], {
    ...list,
    num_elements: { i: String(count) },
  });
  if (returnsSequences) return add("result", "Transpose", [stacked, whole("back", [1, 0, 2])]);
  const bounds = [whole("last", [-1]), whole("end", [0]), whole("stride", [1])];
  return add("result", "StridedSlice", [stacked, ...bounds], {
    ...{ ...FLOAT, Index: { type: "DT_INT32" } },
    shrink_axis_mask: { i: "1" },
  });
}
