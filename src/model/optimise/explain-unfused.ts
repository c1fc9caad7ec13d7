import { parseReference, type Graph, type GraphNode } from "../graph/graph.js";
import { functionNodes } from "../wire-graph.js";
import { fusedOps, textOf } from "./attributes.js";
import { Constants } from "./constants.js";
import { isLinearOp } from "./linear-node.js";
import type { OptimizationReport } from "./optimization-report.js";
import { readersOf, type Readers } from "./readers.js";

type NotDone = OptimizationReport["notDone"][number];

const FUSIBLE = /^(FusedBatchNorm(V2|V3)?|Relu6?|Elu|Sigmoid|LeakyRelu|Prelu)$/;

interface Context {
  readonly byName: ReadonlyMap<string, GraphNode>;
  readonly readers: Readers;
  readonly constants: Constants;
}

/** List every batch normalisation and activation that is still a separate operation, and why. */
export function explainUnfused(graph: Graph, weightData: ArrayBuffer | SharedArrayBuffer): NotDone[] {
  const byName = new Map(graph.nodes.map((node) => [node.name, node]));
  const context = { byName, readers: readersOf(graph), constants: new Constants(graph, weightData) };
  const left = graph.nodes.flatMap((node): NotDone[] =>
    FUSIBLE.test(node.op) ? [{ what: `${kindOf(node)} "${node.name}"`, reason: reasonFor(node, context) }] : [],
  );
  const inFunctions = functionNodes(graph.library).length;
  if (inFunctions === 0) return left;
  const what = `${inFunctions} operations in the bodies of If and While`;
  return [...left, { what, reason: "operations in branches and loops are not changed" }];
}

function kindOf({ op }: GraphNode): string {
  return op.startsWith("FusedBatchNorm") ? "batch normalisation" : `activation ${op}`;
}

function reasonFor(node: GraphNode, { byName, readers, constants }: Context): string {
  const [input = ""] = node.input;
  const source = throughViews(byName.get(parseReference(input).node), byName);
  if (source === undefined || source.op.startsWith("Placeholder")) return "it reads an input of the model";
  const what = `${source.op} "${source.name}"`;
  if (!isLinearOp(source.op)) return `it follows ${what}: it can only be fused into convolutions and dense layers`;
  if (constants.get(source.input[1]) === undefined) return `it follows ${what}, whose weights are not constant`;
  if (source.op === "Conv2DBackpropInput" && !node.op.startsWith("FusedBatchNorm")) {
    return `it follows ${what}: TF.js fuses nothing into transposed convolutions`;
  }
  if ([source, node].some(({ attr }) => textOf(attr.data_format, "NHWC") !== "NHWC"))
    return "the channels are not the last axis";
  if (fusedOps(source.attr).length > 1) return `it follows ${what}, which already has an activation`;
  if ((readers.get(source.name) ?? []).length > 1) return `the result of ${what} is also read elsewhere`;
  if (node.op === "LeakyRelu") return "TF.js's depthwise convolution doesn't support a slope";
  return node.op === "Prelu"
    ? "its slopes differ along axes other than the channels"
    : "its parameters are not one constant per channel";
}

/** The node that computes a tensor, before it is reshaped. */
function throughViews(node: GraphNode | undefined, byName: ReadonlyMap<string, GraphNode>): GraphNode | undefined {
  let source = node;
  for (let depth = 0; source !== undefined && /^(Reshape|Squeeze)$/.test(source.op) && depth < 8; depth++) {
    source = byName.get(parseReference(source.input[0] ?? "").node);
  }
  return source;
}
