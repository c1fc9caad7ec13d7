import { seededRandom } from "../../core/random.js";
import { sliceRows } from "../../protocol/rows.js";
import type { InputTensor } from "../../protocol/tensors.js";

/** With fewer, a shift by one or a split in halves could go unnoticed. */
export const PROBE_ITEM_COUNT = 3;

type Inputs = Readonly<Record<string, InputTensor>>;

/** How often an element takes the extreme value, so that items differ in sum and norm. */
const EXTREME_SHARE = 0.7;

/**
 * Make three items from the first of a batch: itself, and two that differ from it and each other in sum, extremes, norm and sign, as far
 * as the type allows. Whole numbers stay between the smallest and the largest that the batch has, since they may be indices.
 *
 * @param batchedNames the inputs with a row for each item; the others go along unchanged.
 * @returns `undefined` if no other item can be made, because the items are empty.
 */
export function probeItems(inputs: Inputs, batchedNames: readonly string[]): readonly Inputs[] | undefined {
  const rows = batchedNames.map((name) => [name, threeRows(inputs[name]!)] as const);
  if (rows.every(([, three]) => three[0].data.length === 0)) return undefined;
  return [0, 1, 2].map((index) => ({
    ...inputs,
    ...Object.fromEntries(rows.map(([name, three]) => [name, three[index]!])),
  }));
}

type Three<T> = readonly [T, T, T];

function threeRows(tensor: InputTensor): Three<InputTensor> {
  const first = sliceRows(tensor, 0, 1);
  if (first.dtype === "string") {
    const texts = first.data;
    return [
      first,
      { ...first, data: texts.map((text) => `${text}x`) },
      { ...first, data: texts.toReversed().map((text) => text.slice(1)) },
    ];
  }
  const { length } = first.data;
  const random = seededRandom(length + 1);
  const chances = Array.from({ length }, () => random());
  const isExtreme = (index: number): boolean => index === 0 || chances[index]! < EXTREME_SHARE;
  const values: ArrayLike<number> = first.data;
  const turned = (index: number): number => values[(index + 1) % length]!;
  const mirrored = (index: number): number => values[length - 1 - index]!;
  if (tensor.dtype === "bool") {
    return [
      first,
      fillLike(first, (index) => (isExtreme(index) ? 1 : turned(index))),
      fillLike(first, (index) => (isExtreme(index) ? 0 : mirrored(index))),
    ];
  }
  const { smallest, largest, areWhole } = rangeOf(tensor.data as ArrayLike<number>);
  if (areWhole) {
    if (smallest < largest) {
      return [
        first,
        fillLike(first, (index) => (isExtreme(index) ? largest : turned(index))),
        fillLike(first, (index) => (isExtreme(index) ? smallest : mirrored(index))),
      ];
    }
    // All are alike: another number, and a mixture of both. No negative one, unless that one is negative.
    const other = smallest > 0 ? smallest - 1 : smallest + 1;
    return [
      first,
      fillLike(first, (index) => (isExtreme(index) ? other : smallest)),
      fillLike(first, (index) => (chances[index]! < 0.5 ? smallest : other)),
    ];
  }
  const size = Math.max(Math.abs(smallest), Math.abs(largest), Number.MIN_VALUE);
  const finite = (value: number): number => (Number.isFinite(value) ? value : 0);
  return [
    first,
    fillLike(first, (index) => -1.25 * finite(turned(index)) - 0.25 * size * chances[index]!),
    fillLike(first, (index) => 0.5 * finite(mirrored(index)) + 0.75 * size * chances[length - 1 - index]!),
  ];
}

function rangeOf(values: ArrayLike<number>): {
  readonly smallest: number;
  readonly largest: number;
  readonly areWhole: boolean;
} {
  let smallest = Infinity;
  let largest = -Infinity;
  let areWhole = true;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    areWhole &&= Number.isInteger(value) || !Number.isFinite(value);
    if (!Number.isFinite(value)) continue;
    smallest = Math.min(smallest, value);
    largest = Math.max(largest, value);
  }
  return smallest > largest ? { smallest: 0, largest: 0, areWhole } : { smallest, largest, areWhole };
}

/** A tensor of the same shape and type. @param valueAt each of its elements. */
function fillLike<T extends Exclude<InputTensor, { dtype: "string" }>>(
  tensor: T,
  valueAt: (index: number) => number,
): T {
  const data = tensor.data.slice();
  for (let index = 0; index < data.length; index++) data[index] = valueAt(index);
  return { ...tensor, data };
}
