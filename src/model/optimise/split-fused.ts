import type { JsonObject } from "../artifacts.js";
import type { Graph, GraphNode } from "../graph/graph.js";
import { fusedOps, textOf } from "./attributes.js";
import type { Constants } from "./constants.js";
import { GraphWriter } from "./graph-writer.js";

/** The plain op for each fused op. */
const PLAIN_OPS: Readonly<Record<string, string>> = {
  _FusedConv2D: "Conv2D",
  FusedDepthwiseConv2dNative: "DepthwiseConv2dNative",
  _FusedMatMul: "MatMul",
};

/** Activations that TF.js's fused kernels support on every backend. */
const FUSED_ACTIVATIONS = new Set(["Relu", "Relu6", "Elu", "Sigmoid", "LeakyRelu", "Prelu"]);

/** Activations that TensorFlow's converter fuses, by the names that it uses, with the ops that compute them. */
const SPLIT_ACTIVATIONS: Readonly<Record<string, (x: string, write: Write) => GraphNode>> = {
  Relu: (x, write) => write("", "Relu", [x]),
  Relu6: (x, write) => write("", "Relu6", [x]),
  Elu: (x, write) => write("", "Elu", [x]),
  Sigmoid: (x, write) => write("", "Sigmoid", [x]),
  Tanh: (x, write) => write("", "Tanh", [x]),
  // x · relu6(x + 3) / 6
  _FusedHardSwish: (x, write) => {
    const bounded = write("bounded", "Relu6", [write("shifted", "AddV2", [x, write.scalar("three", 3)]).name]);
    const gate = write("gate", "Mul", [bounded.name, write.scalar("sixth", 1 / 6)]);
    return write("", "Mul", [x, gate.name]);
  },
};

/** Makes a node named after the fused one, with `suffix`. The node with suffix "" takes the place of the fused one. */
interface Write {
  (suffix: string, op: string, input: readonly string[]): GraphNode;
  /** @returns the name of a constant. */
  scalar(suffix: string, value: number): string;
}

/**
 * Split fused convolutions and matrix products that TF.js can't run. TensorFlow's converter fuses activations that no backend
 * supports. It also fuses sums of two results (in recurrent cells, residual blocks) as if one were a bias, and the WASM backend
 * accepts only biases with one axis.
 */
export function splitFused(graph: Graph, constants: Constants): { readonly graph: Graph; readonly count: number } {
  const writer = new GraphWriter(graph);
  let count = 0;
  const nodes = graph.nodes.flatMap((node) => {
    const parts = Object.hasOwn(PLAIN_OPS, node.op) ? split(node, writer, constants) : undefined;
    if (parts === undefined) return [node];
    count++;
    return parts;
  });
  return { graph: count === 0 ? graph : { ...graph, nodes, weights: writer.weights }, count };
}

/** Returns the parts of a fused node, of which the last keeps its name; `undefined` if the node should not or can't be split. */
function split(node: GraphNode, writer: GraphWriter, constants: Constants): GraphNode[] | undefined {
  const [extra, activation, ...others] = fusedOps(node.attr);
  const [a, b, bias, ...rest] = node.input;
  if (extra !== "BiasAdd" || others.length > 0 || a === undefined || b === undefined || bias === undefined)
    return undefined;
  const isAddable = constants.get(bias)?.shape.length === 1;
  if (isAddable && (activation === undefined || FUSED_ACTIVATIONS.has(activation))) return undefined;
  // Further inputs are slopes, which nothing that the converter fuses has.
  if (rest.some((each) => !each.startsWith("^"))) return undefined;
  if (!isAddable && textOf(node.attr.data_format, "NHWC") !== "NHWC") return undefined;
  if (activation !== undefined && !Object.hasOwn(SPLIT_ACTIVATIONS, activation)) return undefined;

  const parts: GraphNode[] = [];
  const { T } = node.attr;
  const write = ((suffix, op, input) => {
    const part =
      suffix === "" ? { ...node, op, input, attr: { T } } : writer.node(`${node.name}/${suffix}`, op, input, { T });
    parts.push(part);
    return part;
  }) as Write;
  write.scalar = (suffix, value) => {
    const tensor = { shape: [], values: [value] };
    const part = writer.constant(`${node.name}/${suffix}`, "float32", [], { op: "literal", tensor });
    parts.push(part);
    return part.name;
  };

  const { fused_ops: _, num_args: __, ...attr } = node.attr;
  const linear = isAddable
    ? writer.node(`${node.name}/sum`, node.op, node.input, { ...attr, ...fusing("BiasAdd") })
    : writer.node(`${node.name}/product`, PLAIN_OPS[node.op]!, [a, b, ...rest], plainAttr(node.op, attr));
  parts.push(linear);
  const sum = isAddable ? linear : write(activation === undefined ? "" : "sum", "AddV2", [linear.name, bias]);
  if (activation !== undefined) SPLIT_ACTIVATIONS[activation]!(sum.name, write);
  return parts;
}

function fusing(op: string): JsonObject {
  return { fused_ops: { list: { s: [btoa(op)] } }, num_args: { i: "1" } };
}

/** In TF.js, `dilations` is optional for fused convolutions but required for plain ones. */
function plainAttr(op: string, attr: JsonObject): JsonObject {
  if (op === "_FusedMatMul" || attr.dilations !== undefined) return attr;
  return { ...attr, dilations: { list: { i: ["1", "1", "1", "1"] } } };
}
