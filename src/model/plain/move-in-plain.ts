import { asJsonObject } from "../artifacts.js";
import type { Graph, GraphNode } from "../graph/graph.js";

/** Ops that only move elements, which our workers also have in plain code, by the names of those. */
const MOVES: ReadonlyMap<string, string> = new Map(
  [
    ...["Reshape", "ExpandDims", "Squeeze", "Transpose", "Tile", "BroadcastTo", "Concat", "ConcatV2", "Pack", "Unpack"],
    ...["Split", "SplitV", "Pad", "PadV2", "Fill", "Slice", "StridedSlice", "GatherV2", "GatherNd", "Select"],
    ...["SelectV2", "ZerosLike", "Equal", "NotEqual"],
  ].map((op): [string, string] => [op, `_Plain${op}`]),
)
  .set("Gather", "_PlainGatherV2")
  .set("ReverseV2", "_PlainReverse");

/** Arithmetic on complex numbers. */
const COMPLEX: ReadonlyMap<string, string> = new Map([
  ["Add", "_ComplexAdd"],
  ["AddV2", "_ComplexAdd"],
  ["Sub", "_ComplexSub"],
  ["Mul", "_ComplexMul"],
  ["RealDiv", "_ComplexDiv"],
  ["Div", "_ComplexDiv"],
  ["Neg", "_ComplexNeg"],
  ["Exp", "_ComplexExp"],
  ["Sum", "_ComplexSum"],
  ["Mean", "_ComplexMean"],
]);

/**
 * Let ops on strings and complex numbers run in plain code: TF.js's kernels fail on them or read other memory, on some backends. The
 * types are what the nodes' attributes state. O(nodes).
 */
export function moveInPlain(graph: Graph): Graph {
  return complexConstsAsParts({ ...graph, nodes: graph.nodes.map(inPlain) });
}

/** A stored complex number is its real and its imaginary part, one behind the other: they are loaded as two floats. */
function complexConstsAsParts(graph: Graph): Graph {
  const weights = new Map(graph.weights);
  const nodes = graph.nodes.flatMap((node) => {
    const weight = node.op === "Const" ? weights.get(node.name) : undefined;
    if (weight?.kind !== "stored" || weight.dtype !== "complex64") return node;
    const parts = `${node.name}/parts`;
    weights.delete(node.name);
    weights.set(parts, { ...weight, dtype: "float32", shape: [...weight.shape, 2] });
    return [
      { name: parts, op: "Const", input: [], attr: { dtype: { type: "DT_FLOAT" } } },
      { ...node, op: "_ComplexFromParts", input: [parts], attr: {} },
    ];
  });
  return { ...graph, nodes, weights };
}

function inPlain(node: GraphNode): GraphNode {
  const { op, attr } = node;
  const typeOf = (name: string): unknown => asJsonObject(attr[name]).type;
  const isComplex = (type: unknown): boolean => type === "DT_COMPLEX64" || type === "DT_COMPLEX128";
  if (op === "Cast")
    return isComplex(typeOf("SrcT")) || isComplex(typeOf("DstT")) ? { ...node, op: "_ComplexCast" } : node;
  const type = typeOf(op.startsWith("Gather") ? "Tparams" : "T");
  if (type === "DT_STRING" && /^Add(V2)?$/.test(op)) return { ...node, op: "StringJoin", attr: { N: { i: "2" } } };
  const arithmetic = isComplex(type) ? COMPLEX.get(op) : undefined;
  const move = type === "DT_STRING" || isComplex(type) ? MOVES.get(op) : undefined;
  const own = arithmetic ?? move;
  return own === undefined ? node : { ...node, op: own };
}
