import { ShardError } from "../core/errors.js";
import type { Outputs, OutputValue, Tensor } from "../protocol/tensors.js";

/** One class of an item's scores. */
export interface RankedClass {
  /** The class's number as text where there are no labels. */
  readonly label: string;
  readonly index: number;
  readonly score: number;
}

/**
 * The k highest scores of each item, highest first; of equal ones the first comes first, and NaN comes last.
 *
 * @param outputs what `predict` returned, with one output of scores, [n, classes]; or that output itself.
 * @param labels one per class, or none.
 * @param k ≥ 1; as many as there are classes where it is more. Default 5.
 * @returns one list per item.
 * @throws ShardError "invalid-input" where there is no such output, or several, or not as many labels as classes;
 *         "invalid-options" for k.
 * O(n · classes · k).
 */
export function topK(outputs: Outputs | OutputValue, labels?: readonly string[], k = 5): RankedClass[][] {
  if (!Number.isSafeInteger(k) || k < 1) {
    throw new ShardError("invalid-options", `Expected k to be a whole number ≥ 1, received ${String(k)}: correct it.`);
  }
  const isGiven = typeof outputs === "object" && outputs !== null;
  if (!isGiven || (Array.isArray(outputs) && !outputs.every((each) => typeof each === "object" && "shape" in each))) {
    throw new ShardError(
      "invalid-input",
      `Expected the outputs of a model, received ${isGiven ? "a list of other things than tensors" : typeof outputs}: pass what predict gave.`,
    );
  }
  return scoresOf(outputs).map((scores) => {
    if (labels !== undefined && labels.length !== scores.length) {
      throw new ShardError(
        "invalid-input",
        `Expected a label for each of ${scores.length} classes, received ${labels.length}: these labels belong to another model.`,
      );
    }
    return highest(scores, k).map((index) => ({
      label: labels?.[index] ?? String(index),
      index,
      score: Number(scores[index]),
    }));
  });
}

/** Numbers of one item's scores. */
type Scores = ArrayLike<number>;

/** One item's scores where the tensor holds just that: [classes] or [1, classes]. */
function scoresOf(outputs: Outputs | OutputValue): Scores[] {
  const value = isOutputValue(outputs) ? outputs : onlyScores(outputs);
  if (Array.isArray(value)) return value.flatMap((item) => rowsOf(item.shape.length === 1 ? asBatch(item) : item));
  return rowsOf(value);
}

function isOutputValue(outputs: Outputs | OutputValue): outputs is OutputValue {
  return Array.isArray(outputs) || (Array.isArray(outputs.shape) && typeof outputs.dtype === "string");
}

function asBatch(item: Tensor): Tensor {
  return { ...item, shape: [1, ...item.shape] };
}

function onlyScores(outputs: Outputs): OutputValue {
  const fitting = Object.values(outputs).filter((value) => {
    const tensors = Array.isArray(value) ? value : [value];
    return tensors.every(({ dtype, shape }) => dtype !== "string" && shape.length === 2);
  });
  if (fitting.length === 1) return fitting[0]!;
  const shapes = Object.entries(outputs).map(
    ([name, value]) =>
      `"${name}" ${JSON.stringify(Array.isArray(value) ? value.map(({ shape }) => shape) : value.shape)}`,
  );
  throw new ShardError(
    "invalid-input",
    `Expected one output of scores, [n, classes], received ${shapes.join(", ").slice(0, 300)}: pass the output itself.`,
  );
}

function rowsOf(tensor: Tensor): Scores[] {
  const { dtype, shape, data } = tensor;
  if (dtype === "string" || shape.length !== 2) {
    throw new ShardError(
      "invalid-input",
      `Expected scores of shape [n, classes], received ${dtype} of shape ${JSON.stringify(shape)}: pass the output that has them.`,
    );
  }
  const classCount = shape[1]!;
  return Array.from({ length: shape[0]! }, (_, item) => data.subarray(item * classCount, (item + 1) * classCount));
}

/** Indices of the k highest, by insertion into a short sorted list. */
function highest(scores: Scores, k: number): number[] {
  const ranked: number[] = [];
  for (let index = 0; index < scores.length; index++) {
    if (ranked.length === k && !isAbove(scores[index]!, scores[ranked[k - 1]!]!)) continue;
    let at = ranked.length;
    while (at > 0 && isAbove(scores[index]!, scores[ranked[at - 1]!]!)) at--;
    ranked.splice(at, 0, index);
    if (ranked.length > k) ranked.pop();
  }
  return ranked;
}

function isAbove(a: number, b: number): boolean {
  return a > b || (Number.isNaN(b) && !Number.isNaN(a));
}
