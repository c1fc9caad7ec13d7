import type { PlainNode, PlainOp } from "./plain-node.js";
import { bools, numbersOf, type PlainTensor } from "./plain-tensor.js";

/** Whether each row's target is among its k largest predictions. Predictions equal to the target's don't count against it. */
function inTopK(node: PlainNode): PlainTensor {
  const [predictions, targets] = [node.floats(0), node.ints(1)];
  const k = node.op === "InTopKV2" ? node.scalar(2) : node.number("k");
  const width = predictions.shape[1] ?? node.fail("predictions of two axes");
  return bools(
    targets.shape,
    Array.from(targets.data, (target, row) => {
      const values = predictions.data.subarray(row * width, (row + 1) * width);
      const own = values[target];
      if (own === undefined || !Number.isFinite(own) || values.some((value) => !Number.isFinite(value))) return false;
      return values.filter((value) => value > own).length < k;
    }),
  );
}

/** The n-th smallest value along the last axis, or the n-th largest. */
function nthElement(node: PlainNode): PlainTensor {
  const [{ dtype, shape, data }, n] = [node.numbers(0), node.scalar(1)];
  const width = shape.at(-1) ?? node.fail("an input with at least one axis");
  const at = node.flag("reverse") ? width - 1 - n : n;
  if (at < 0 || at >= width) node.fail(`n below ${width}, received ${n}`);
  const rows = width === 0 ? 0 : data.length / width;
  const values = Array.from({ length: rows }, (_, row) => data.slice(row * width, (row + 1) * width).sort()[at]!);
  return numbersOf(dtype, shape.slice(0, -1), values);
}

export const RANKING_OPS: Readonly<Record<string, PlainOp>> = {
  InTopK: inTopK,
  InTopKV2: inTopK,
  NthElement: nthElement,
};
