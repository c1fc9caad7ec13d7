import type { ItemRange } from "../../core/dispatch/types.js";
import { tensorsOf, type ShardOutput } from "../../protocol/outputs.js";
import { elementCountOf, type Tensor } from "../../protocol/tensors.js";

/** What the values of an output are at a glance. "zero": all of them. Outputs that are not float32 are "finite". */
export type Look = "finite" | "non-finite" | "zero";

/**
 * Look at every value of an output. Under 1 ns per value.
 * @param isPassing it only passes on to the next stage, so that one value in seven is looked at: where a worker fails, most are wrong.
 */
export function lookOver(output: ShardOutput, isPassing = false): Look {
  let isZero = true;
  for (const { dtype, data } of tensorsOf(output)) {
    if (dtype !== "float32") return "finite";
    if (!(isPassing ? seemsFinite(data) : hasOnlyFinite(data))) return "non-finite";
    isZero = isZero && isAllZero(data);
  }
  return isZero && tensorsOf(output).some(({ data }) => data.length > 0) ? "zero" : "finite";
}

function isAllZero(data: Float32Array): boolean {
  for (const value of data) if (value !== 0) return false;
  return true;
}

/**
 * Whether all values are finite: their sum then is, too, since it is a double and they are not. Eight sums, so that the additions need
 * not wait for each other: every output of every job is looked at.
 */
function hasOnlyFinite(data: Float32Array): boolean {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let e = 0;
  let f = 0;
  let g = 0;
  let h = 0;
  const end = data.length - 7;
  let i = 0;
  for (; i < end; i += 8) {
    a += data[i]!;
    b += data[i + 1]!;
    c += data[i + 2]!;
    d += data[i + 3]!;
    e += data[i + 4]!;
    f += data[i + 5]!;
    g += data[i + 6]!;
    h += data[i + 7]!;
  }
  for (; i < data.length; i++) a += data[i]!;
  return Number.isFinite(a + b + c + d + e + f + g + h);
}

function seemsFinite(data: Float32Array): boolean {
  let sum = 0;
  for (let i = 0; i < data.length; i += 7) sum += data[i]!;
  return Number.isFinite(sum);
}

/** The rows from the first with a value that is not finite to the last; `undefined` if there are none. */
export function nonFiniteRows(output: ShardOutput): ItemRange | undefined {
  const { first, last } = nonFiniteBounds(output);
  return first < 0 ? undefined : { firstItem: first, itemCount: last - first + 1 };
}

function nonFiniteBounds(output: ShardOutput): { first: number; last: number } {
  if (output.kind === "ragged") {
    const isOdd = ({ dtype, data }: Tensor): boolean => dtype === "float32" && !hasOnlyFinite(data);
    return { first: output.items.findIndex(isOdd), last: output.items.findLastIndex(isOdd) };
  }
  const { dtype, data, shape } = output.tensor;
  if (dtype !== "float32") return { first: -1, last: -1 };
  const isOdd = (value: number): boolean => value - value !== 0;
  const rowSize = Math.max(1, elementCountOf(shape.slice(1)));
  return { first: Math.floor(data.findIndex(isOdd) / rowSize), last: Math.floor(data.findLastIndex(isOdd) / rowSize) };
}

/** The row of a dense float32 output with the largest value: a difference shows best there. 0 if the output is of another kind. */
export function largestRow(output: ShardOutput): number {
  if (output.kind === "ragged" || output.tensor.dtype !== "float32") return 0;
  const { data, shape } = output.tensor;
  let at = 0;
  let largest = -1;
  for (let i = 0; i < data.length; i++) {
    const size = Math.abs(data[i]!);
    if (size <= largest) continue;
    largest = size;
    at = i;
  }
  return Math.floor(at / Math.max(1, elementCountOf(shape.slice(1))));
}
