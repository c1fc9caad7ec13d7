import type { GraphNode } from "../graph/graph.js";
import type { FusedActivation } from "./activation.js";
import type { ChannelAxes } from "./fold-arithmetic.js";
import type { LinearNode } from "./linear-node.js";

export type FoldingStep =
  | "batch-normalizations-folded"
  | "scales-and-shifts-folded"
  | "biases-fused"
  | "activations-fused";

/** A linear node, and what has been folded into it so far. */
export interface Chain {
  readonly linear: LinearNode;
  /** The linear node and the nodes after it. Each is the only reader of the one before. */
  readonly members: readonly GraphNode[];
  /** A member that only rearranges axes, and the axes that it gives to the channels. */
  readonly view?: { readonly node: GraphNode; readonly axes: ChannelAxes };
  readonly steps: readonly FoldingStep[];
  readonly activation?: FusedActivation;
}
