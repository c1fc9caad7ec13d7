import type { GraphNode } from "../graph/graph.js";
import type { FusedActivation } from "./activation.js";
import type { ChannelAxes } from "./fold-arithmetic.js";
import type { LinearNode } from "./linear-node.js";

export type FoldingStep =
  | "batch-normalizations-folded"
  | "scales-and-shifts-folded"
  | "biases-fused"
  | "activations-fused";

/** A linear node with what was folded into it so far. */
export interface Chain {
  readonly linear: LinearNode;
  /** The linear node, and what follows it one by one: each reads the one before, and nobody else does. */
  readonly members: readonly GraphNode[];
  /** A member that only rearranges axes, and how it leaves the channels. */
  readonly view?: { readonly node: GraphNode; readonly axes: ChannelAxes };
  readonly steps: readonly FoldingStep[];
  readonly activation?: FusedActivation;
}
