import { broadcastShape } from "../constant-expression.js";
import { integersOf } from "../optimise/attributes.js";
import { openSize } from "../optimise/constants.js";
import type { NodeCall } from "./node-call.js";

/** The shape that a Reshape gives, where -1 stands for what remains. @throws ShardError "model-failed" */
export function openShape(call: NodeCall, from: readonly number[], sizes: readonly number[]): readonly number[] {
  return openSize(sizes, from) ?? call.misfit(`[${from.join()}] reshaped to [${sizes.join()}]`);
}

/** The shape without axes of size 1: those that the node names, or all. @throws ShardError "model-failed" */
export function squeezedShape(call: NodeCall, from: readonly number[]): readonly number[] {
  const { attr } = call.node;
  const axes = new Set(integersOf(attr.squeeze_dims ?? attr.axis).map((axis) => call.axisOf(axis, from.length)));
  for (const axis of axes) if (from[axis] !== 1) call.misfit(`axis ${axis} of [${from.join()}] squeezed`);
  return from.filter((size, axis) => (axes.size === 0 ? size !== 1 : !axes.has(axis)));
}

/** @throws ShardError "model-failed" */
export function concatenatedShape(
  call: NodeCall,
  shapes: readonly (readonly number[])[],
  axis: number,
): readonly number[] {
  const [first = []] = shapes;
  const fits = shapes.every(
    (shape) => shape.length === first.length && shape.every((size, each) => each === axis || size === first[each]),
  );
  if (!fits) call.misfit(`parts of shapes ${shapes.map((shape) => `[${shape.join()}]`).join(", ")}`);
  return first.with(
    axis,
    shapes.reduce((sum, shape) => sum + shape[axis]!, 0),
  );
}

/** @throws ShardError "model-failed" */
export function broadcast(call: NodeCall, ...shapes: readonly (readonly number[])[]): readonly number[] {
  return shapes.reduce((a, b) => broadcastShape(a, b) ?? call.misfit(`[${a.join()}] and [${b.join()}] combined`));
}

/** The shape of a reduction. @param axes each counted from the start */
export function reducedShape(shape: readonly number[], axes: readonly number[], keepsAxes: boolean): readonly number[] {
  if (keepsAxes) return shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  return shape.filter((_, axis) => !axes.includes(axis));
}
