import { asJsonObject } from "../artifacts.js";
import { parseReference, type GraphNode } from "../graph/graph.js";
import { integersOf } from "./attributes.js";
import type { Constants } from "./constants.js";
import type { ChannelAxes } from "./fold-arithmetic.js";
import type { LinearNode } from "./linear-node.js";

/**
 * The axes that a Reshape or Squeeze gives to a linear node's channels, if they stay last; else `undefined`. Operations per channel
 * can then be moved in front of it. Dense layers on sequences and one-dimensional convolutions are written in this way.
 */
export function viewedAxes(
  { channelCount, rank }: LinearNode,
  next: GraphNode,
  byName: ReadonlyMap<string, GraphNode>,
  constants: Constants,
): ChannelAxes | undefined {
  if (next.op === "Squeeze") {
    const dims = integersOf(next.attr.squeeze_dims ?? next.attr.axis);
    const isLastKept = dims.length > 0 && dims.every((axis) => axis !== -1 && axis !== rank - 1);
    return isLastKept && rank === 4 ? [channelCount] : undefined;
  }
  if (next.op !== "Reshape") return undefined;
  const sizes = lastSizes(next.input[1], byName, constants);
  let product = 1;
  for (let count = 1; count <= sizes.length; count++) {
    product *= sizes.at(-count)!;
    if (product === channelCount) return sizes.slice(-count);
  }
  return undefined;
}

/** The last sizes of a shape, as many as are known. */
function lastSizes(
  reference: string | undefined,
  byName: ReadonlyMap<string, GraphNode>,
  constants: Constants,
): readonly number[] {
  const known = constants.integers(reference);
  if (known !== undefined) return known.slice(known.lastIndexOf(-1) + 1);
  const node = reference === undefined ? undefined : byName.get(parseReference(reference).node);
  const isJoined = node?.op === "ConcatV2" || (node?.op === "Pack" && (asJsonObject(node.attr.axis).i ?? 0) === "0");
  if (node === undefined || !isJoined) return [];
  const pieces = node.op === "Pack" ? node.input : node.input.slice(0, -1);
  const sizes: number[] = [];
  for (const piece of pieces.toReversed()) {
    const values = constants.integers(piece);
    if (values === undefined || values.includes(-1)) break;
    sizes.unshift(...values);
  }
  return sizes;
}
