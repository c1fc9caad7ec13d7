import type { JsonObject } from "../artifacts.js";
import type { Graph, GraphNode } from "../graph/graph.js";
import { fusedOps } from "./attributes.js";
import type { Constants } from "./constants.js";
import { GraphWriter } from "./graph-writer.js";

/** Activations that TF.js's fused product has on every backend. */
const FUSED_ACTIVATIONS = new Set(["Relu", "Relu6", "Elu", "Sigmoid", "LeakyRelu", "Prelu"]);

/** What TensorFlow's converter fuses besides, as ops of their own. */
const SPLIT_ACTIVATIONS = new Set([...FUSED_ACTIVATIONS, "Tanh"]);

/**
 * Take fused matrix products apart where TF.js can't run them: TensorFlow's converter fuses Tanh, which no backend has, and sums of two
 * products (recurrent cells) as if the second were a bias, which WASM refuses to add unless it has one axis.
 */
export function splitProducts(graph: Graph, constants: Constants): { readonly graph: Graph; readonly count: number } {
  const writer = new GraphWriter(graph);
  let count = 0;
  const nodes = graph.nodes.flatMap((node) => {
    const parts = node.op === "_FusedMatMul" ? split(node, writer, constants) : undefined;
    if (parts === undefined) return [node];
    count++;
    return parts;
  });
  return { graph: count === 0 ? graph : { ...graph, nodes }, count };
}

/** The last part keeps the node's name. */
function split(node: GraphNode, writer: GraphWriter, constants: Constants): GraphNode[] | undefined {
  const [extra, activation, ...others] = fusedOps(node.attr);
  const [a, b, bias, ...rest] = node.input;
  if (extra !== "BiasAdd" || others.length > 0 || a === undefined || b === undefined || bias === undefined)
    return undefined;
  const isAddable = constants.get(bias)?.shape.length === 1;
  if (isAddable && (activation === undefined || FUSED_ACTIVATIONS.has(activation))) return undefined;
  // Slopes come as further inputs and attributes: nothing that the converter fuses has them.
  if (rest.some((each) => !each.startsWith("^"))) return undefined;
  if (activation !== undefined && (!SPLIT_ACTIVATIONS.has(activation) || activation === "LeakyRelu")) return undefined;
  const { T, transpose_a, transpose_b } = node.attr;
  const type: JsonObject = { T };
  const product = writer.node(`${node.name}/product`, "MatMul", [a, b, ...rest], { T, transpose_a, transpose_b });
  if (activation === undefined) return [product, { ...node, op: "AddV2", input: [product.name, bias], attr: type }];
  const sum = writer.node(`${node.name}/sum`, "AddV2", [product.name, bias], type);
  return [product, sum, { ...node, op: activation, input: [sum.name], attr: type }];
}
