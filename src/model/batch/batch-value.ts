/** One size of a shape; `undefined` if it is not known, or if it is the batch's. */
export type Size = number | undefined;

/** A whole number that may depend on how many items there are: a number, or `n` times the number of items; `undefined` if unknown. */
export type Count = number | { readonly n: number } | undefined;

/**
 * Where the items are in a tensor. Axis `axis` has outer · items · inner rows, and item i owns the rows (o · items + i) · inner + k.
 * One row for each item along axis 0 is { axis: 0, outer: 1, inner: 1 }.
 */
export interface BatchAxis {
  readonly axis: number;
  readonly outer: number;
  /** `undefined` if it is not known. */
  readonly inner: number | undefined;
  /** All rows along the axis are the same, such as zeros of the batch's shape. */
  readonly isUniform: boolean;
}

/** What is known of a tensor in every run, for any number of items. */
export type BatchValue =
  | {
      readonly kind: "tensor";
      /** `undefined` if not even the rank is known. The batch's own size is `undefined`. */
      readonly shape: readonly Size[] | undefined;
      /** `undefined`: no value depends on an item. Otherwise an item's rows depend on that item alone. */
      readonly batch: BatchAxis | undefined;
      /** The values of a small tensor of whole numbers, such as a shape. */
      readonly counts?: readonly Count[] | undefined;
      /** The values depend on the number of items. */
      readonly usesCount?: boolean;
    }
  /** An item's part depends on other items, or can't be told apart from theirs. */
  | { readonly kind: "mixed"; readonly reason: string }
  /** Nothing is known: running the model has to show it. */
  | { readonly kind: "unknown" };

export type BatchTensor = Extract<BatchValue, { kind: "tensor" }>;

export const UNKNOWN: BatchValue = { kind: "unknown" };

/** A tensor in which nothing depends on an item. */
export function fixed(shape: readonly Size[] | undefined, counts?: readonly Count[]): BatchTensor {
  const usesCount = counts?.some((count) => typeof count !== "number") === true;
  return { kind: "tensor", shape, batch: undefined, counts, usesCount };
}

export function mixed(reason: string): BatchValue {
  return { kind: "mixed", reason };
}

/** A tensor of items. @param shape its sizes; the one of the batch is ignored. */
export function itemRows(shape: readonly Size[] | undefined, batch: BatchAxis): BatchTensor {
  return { kind: "tensor", shape: shape?.map((size, axis) => (axis === batch.axis ? undefined : size)), batch };
}

/** One row for each item along an axis. */
export function rowsAlong(axis: number): BatchAxis {
  return { axis, outer: 1, inner: 1, isUniform: false };
}

/** The same items with their axis elsewhere. */
export function moved(batch: BatchAxis, axis: number): BatchAxis {
  return { ...batch, axis };
}

export function product(sizes: readonly Size[]): Size {
  let total = 1;
  for (const size of sizes) {
    if (size === undefined) return undefined;
    total *= size;
  }
  return total;
}

/** How many rows the batch's axis has. */
export function rowCount({ outer, inner }: BatchAxis): Count {
  return inner === undefined ? undefined : { n: outer * inner };
}

/** The sizes of a tensor as `Shape` gives them; `undefined` if the rank is not known. */
export function countsOf({ shape, batch }: BatchTensor): readonly Count[] | undefined {
  return shape?.map((size, axis) => (axis === batch?.axis ? rowCount(batch) : size));
}

/** An axis counted from the front; `undefined` if it lies outside or can't be told. */
export function axisOf(axis: number | undefined, rank: number | undefined): number | undefined {
  if (axis === undefined || (axis < 0 && rank === undefined)) return undefined;
  const place = axis < 0 ? axis + rank! : axis;
  return place >= 0 && (rank === undefined || place < rank) ? place : undefined;
}

/** The numbers of a constant list; `undefined` if one is not known or depends on the number of items. */
export function numbersOf(value: BatchValue | undefined): readonly number[] | undefined {
  if (value?.kind !== "tensor") return undefined;
  const numbers = value.counts?.filter((count): count is number => typeof count === "number");
  return numbers?.length === value.counts?.length ? numbers : undefined;
}
