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
 * @returns `undefined` if an input does not state its rank, as those of stages.
 * @throws ShardError "model-unsupported" for a graph that can't be written for any, "model-malformed"
 */
export function trialShapesOf(wire: GraphWire): InputShapes | undefined {
  const { inputs } = wire;
  if (inputs.some(({ shape }) => shape === undefined)) return undefined;
  const shapesWith = (free: number): InputShapes =>
    Object.fromEntries(
      inputs.map(({ name, shape = [] }) => [
        name,
        shape.map((size, axis) => (size === -1 ? (axis === 0 ? 1 : free) : size)),
      ]),
    );
  const hasFree = inputs.some(({ shape = [] }) => shape.some((size, axis) => size === -1 && axis > 0));
  let refusal: unknown;
  for (const free of hasFree ? TRIED_SIZES : [1]) {
    try {
      translateGraph(wire, shapesWith(free));
      return shapesWith(free);
    } catch (thrown) {
      refusal ??= thrown;
    }
  }
  throw refusal;
}
