import {
  backend_util,
  cast,
  equal,
  gather,
  notEqual,
  reshape,
  reverse,
  stridedSlice,
  tensor,
  unstack,
  where,
  type Tensor as TfTensor,
} from "@tensorflow/tfjs-core";
import { isWasm, type KernelNode, type KernelOp } from "./kernel-node.js";
import { strided } from "./slice-bounds.js";
import { aroundBools, flatIndex, mapIndices, stridesOf, take, toBool } from "./take.js";

/** The first version takes a vector as one condition for each row. */
const select: KernelOp = (node) => {
  const [condition, a, b] = [node.tensor(0), node.tensor(1), node.tensor(2)];
  const isByRow = node.attr.op === "Select" && condition.rank === 1 && a.rank > 1;
  const shaped = isByRow ? reshape(condition, [condition.size, ...a.shape.slice(1).map(() => 1)]) : condition;
  if (a.dtype === "string") return selectStrings(shaped, a, b);
  if (a.dtype !== "bool" || !isWasm()) return where(shaped, a, b);
  return toBool(where(shaped, cast(a, "int32"), cast(b, "int32")));
};

function selectStrings(condition: TfTensor, a: TfTensor, b: TfTensor): TfTensor {
  const shape = backend_util.assertAndGetBroadcastShape(
    condition.shape,
    backend_util.assertAndGetBroadcastShape(a.shape, b.shape),
  );
  const [flags, x, y] = [condition, a, b].map((each) => spread(each, shape)) as [unknown[], unknown[], unknown[]];
  const chosen = flags.map((flag, index) => String(flag ? x[index] : y[index]));
  return tensor(chosen, shape, "string");
}

/** The values of a tensor that is broadcast to `shape`. */
function spread(x: TfTensor, shape: readonly number[]): unknown[] {
  const values = x.dataSync();
  const missing = shape.length - x.rank;
  const strides = stridesOf(x.shape).map((stride, axis) => (x.shape[axis] === 1 ? 0 : stride));
  return Array.from(
    mapIndices(shape, (place) => flatIndex(place.slice(missing), strides)),
    (index) => values[index],
  );
}

/** TF.js's WASM backend compares the bytes of the heap instead of strings. */
const compare =
  (isEqual: boolean): KernelOp =>
  (node) => {
    const [a, b] = [node.tensor(0), node.tensor(1)];
    if (a.dtype !== "string") return isEqual ? equal(a, b) : notEqual(a, b);
    const shape = backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
    const [x, y] = [spread(a, shape), spread(b, shape)];
    const results = Uint8Array.from(x, (value, index) => Number((value === y[index]) === isEqual));
    return tensor(results, shape, "bool");
  };

const reverseAxes: KernelOp = (node) => {
  const x = node.tensor(0);
  const flags = node.attr.op === "Reverse";
  const axes = flags ? node.numbers(1).flatMap((flag, axis) => (flag ? [axis] : [])) : node.numbers(1);
  // TF.js takes no axes for all of them.
  return axes.length === 0 ? x : aroundBools(x, (each) => reverse(each, axes));
};

const gatherSlices: KernelOp = (node) => {
  const [x, indices] = [node.tensor(0), cast(node.tensor(1), "int32")];
  if (node.attr.op === "Gather") return gather(x, indices, 0);
  const axis = node.axis(node.number(2), x.rank);
  const batchAxes = node.attr.number("batch_dims", 0);
  const batch = batchAxes < 0 ? batchAxes + indices.rank : batchAxes;
  return batch === 0 ? gather(x, indices, axis) : gatherByBatch(x, indices, axis, batch);
};

/** TF.js's WASM backend reads the first batch for all of them. */
function gatherByBatch(x: TfTensor, indices: TfTensor, axis: number, batch: number): TfTensor {
  const rows = indices.dataSync();
  const own = stridesOf(x.shape);
  const ofIndices = stridesOf(indices.shape);
  const kept = indices.shape.slice(batch);
  const shape = [...x.shape.slice(0, axis), ...kept, ...x.shape.slice(axis + 1)];
  const map = mapIndices(shape, (place) => {
    const row = flatIndex([...place.slice(0, batch), ...place.slice(axis, axis + kept.length)], ofIndices);
    return flatIndex([...place.slice(0, axis), rows[row]!, ...place.slice(axis + kept.length)], own);
  });
  return take(x, shape, map);
}

