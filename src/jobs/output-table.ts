import type { DType, Outputs, Tensor } from "../protocol/tensors.js";
import { topK, type RankedClass } from "./top-k.js";

/** One output of one item, as a table shows it. */
export interface OutputCell {
  readonly dtype: DType;
  /** The item's shape, without the axis of the batch. */
  readonly shape: readonly number[];
  readonly first: readonly (number | string)[];
  /** `undefined` for strings and for an empty output. */
  readonly range: ValueRange | undefined;
  /** The best classes, if the output looks like scores. */
  readonly classes: readonly RankedClass[] | undefined;
}

export interface ValueRange {
  readonly min: number;
  readonly max: number;
  /** Over all values but NaN; NaN if there are none. */
  readonly mean: number;
  /** Row-major position of the first greatest value. */
  readonly maxAt: number;
  readonly nanCount: number;
}

const SHOWN_CLASSES = 3;
const SHOWN_VALUES = 4;
/** A float16 model's probabilities add up to 1 within about this. */
const SUM_TOLERANCE = 5e-3;

/**
 * Describe one item for a table: the kind and the values of each output, and the best classes of outputs that look like
 * scores, [1, classes]. An output counts as scores if there is a label for each class, or if it holds probabilities:
 * 0…1 that add up to 1.
 *
 * @param outputs of one item, as `predict` returns them for a batch of one.
 * @returns one cell per output, by name.
 */
export function describeOutputs(outputs: Outputs, labels?: readonly string[]): Record<string, OutputCell> {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, value]) => [
      name,
      describe(value.dtype === "ragged" ? (value.items[0] ?? EMPTY) : value, labels),
    ]),
  );
}

/** What stands for an output that has nothing for this item. */
const EMPTY: Tensor = { dtype: "float32", shape: [1, 0], data: new Float32Array(0) };

function describe(tensor: Tensor, labels: readonly string[] | undefined): OutputCell {
  const { dtype, shape, data } = tensor;
  const fitting = labels?.length === shape[1] ? labels : undefined;
  return {
    dtype,
    shape: shape.slice(1),
    first: Array.from<number | string>(data.slice(0, SHOWN_VALUES)),
    range: dtype === "string" ? undefined : rangeOf(data),
    classes: isScores(tensor, labels) ? topK(tensor, fitting, SHOWN_CLASSES)[0] : undefined,
  };
}

function isScores({ dtype, shape, data }: Tensor, labels: readonly string[] | undefined): boolean {
  if (dtype !== "float32" || shape.length !== 2 || shape[1]! < 2) return false;
  if (labels?.length === shape[1]) return true;
  const sum = data.reduce((total, value) => total + value, 0);
  return data.every((value) => value >= 0 && value <= 1) && Math.abs(sum - 1) <= SUM_TOLERANCE;
}

function rangeOf(data: ArrayLike<number>): ValueRange | undefined {
  if (data.length === 0) return undefined;
  let min = Infinity;
  let max = -Infinity;
  let maxAt = -1;
  let nanCount = 0;
  let sum = 0;
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    if (Number.isNaN(value)) {
      nanCount++;
      continue;
    }
    sum += value;
    if (value < min) min = value;
    if (value > max || maxAt < 0) {
      max = value;
      maxAt = i;
    }
  }
  if (nanCount === data.length) return { min: NaN, max: NaN, mean: NaN, maxAt: 0, nanCount };
  return { min, max, mean: sum / (data.length - nanCount), maxAt, nanCount };
}
