import type { Outputs, Tensor } from "../protocol/tensors.js";
import { topK, type RankedClass } from "./top-k.js";

/** What is shown of one output of one item. */
export type OutputCell =
  | { readonly kind: "ranked"; readonly classes: readonly RankedClass[] }
  | {
      readonly kind: "values";
      /** Of the item, without the batch's axis. */
      readonly shape: readonly number[];
      readonly first: readonly (number | string)[];
      /** `undefined` for texts and for an empty output. */
      readonly range: ValueRange | undefined;
    };

export interface ValueRange {
  readonly min: number;
  readonly max: number;
  /** Row-major position of the first greatest value. */
  readonly maxAt: number;
  readonly nanCount: number;
}

const SHOWN_CLASSES = 3;
const SHOWN_VALUES = 4;
/** A float16 model's probabilities add up to 1 within about this. */
const SUM_TOLERANCE = 5e-3;

/**
 * What a table says of one item: the best classes of what looks like scores, [1, classes], else shape and values.
 * An output is scores if it has a label for each class, or holds probabilities: 0…1, adding up to 1.
 *
 * @param outputs of one item, as `predict` gives a batch of one.
 * @returns one cell per output, by its name.
 */
export function describeOutputs(outputs: Outputs, labels?: readonly string[]): Record<string, OutputCell> {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, value]) => [name, describe(Array.isArray(value) ? value[0]! : value, labels)]),
  );
}

function describe(tensor: Tensor, labels: readonly string[] | undefined): OutputCell {
  if (isScores(tensor, labels)) {
    const fitting = labels?.length === tensor.shape[1] ? labels : undefined;
    return { kind: "ranked", classes: topK(tensor, fitting, SHOWN_CLASSES)[0]! };
  }
  const { shape, data } = tensor;
  const first = Array.from<number | string>(data.slice(0, SHOWN_VALUES));
  return {
    kind: "values",
    shape: shape.slice(1),
    first,
    range: tensor.dtype === "string" ? undefined : rangeOf(tensor.data),
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
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    if (Number.isNaN(value)) nanCount++;
    if (value < min) min = value;
    if (value > max || (maxAt < 0 && value === max)) {
      max = value;
      maxAt = i;
    }
  }
  return nanCount === data.length ? { min: NaN, max: NaN, maxAt: 0, nanCount } : { min, max, maxAt, nanCount };
}