const slice: KernelOp = (node) => {
  const x = node.tensor(0);
  const { begin, end, strides, shape, places, masks } = strided(node, x.shape);
  if (shape.includes(0)) return tensor([], shape, x.dtype);
  if (x.dtype === "float32" || !isWasm() || strides.every((stride) => stride === 1)) {
    return stridedSlice(x, begin, end, strides, masks.begin, masks.end, masks.ellipsis, masks.newAxis, masks.shrink);
  }
  // TF.js's WASM kernel returns whole numbers as floats of the same bits.
  const along = (from: TfTensor, indices: number[], axis: number): TfTensor =>
    indices.length === x.shape[axis]! && indices.every((index, place) => index === place)
      ? from
      : gather(from, tensor(indices, [indices.length], "int32"), axis);
  const taken = reshape(places.reduce(along, x.dtype === "bool" ? cast(x, "int32") : x), shape);
  return x.dtype === "bool" ? toBool(taken) : taken;
};

const roll: KernelOp = (node) => {
  const x = node.tensor(0);
  const [shifts, axes] = [node.numbers(1), node.numbers(2)];
  const total = x.shape.map(() => 0);
  for (const [index, axis] of axes.entries()) total[node.axis(axis, x.rank)]! += shifts[index]!;
  const strides = stridesOf(x.shape);
  const from = (at: number, axis: number): number => {
    const size = x.shape[axis]!;
    return (((at - total[axis]!) % size) + size) % size;
  };
  return take(
    x,
    x.shape,
    mapIndices(x.shape, (place) => flatIndex(place.map(from), strides)),
  );
};

const reverseSequence: KernelOp = (node) => {
  const [x, lengths] = [node.tensor(0), node.numbers(1)];
  const along = node.axis(node.attr.number("seq_dim"), x.rank);
  const batch = node.axis(node.attr.number("batch_dim", 0), x.rank);
  const strides = stridesOf(x.shape);
  const map = mapIndices(x.shape, (place) => {
    const [at, length] = [place[along]!, lengths[place[batch]!]!];
    return flatIndex(place, strides) + (at < length ? length - 1 - 2 * at : 0) * strides[along]!;
  });
  return take(x, x.shape, map);
};

const invertPermutation: KernelOp = (node) => {
  const places = node.numbers(0);
  const inverse = new Int32Array(places.length);
  for (const [index, place] of places.entries()) inverse[place] = index;
  return tensor(inverse, [places.length], "int32");
};

const broadcastSizes: KernelOp = (node) => {
  const shape = backend_util.assertAndGetBroadcastShape(node.numbers(0), node.numbers(1));
  return tensor(shape, [shape.length], "int32");
};

/** Sizes of −1 in the attribute are free, and so is everything if the rank is. */
const ensureShape: KernelOp = (node) => {
  const x = node.tensor(0);
  const expected = shapeAttribute(node);
  const fits =
    expected === undefined ||
    (expected.length === x.rank && expected.every((size, axis) => size < 0 || size === x.shape[axis]));
  return fits ? x : node.attr.fail(`a tensor of shape [${expected.join(", ")}], received [${x.shape.join(", ")}]`);
};

function shapeAttribute(node: KernelNode): number[] | undefined {
  const { shape } = node.attr.attr["shape"] as {
    shape?: { unknownRank?: boolean; dim?: { size?: string | number }[] };
  };
  if (shape === undefined || shape.unknownRank === true) return undefined;
  return (shape.dim ?? []).map(({ size }) => Number(size ?? 0));
}

const shapes = (node: KernelNode): TfTensor[] =>
  node.tensors.map(({ shape }) => tensor(shape, [shape.length], "int32"));

export const SELECTION_OPS: Readonly<Record<string, KernelOp>> = {
  Select: select,
  SelectV2: select,
  Equal: compare(true),
  NotEqual: compare(false),
  Reverse: reverseAxes,
  ReverseV2: reverseAxes,
  Gather: gatherSlices,
  GatherV2: gatherSlices,
  StridedSlice: slice,
  Roll: roll,
  ReverseSequence: reverseSequence,
  InvertPermutation: invertPermutation,
  BroadcastArgs: broadcastSizes,
  EnsureShape: ensureShape,
  ShapeN: shapes,
  // TF.js's own, but for booleans, of which WASM would copy four bytes for one.
  Unpack: (node) => {
    const x = node.tensor(0);
    const parts = unstack(x.dtype === "bool" ? cast(x, "int32") : x, node.attr.number("axis", 0));
    return x.dtype === "bool" ? parts.map(toBool) : parts;
  },
};
