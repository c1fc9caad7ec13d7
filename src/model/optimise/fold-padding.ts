import { parseReference, type Graph, type GraphNode } from "../graph/graph.js";
import { integersOf, textOf } from "./attributes.js";
import type { Constants } from "./constants.js";
import { readersOf } from "./readers.js";

/** Ops for which TF.js supports explicit paddings on every backend. Its pooling doesn't. */
const PADDABLE = /^(Conv2D|_FusedConv2D|DepthwiseConv2dNative|FusedDepthwiseConv2dNative)$/;

/**
 * Let convolutions pad their input themselves. This is done if a node pads height and width with zeros, and if all its readers are
 * convolutions without automatic padding ("SAME"). Exact.
 */
export function foldPadding(graph: Graph, constants: Constants): { graph: Graph; count: number } {
  const byName = new Map(graph.nodes.map((node) => [node.name, node]));
  const readers = readersOf(graph);
  const padded = new Map<string, GraphNode>();
  const dropped = new Set<string>();
  for (const node of graph.nodes) {
    const paddings = zeroPaddings(node, constants);
    if (paddings === undefined) continue;
    const convolutions = (readers.get(node.name) ?? []).map((name) =>
      name === undefined ? undefined : padAlso(byName.get(name), node, paddings),
    );
    if (convolutions.length === 0 || !convolutions.every((each) => each !== undefined)) continue;
    for (const convolution of convolutions) padded.set(convolution.name, convolution);
    dropped.add(node.name);
  }
  const nodes = graph.nodes.filter(({ name }) => !dropped.has(name)).map((node) => padded.get(node.name) ?? node);
  return { graph: { ...graph, nodes }, count: dropped.size };
}

/** Top, bottom, left and right, in this order, if the node pads pictures with zeros; else `undefined`. */
function zeroPaddings({ op, input }: GraphNode, constants: Constants): readonly number[] | undefined {
  const isPad = op === "Pad" || (op === "PadV2" && constants.scalar(input[2]) === 0);
  if (!isPad || input.some((each) => each.startsWith("^"))) return undefined;
  const paddings = constants.integers(input[1]);
  if (paddings?.length !== 8 || !paddings.every((each) => each >= 0)) return undefined;
  const ofBatchAndChannels = [0, 1, 6, 7].map((index) => paddings[index]!);
  return ofBatchAndChannels.every((each) => each === 0) ? paddings.slice(2, 6) : undefined;
}

/** `reader` with the paddings of `pad` added to its own; `undefined` if it doesn't support them. */
function padAlso(reader: GraphNode | undefined, pad: GraphNode, paddings: readonly number[]): GraphNode | undefined {
  if (reader === undefined || !PADDABLE.test(reader.op)) return undefined;
  const { attr, input } = reader;
  if (
    parseReference(input[0]!).node !== pad.name ||
    input.slice(1).some((each) => parseReference(each).node === pad.name)
  )
    return undefined;
  if (textOf(attr.data_format, "NHWC") !== "NHWC") return undefined;
  const rule = textOf(attr.padding, "");
  const own = rule === "EXPLICIT" ? integersOf(attr.explicit_paddings) : rule === "VALID" ? Array(8).fill(0) : [];
  if (own.length !== 8) return undefined;
  const total = own.map((each: number, index) => each + (paddings[index - 2] ?? 0)).map(String);
  return {
    ...reader,
    input: [pad.input[0]!, ...input.slice(1)],
    attr: { ...attr, padding: { s: btoa("EXPLICIT") }, explicit_paddings: { list: { i: total } } },
  };
}
