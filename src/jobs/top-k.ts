import { ShardError } from "../core/errors.js";
import { orShardError } from "../protocol/raw-errors.js";
import type { Outputs, OutputValue, Tensor } from "../protocol/tensors.js";

/** One class with an item's score for it. */
export interface RankedClass {
  /** The class's index as text if there are no labels. */
  readonly label: string;
  readonly index: number;
  readonly score: number;
}

/**
 * The k highest scores of each item, highest first. Equal scores keep the order of their classes, and NaN comes last.
 *
 * @param outputs what `predict` returned, with exactly one output of scores, [n, classes]; or that output itself.
 * @param labels one per class, or none.
 * @param k ≥ 1; limited to the number of classes. Default 5.
 * @returns one list per item.
 * @throws ShardError "invalid-input" if there are no or several outputs of scores, or if the numbers of labels and
 *         classes differ; "invalid-options" for k.
 * O(n · classes · k).
 */
export function topK(outputs: Outputs | OutputValue, labels?: readonly string[], k = 5): RankedClass[][] {
  return orShardError("invalid-input", "the outputs of a model", "pass what predict returned", () =>
    rankAll(outputs, labels, k),
  );
}

function rankAll(outputs: Outputs | OutputValue, labels: readonly string[] | undefined, k: number): RankedClass[][] {
  if (!Number.isSafeInteger(k) || k < 1) {
    throw new ShardError("invalid-options", `Expected k to be a whole number ≥ 1, received ${String(k)}: correct it.`);
  }
  const isGiven = typeof outputs === "object" && outputs !== null;
  if (!isGiven || Array.isArray(outputs)) {
    throw new ShardError(
      "invalid-input",
      `Expected the outputs of a model, received ${isGiven ? "a list" : typeof outputs}: pass what predict returned.`,
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

/** The scores of one item. */
type Scores = ArrayLike<number>;

/** The scores of each item, out of one tensor, [n, classes], or of one per item, [classes] or [1, classes]. */
function scoresOf(outputs: Outputs | OutputValue): Scores[] {
  const value = isOutputValue(outputs) ? outputs : onlyScores(outputs);
  if (value.dtype !== "ragged") return rowsOf(value);
  return value.items.flatMap((item) => rowsOf(item.shape.length === 1 ? asBatch(item) : item));
}

function isOutputValue(outputs: Outputs | OutputValue): outputs is OutputValue {
  return Array.isArray(outputs.shape) && typeof outputs.dtype === "string";
}

function asBatch(item: Tensor): Tensor {
  return { ...item, shape: [1, ...item.shape] };
}

function onlyScores(outputs: Outputs): OutputValue {
  const fitting = Object.values(outputs).filter((value) => {
    const tensors = value.dtype === "ragged" ? value.items : [value];
    return tensors.every(({ dtype, shape }) => dtype !== "string" && shape.length === 2);
  });
  if (fitting.length === 1) return fitting[0]!;
  const shapes = Object.entries(outputs).map(
    ([name, value]) =>
      `"${name}" ${JSON.stringify(value.dtype === "ragged" ? value.items.map(({ shape }) => shape) : value.shape)}`,
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

/** Indices of the k highest scores, by insertion into a short sorted list. */
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
