import { allAtOnce, type Steps } from "../../core/steps.js";
import type { Graph } from "../graph/graph.js";
import { Constants } from "./constants.js";
import { dropPassive } from "./drop-passive.js";
import { explainUnfused } from "./explain-unfused.js";
import { foldConstants, pruneUnread } from "./fold-constants.js";
import { foldLinear } from "./fold-linear.js";
import { foldPadding } from "./fold-padding.js";
import { lowerEinsum } from "./lower-einsum.js";
import { recogniseRecurrences } from "../recurrences/recognise-recurrences.js";
import type { OptimizationReport } from "./optimization-report.js";
import { recognisePrelu } from "./recognise-prelu.js";
import { splitFused } from "./split-fused.js";

/**
 * Rewrite a graph so that it computes the same with fewer and larger operations. The passes replace
 * the loops of recurrent layers by one operation each, drop nodes that only pass data on, write
 * einsums as matrix products, split fused operations that TF.js can't run, let convolutions pad, fold batch normalisations and
 * constant scales and shifts into the convolution or product before them, fuse biases and activations, and compute once what depends
 * only on weights.
 *
 * Pure planning: weights stay recipes, and only small constants are read (shapes, paddings, bounds). Results differ from the
 * original's only by rounding. Nodes in loops, branches and functions, and patterns that are not fully understood, are not changed.
 *
 * @param weightData the data that the recipes' offsets count from.
 * O(nodes + edges). Source: batch normalisation folding as in Jacob et al., Quantization and Training of Neural Networks (2018),
 * section 3.2.
 */
export function optimiseGraph(
  original: Graph,
  weightData: ArrayBuffer | SharedArrayBuffer,
): { graph: Graph; report: OptimizationReport } {
  return allAtOnce(optimiseInSteps(original, weightData));
}

/** As `optimiseGraph`, in steps. */
export function* optimiseInSteps(
  original: Graph,
  weightData: ArrayBuffer | SharedArrayBuffer,
): Steps<{ graph: Graph; report: OptimizationReport }> {
  const recognised = recogniseRecurrences(original, weightData);
  yield;
  const dropped = dropPassive(recognised.graph);
  yield;
  const lowered = lowerEinsum(dropped.graph, new Constants(dropped.graph, weightData));
  yield;
  const parted = splitFused(lowered.graph, new Constants(lowered.graph, weightData));
  yield;
  const padded = foldPadding(parted.graph, new Constants(parted.graph, weightData));
  yield;
  const sloped = recognisePrelu(padded.graph, new Constants(padded.graph, weightData));
  yield;
  const linear = foldLinear(sloped.graph, new Constants(sloped.graph, weightData));
  yield;
  const pruned = pruneUnread(linear.graph, weightData);
  yield;
  const folded = foldConstants(pruned, weightData);
  yield;
  const graph = pruneUnread(folded.graph, weightData);
  yield;
  const done = {
    ...linear.done,
    "recurrences-recognized": recognised.count,
    "identities-dropped": dropped.count,
    "einsums-lowered": lowered.count,
    "fused-operations-split": parted.count,
    "paddings-folded": padded.count,
    "prelus-recognized": sloped.count,
    "constants-folded": folded.count,
  };
  return {
    graph,
    report: {
      isOptimized: Object.values(done).some((count) => count > 0),
      done,
      corrections: [],
      notDone: [...lowered.notDone, ...explainUnfused(graph, weightData)],
    },
  };
}
