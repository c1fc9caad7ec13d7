import type { ItemRange } from "../../core/dispatch/types.js";
import { itemOf, sameShape, type ShardOutput } from "../../protocol/outputs.js";
import { elementCountOf, type Tensor } from "../../protocol/tensors.js";

export type NamedOutputs = Readonly<Record<string, ShardOutput>>;

/** How two results of the same items differ. */
export interface Gap {
  /** Bit for bit the same. */
  readonly isSame: boolean;
  /** Of the floats: the largest difference relative to the largest value of the output; Infinity if shapes or dtypes differ. */
  readonly relative: number;
  /** Of the integers, booleans and strings: how many differ, and the largest fraction of an output that does. */
  readonly differingCount: number;
  readonly differingFraction: number;
  /** The row, counted from the first that was compared, in which the floats differ the most. */
  readonly worstRow: number;
  /** The first row, counted likewise, in which an integer, boolean or string differs; 0 if none does. */
  readonly differingRow: number;
}

/** The largest value seen in each output of a model, from results that others had confirmed. */
export type Scales = Map<string, number>;

interface Comparison {
  /** Rows of `result`, as many as `reference` has; `undefined`: all of it. */
  readonly rows?: ItemRange | undefined;
  /** Differences up to this are rounding even where all values are small. */
  readonly floor: number;
  readonly scales: Scales;
}

/** @param reference what is taken for right; its values are what differences are related to. */
export function compareOutputs(result: NamedOutputs, reference: NamedOutputs, comparison: Comparison): Gap {
  const total = { isSame: true, relative: 0, differingCount: 0, differingFraction: 0, worstRow: 0, differingRow: 0 };
  for (const [name, expected] of Object.entries(reference)) {
    const received = result[name];
    const pairs = received === undefined ? undefined : pairUp(received, expected, comparison.rows);
    if (pairs === undefined || pairs.some(([a, b]) => a.dtype !== b.dtype || !sameShape(a.shape, b.shape))) {
      return {
        ...total,
        isSame: false,
        relative: Infinity,
        differingCount: Infinity,
        differingFraction: 1,
        worstRow: 0,
      };
    }
    const largest = pairs.reduce((most, [, b]) => Math.max(most, largestOf(b)), comparison.scales.get(name) ?? 0);
    for (const [index, [a, b]] of pairs.entries()) {
      const rowOf = (at: number): number =>
        pairs.length > 1 ? index : Math.floor(at / Math.max(1, elementCountOf(b.shape.slice(1))));
      if (a.dtype !== "float32" || b.dtype !== "float32") {
        const { count, first } = findDiffering(a, b);
        if (count > 0 && total.differingCount === 0) total.differingRow = rowOf(first);
        total.isSame &&= count === 0;
        total.differingCount += count;
        total.differingFraction = Math.max(total.differingFraction, count / Math.max(1, b.data.length));
        continue;
      }
      const { isSame, most, at } = differenceOf(a.data, b.data);
      total.isSame &&= isSame;
      const relative = most <= comparison.floor ? 0 : most / largest;
      if (relative <= total.relative) continue;
      total.relative = relative;
      total.worstRow = rowOf(at);
    }
  }
  return total;
}

/** Remember how large the values of a confirmed result are. */
export function learnScales(scales: Scales, confirmed: NamedOutputs): void {
  for (const [name, output] of Object.entries(confirmed)) {
    const tensors = output.kind === "dense" ? [output.tensor] : output.items;
    scales.set(
      name,
      tensors.reduce((most, tensor) => Math.max(most, largestOf(tensor)), scales.get(name) ?? 0),
    );
  }
}

/** Some rows of a result, in the same memory. */
export function rowsOf(outputs: NamedOutputs, rows: ItemRange): NamedOutputs {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, output]): [string, ShardOutput] => [
      name,
      output.kind === "dense"
        ? { ...output, tensor: viewOf(output.tensor, rows) }
        : { kind: "ragged", items: output.items.slice(rows.firstItem, rows.firstItem + rows.itemCount) },
    ]),
  );
}

function pairUp(
  a: ShardOutput,
  b: ShardOutput,
  rows: ItemRange | undefined,
): (readonly [Tensor, Tensor])[] | undefined {
  if (a.kind === "dense" && b.kind === "dense") return [[rows ? viewOf(a.tensor, rows) : a.tensor, b.tensor]];
  const expected = itemsOf(b);
  const { firstItem, itemCount } = rows ?? { firstItem: 0, itemCount: expected.length };
  const received = itemsOf(a).slice(firstItem, firstItem + itemCount);
  return received.length === expected.length ? expected.map((item, index) => [received[index]!, item]) : undefined;
}

function itemsOf(output: ShardOutput): readonly Tensor[] {
  if (output.kind === "ragged") return output.items;
  return Array.from({ length: output.tensor.shape[0] ?? 0 }, (_, row) => itemOf(output, row));
}

function viewOf(tensor: Tensor, { firstItem, itemCount }: ItemRange): Tensor {
  const shape = [itemCount, ...tensor.shape.slice(1)];
  const rowSize = elementCountOf(tensor.shape.slice(1));
  const [start, end] = [firstItem * rowSize, (firstItem + itemCount) * rowSize];
  switch (tensor.dtype) {
    case "float32":
      return { ...tensor, shape, data: tensor.data.subarray(start, end) };
    case "int32":
      return { ...tensor, shape, data: tensor.data.subarray(start, end) };
    case "bool":
      return { ...tensor, shape, data: tensor.data.subarray(start, end) };
    case "string":
      return { ...tensor, shape, data: tensor.data.slice(start, end) };
  }
}

/** Over the finite values of a float32 tensor; 0 for others. */
function largestOf({ dtype, data }: Tensor): number {
  if (dtype !== "float32") return 0;
  let largest = 0;
  for (const value of data) {
    const size = Math.abs(value);
    if (size > largest && size < Infinity) largest = size;
  }
  return largest;
}

/** Values that are not finite agree with each other: backends differ in what they give for them. */
function differenceOf(a: Float32Array, b: Float32Array): { isSame: boolean; most: number; at: number } {
  let isSame = true;
  let most = 0;
  let at = 0;
  for (let i = 0; i < b.length; i++) {
    const x = a[i]!;
    const y = b[i]!;
    if (x === y) continue;
    const isFinite = x - x === 0;
    if (isFinite || y - y === 0 || !(Number.isNaN(x) && Number.isNaN(y))) isSame = false;
    const difference = isFinite !== (y - y === 0) ? Infinity : isFinite ? Math.abs(x - y) : 0;
    if (difference <= most) continue;
    most = difference;
    at = i;
  }
  return { isSame, most, at };
}

function findDiffering(a: Tensor, b: Tensor): { count: number; first: number } {
  let count = 0;
  let first = 0;
  for (let i = b.data.length - 1; i >= 0; i--) {
    if (a.data[i] === b.data[i]) continue;
    count++;
    first = i;
  }
  return { count, first };
}
