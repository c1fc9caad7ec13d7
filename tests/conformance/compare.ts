import type { OutputValue, Tensor } from "inference-sharder";

export type OutputsByName = Readonly<Record<string, OutputValue>>;

/** max|a − b| ÷ max|b|: 0 if all bits are equal, infinite if shape or dtype differ or only one value is finite. */
function difference(a: Tensor, b: Tensor): number {
  if (a.dtype !== b.dtype || a.shape.join() !== b.shape.join() || a.data.length !== b.data.length) return Infinity;
  let largest = 0;
  let worst = 0;
  let isSame = true;
  for (let i = 0; i < b.data.length; i++) {
    if (Object.is(a.data[i], b.data[i])) {
      const size = Math.abs(Number(b.data[i]));
      if (Number.isFinite(size)) largest = Math.max(largest, size);
      continue;
    }
    isSame = false;
    const gap = Math.abs(Number(a.data[i]) - Number(b.data[i]));
    if (Number.isNaN(gap) || gap === Infinity) return Infinity;
    largest = Math.max(largest, Math.abs(Number(b.data[i])));
    worst = Math.max(worst, gap);
  }
  if (isSame) return 0;
  // A zero of the other sign is not bit-identical.
  return worst === 0 ? Number.MIN_VALUE : worst / largest;
}

/** The largest difference of any output; infinite if one is missing or has another shape. */
export function outputsDifference(a: OutputsByName, b: OutputsByName, names: readonly string[]): number {
  return Math.max(...names.map((name) => valueDifference(a[name], b[name])));
}

function valueDifference(a: OutputValue | undefined, b: OutputValue | undefined): number {
  if (a === undefined || b === undefined) return Infinity;
  if (a.dtype === "ragged" && b.dtype === "ragged") {
    if (a.items.length !== b.items.length) return Infinity;
    return Math.max(...a.items.map((tensor, item) => difference(tensor, b.items[item]!)));
  }
  const [denseA, denseB] = [a, b].map((value) => (value.dtype === "ragged" ? joinSingles(value.items) : value));
  return denseA === undefined || denseB === undefined ? Infinity : difference(denseA, denseB);
}

/** Joins outputs with a leading 1 along it, others along a new axis 0; `undefined` if their shapes differ. */
export function joinSingles(singles: readonly Tensor[]): Tensor | undefined {
  const [first] = singles;
  if (first === undefined || singles.some(({ shape }) => shape.join() !== first.shape.join())) return undefined;
  const shape = [singles.length, ...(first.shape[0] === 1 ? first.shape.slice(1) : first.shape)];
  const values = singles.flatMap(({ data }) => [...(data as Iterable<number | string>)]);
  const data =
    first.dtype === "string"
      ? (values as string[])
      : first.dtype === "float32"
        ? Float32Array.from(values as number[])
        : first.dtype === "int32"
          ? Int32Array.from(values as number[])
          : Uint8Array.from(values as number[]);
  return { dtype: first.dtype, shape, data } as Tensor;
}

/**
 * Whether TF.js's own run of a batch treats it as one: each output has a row per item, which about equals the result of
 * the single item. Otherwise a sharder runs the model item by item.
 */
export function isBatch(whole: readonly Tensor[], singles: readonly (readonly Tensor[])[]): boolean {
  return whole.every((tensor, index) => {
    const own = singles.map((item) => item[index]!);
    if (tensor.shape[0] !== own.length || own.some(({ shape }) => shape[0] !== 1)) return false;
    const joined = joinSingles(own);
    return joined !== undefined && difference(tensor, joined) <= 1e-3;
  });
}
