import { asJsonObject, type JsonObject } from "../artifacts.js";
import type { Graph } from "../graph/graph.js";
import { mapFunctionNodes } from "../graph/map-function-nodes.js";
import { numberOutputs } from "./number-outputs.js";

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

/** Arithmetic on complex numbers, and passing them on, which copies memory on WASM. */
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
  ["Identity", "_ComplexIdentity"],
  ["StopGradient", "_ComplexIdentity"],
  ["Snapshot", "_ComplexIdentity"],
]);

/**
 * Let ops on strings and complex numbers run in plain code: TF.js's kernels fail on them or read other memory, on some backends. The
 * types are what the nodes' attributes state. O(nodes).
 */
export function moveInPlain(graph: Graph): Graph {
  const library = numberOutputs(mapFunctionNodes(graph.library, inPlain));
  return complexConstsAsParts({
    ...graph,
    nodes: graph.nodes.map((node) => ({ ...node, ...inPlain(node.op, node.attr) })),
    library,
  });
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

/** The op and the attributes that a node of this op gets; none if it stays. */
function inPlain(op: string, attr: JsonObject): { readonly op?: string; readonly attr?: JsonObject } {
  const typeOf = (name: string): unknown => asJsonObject(attr[name]).type;
  const isComplex = (type: unknown): boolean => type === "DT_COMPLEX64" || type === "DT_COMPLEX128";
  if (op === "Cast") return isComplex(typeOf("SrcT")) || isComplex(typeOf("DstT")) ? { op: "_ComplexCast" } : {};
  const type = typeOf(op.startsWith("Gather") ? "Tparams" : "T");
  if (type === "DT_STRING" && /^Add(V2)?$/.test(op)) return { op: "StringJoin", attr: { N: { i: "2" } } };
  const arithmetic = isComplex(type) ? COMPLEX.get(op) : undefined;
  const move = type === "DT_STRING" || isComplex(type) ? MOVES.get(op) : undefined;
  const own = arithmetic ?? move;
  return own === undefined ? {} : { op: own };
}
