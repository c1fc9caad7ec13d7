import type { OutputValue, Tensor } from "inference-sharder";
import type { StoredCase } from "./case-record.js";

const TOLERANCE = 1e-4;
/** Of models that compute with half precision. */
const HALF_TOLERANCE = 2e-3;

export interface CaseComparison {
  /** What differs; "" if nothing does. */
  readonly problem: string;
  /** max|a − b| ÷ max|b| of the worst output that was compared. */
  readonly gap: number;
}

/**
 * Compare outputs with the stored ones: same names, or else order, shape, dtype, and values within 1e-4 of the largest.
 *
 * @param received by the model's own names.
 * @param order the model's own names, in its order.
 */
export function compareWithCase(
  { name, outputs }: StoredCase,
  received: Readonly<Record<string, OutputValue | undefined>>,
  order: readonly string[],
): CaseComparison {
  const tolerance = /float16|half/.test(name) ? HALF_TOLERANCE : TOLERANCE;
  const isByName = outputs.every(([key]) => order.includes(key));
  let gap = 0;
  const differs = (problem: string): CaseComparison => ({ problem, gap });
  for (const [index, [key, expected]] of outputs.entries()) {
    const value = received[isByName ? key : (order[index] ?? key)];
    if (value === undefined) return differs(`no output ${key}`);
    if (value.dtype === "ragged") return differs(`${key} is a list of ${value.items.length} tensors`);
    if (expected.dtype === "complex64") return differs(`${key} is complex`);
    if (value.dtype !== expected.dtype || value.shape.join() !== expected.shape.join())
      return differs(
        `${key} is ${value.dtype}[${value.shape.join()}], not ${expected.dtype}[${expected.shape.join()}]`,
      );
    const difference = relativeGap(value, expected);
    gap = Math.max(gap, difference);
    if (!(difference <= tolerance)) return differs(`${key} differs by ${Number(difference.toPrecision(3))}`);
  }
  return { problem: "", gap };
}

/** max|a − b| ÷ max|b| of two tensors of one shape and dtype; infinite where only one value is finite, or a text differs. */
function relativeGap(a: Tensor, b: Tensor): number {
  if (a.data.length !== b.data.length) return Infinity;
  let [largest, gap] = [0, 0];
  for (let i = 0; i < b.data.length; i++) {
    const isSame = Object.is(a.data[i], b.data[i]);
    const [x, y] = [Number(a.data[i]), Number(b.data[i])];
    if (!isSame && (b.dtype === "string" || !Number.isFinite(x) || !Number.isFinite(y))) return Infinity;
    if (Number.isFinite(y)) largest = Math.max(largest, Math.abs(y));
    if (!isSame) gap = Math.max(gap, Math.abs(x - y));
  }
  return gap === 0 ? 0 : gap / largest;
}
