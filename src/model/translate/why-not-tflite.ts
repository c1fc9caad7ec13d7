import { ShardError } from "../../core/errors.js";
import type { GraphWire, TfjsWire } from "../../protocol/model-on-wire.js";
import { untranslatable } from "./refusal.js";
import { translateGraph, type InputShapes } from "./translate-graph.js";

/** Sizes that free axes are tried with, other than the batch: pictures must be large enough for a model to have something to compute. */
const TRIED_SIZES = [64, 256] as const;

/**
 * Why a TF.js model can't be written for TensorFlow Lite; `undefined` if it can. Nothing is written, and of the weights only small lists of
 * whole numbers are read. O(nodes).
 */
export function whyNotTflite(wire: TfjsWire): string | undefined {
  try {
    if (wire.format === "layers-model") throw untranslatable("TF.js layers, which are no graph");
    trialShapesOf(wire);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof ShardError) return thrown.message;
    throw thrown;
  }
}

/**
 * Shapes that a graph can be translated for: one item, and for other free sizes the first that it takes.
 * @returns `undefined` if it takes none that is tried here, or if an input does not state its rank, as those of stages: then only a call
 *          shows it.
 * @throws ShardError "model-unsupported" for a graph that can't be written whatever the sizes, "model-failed" for fixed sizes that do not
 *         fit, "model-malformed"
 */
export function trialShapesOf(wire: GraphWire): InputShapes | undefined {
  const { inputs } = wire;
  if (inputs.some(({ shape }) => shape === undefined)) return undefined;
  const isFree = inputs.some(({ shape = [] }) => shape.includes(-1));
  for (const size of TRIED_SIZES) {
    const sizesOf = (shape: readonly number[]): number[] =>
      shape.map((each, axis) => (each !== -1 ? each : axis === 0 ? 1 : size));
    const shapes = Object.fromEntries(inputs.map(({ name, shape = [] }) => [name, sizesOf(shape)]));
    try {
      translateGraph(wire, shapes);
      return shapes;
    } catch (thrown) {
      const mayFit = thrown instanceof ShardError && thrown.code === "model-failed" && isFree;
      if (!mayFit) throw thrown;
    }
  }
  return undefined;
}
