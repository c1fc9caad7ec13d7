import { elementCountOf } from "../../../../src/protocol/tensors.js";
import { joined } from "./partition.js";
import type { PlainNode, PlainOp } from "./plain-node.js";
import { bools, pick, reshaped, type PlainTensor } from "./plain-tensor.js";
import { stridedSlice } from "./strided-slice.js";
import { axisOf, broadcastIndices, broadcastShape, resolveShape, stridesOf, walk } from "./strides.js";

/** Ops that move elements without looking at them, for elements that kernels of TF.js can't move: strings and complex numbers. */

function valuesOf(node: PlainNode, index: number): number[] {
  return Array.from(node.numbers(index).data);
}

function reshape(node: PlainNode): PlainTensor {
  const source = node.input(0);
  return reshaped(source, resolveShape(valuesOf(node, 1), elementCountOf(source.shape)));
}

function expandDims(node: PlainNode): PlainTensor {
  const source = node.input(0);
  const axis = axisOf(node.scalar(1), source.shape.length + 1);
  return reshaped(source, source.shape.toSpliced(axis, 0, 1));
}

function squeeze(node: PlainNode): PlainTensor {
  const source = node.input(0);
  const axes = new Set(node.integers("squeeze_dims").map((axis) => axisOf(axis, source.shape.length)));
  return reshaped(
    source,
    source.shape.filter((size, axis) => (axes.size === 0 ? size !== 1 : !axes.has(axis))),
  );
}

function transpose(node: PlainNode): PlainTensor {
  const source = node.input(0);
  const order = valuesOf(node, 1).map((axis) => axisOf(axis, source.shape.length));
  const strides = stridesOf(source.shape);
  const shape = order.map((axis) => source.shape[axis]!);
  return pick(
    source,
    shape,
    walk(
      shape,
      order.map((axis) => strides[axis]!),
    ),
  );
}

function reverse(node: PlainNode): PlainTensor {
  const source = node.input(0);
  const axes = new Set(valuesOf(node, 1).map((axis) => axisOf(axis, source.shape.length)));
  const strides = stridesOf(source.shape);
  let start = 0;
  for (const axis of axes) start += (source.shape[axis]! - 1) * strides[axis]!;
  return pick(
    source,
    source.shape,
    walk(
      source.shape,
      strides.map((step, axis) => (axes.has(axis) ? -step : step)),
      start,
    ),
  );
}

function tile(node: PlainNode): PlainTensor {
  const source = node.input(0);
  const times = valuesOf(node, 1);
  // Each axis as two: copies, and positions in one copy.
  const strides = stridesOf(source.shape);
  const doubled = source.shape.flatMap((size, axis) => [times[axis]!, size]);
  const indices = walk(
    doubled,
    strides.flatMap((stride) => [0, stride]),
  );
  return pick(
    source,
    source.shape.map((size, axis) => size * times[axis]!),
    indices,
  );
}

function broadcastTo(node: PlainNode): PlainTensor {
  const source = node.input(0);
  const shape = valuesOf(node, 1);
  return pick(source, shape, broadcastIndices(source.shape, shape));
}

function concat(node: PlainNode): PlainTensor {
  const count = node.number("N", node.inputs.length - 1);
  const isFirst = node.op === "_PlainConcat";
  const sources = isFirst ? node.list(1, count + 1) : node.list(0, count);
  const rank = sources[0]?.shape.length ?? node.fail("inputs");
  return concatenated(node, sources, axisOf(node.scalar(isFirst ? 0 : count), rank));
}

function concatenated(node: PlainNode, sources: readonly PlainTensor[], axis: number): PlainTensor {
  const first = sources[0] ?? node.fail("inputs");
  const total = sources.reduce((sum, { shape }) => sum + shape[axis]!, 0);
  const shape = first.shape.with(axis, total);
  const strides = stridesOf(shape);
  const indices = new Int32Array(elementCountOf(shape));
  let [offset, position] = [0, 0];
  for (const source of sources) {
    const targets = walk(source.shape, strides, position * strides[axis]!);
    for (const [element, target] of targets.entries()) indices[target] = offset + element;
    offset += targets.length;
    position += source.shape[axis]!;
  }
  return pick(joined(node, sources), shape, indices);
}

function pack(node: PlainNode): PlainTensor {
  const sources = node.list(0, node.number("N", node.inputs.length));
  const rank = (sources[0]?.shape.length ?? node.fail("inputs")) + 1;
  const axis = axisOf(node.number("axis", 0), rank);
  return concatenated(
    node,
    sources.map((each) => reshaped(each, each.shape.toSpliced(axis, 0, 1))),
    axis,
  );
}

/** Parts of the given sizes along an axis. */
function parts(source: PlainTensor, axis: number, sizes: readonly number[]): PlainTensor[] {
  const strides = stridesOf(source.shape);
  let position = 0;
  return sizes.map((size) => {
    const shape = source.shape.with(axis, size);
    const start = position * strides[axis]!;
    position += size;
    return pick(source, shape, walk(shape, strides, start));
  });
}

function unpack(node: PlainNode): PlainTensor[] {
  const source = node.input(0);
  const axis = axisOf(node.number("axis", 0), source.shape.length);
  const sizes = Array.from({ length: source.shape[axis]! }, () => 1);
  return parts(source, axis, sizes).map((part) => reshaped(part, part.shape.toSpliced(axis, 1)));
}

function split(node: PlainNode): PlainTensor[] {
  const source = node.input(1);
  const axis = axisOf(node.scalar(0), source.shape.length);
  const count = node.number("num_split");
  return parts(
    source,
    axis,
    Array.from({ length: count }, () => source.shape[axis]! / count),
  );
}

function splitV(node: PlainNode): PlainTensor[] {
  const source = node.input(0);
  const axis = axisOf(node.scalar(2), source.shape.length);
  const sizes = valuesOf(node, 1);
  const known = sizes.filter((size) => size >= 0).reduce((sum, size) => sum + size, 0);
  return parts(
    source,
    axis,
    sizes.map((size) => (size >= 0 ? size : source.shape[axis]! - known)),
  );
}

/** With 0, "" or, in PadV2, the given value. */
function pad(node: PlainNode): PlainTensor {
  const source = node.input(0);
  const amounts = valuesOf(node, 1);
  const shape = source.shape.map((size, axis) => size + amounts[2 * axis]! + amounts[2 * axis + 1]!);
  const strides = stridesOf(shape);
  const start = strides.reduce((sum, stride, axis) => sum + stride * amounts[2 * axis]!, 0);
  const filler = node.op === "_PlainPadV2" ? elementCountOf(source.shape) : -1;
  const indices = new Int32Array(elementCountOf(shape)).fill(filler);
  for (const [element, target] of walk(source.shape, strides, start).entries()) indices[target] = element;
  return pick(filler < 0 ? source : joined(node, [source, node.input(2)]), shape, indices);
}

function fill(node: PlainNode): PlainTensor {
  const shape = valuesOf(node, 0);
  return pick(node.input(1), shape, new Int32Array(elementCountOf(shape)));
}

function slice(node: PlainNode): PlainTensor {
  const source = node.input(0);
  const [begin, sizes] = [valuesOf(node, 1), valuesOf(node, 2)];
  const strides = stridesOf(source.shape);
  const shape = sizes.map((size, axis) => (size < 0 ? source.shape[axis]! - begin[axis]! : size));
  return pick(
    source,
    shape,
    walk(
      shape,
      strides,
      strides.reduce((sum, stride, axis) => sum + stride * begin[axis]!, 0),
    ),
  );
}

/** Slices along an axis, for each index; `batch_dims` leading axes of both go together. */
function gather(node: PlainNode): PlainTensor {
  const [source, indices] = [node.input(0), node.ints(1)];
  const isSecond = node.inputs.length > 2;
  const axis = axisOf(isSecond ? node.scalar(2) : 0, source.shape.length);
  const given = node.number("batch_dims", 0);
  const batchDims = axisOf(given, indices.shape.length);
  const [lead, size] = [source.shape.slice(0, axis), source.shape[axis]!];
  const inner = elementCountOf(source.shape.slice(axis + 1));
  const perBatch = elementCountOf(indices.shape.slice(batchDims));
  const middle = elementCountOf(lead.slice(batchDims));
  const from: number[] = [];
  for (let outer = 0; outer < elementCountOf(lead); outer++) {
    const batch = batchDims === 0 ? 0 : Math.floor(outer / middle);
    for (let each = 0; each < perBatch; each++) {
      const index = indices.data[batch * perBatch + each]!;
      if (index < 0 || index >= size) node.fail(`indices from 0 to ${size - 1}, received ${index}`);
      for (let offset = 0; offset < inner; offset++) from.push((outer * size + index) * inner + offset);
    }
  }
  return pick(source, [...lead, ...indices.shape.slice(batchDims), ...source.shape.slice(axis + 1)], from);
}

function gatherNd(node: PlainNode): PlainTensor {
  const [source, indices] = [node.input(0), node.ints(1)];
  const depth = indices.shape.at(-1) ?? node.fail("indices with at least one axis");
  const strides = stridesOf(source.shape);
  const width = elementCountOf(source.shape.slice(depth));
  const rowShape = indices.shape.slice(0, -1);
  const from: number[] = [];
  for (let row = 0; row < elementCountOf(rowShape); row++) {
    let start = 0;
    for (let axis = 0; axis < depth; axis++) {
      const index = indices.data[row * depth + axis]!;
      if (index < 0 || index >= source.shape[axis]!) node.fail(`indices that exist, received ${index}`);
      start += index * strides[axis]!;
    }
    for (let offset = 0; offset < width; offset++) from.push(start + offset);
  }
  return pick(source, [...rowShape, ...source.shape.slice(depth)], from);
}

/** From one input where the condition holds, else from the other. In the first version a vector chooses whole rows. */
function select(node: PlainNode): PlainTensor {
  const [condition, yes, no] = [node.numbers(0), node.input(1), node.input(2)];
  const choosesRows = node.op === "_PlainSelect" && condition.shape.length === 1 && yes.shape.length > 1;
  const conditionShape = choosesRows ? [...condition.shape, ...yes.shape.slice(1).map(() => 1)] : condition.shape;
  const both = broadcastShape(yes.shape, no.shape) ?? node.fail("inputs of shapes that fit");
  const shape = broadcastShape(conditionShape, both) ?? node.fail("inputs of shapes that fit");
  const [fromYes, fromNo] = [broadcastIndices(yes.shape, shape), broadcastIndices(no.shape, shape)];
  const offset = elementCountOf(yes.shape);
  const indices = broadcastIndices(conditionShape, shape).map((at, element) =>
    condition.data[at] ? fromYes[element]! : offset + fromNo[element]!,
  );
  return pick(joined(node, [yes, no]), shape, indices);
}

function equal(node: PlainNode): PlainTensor {
  const [a, b] = [node.input(0), node.input(1)];
  const shape = broadcastShape(a.shape, b.shape) ?? node.fail("inputs of shapes that fit");
  const [fromA, fromB] = [broadcastIndices(a.shape, shape), broadcastIndices(b.shape, shape)];
  const isEqual = (i: number, j: number): boolean =>
    a.dtype === "complex64"
      ? a.data[2 * i] === b.data[2 * j] && a.data[2 * i + 1] === b.data[2 * j + 1]
      : a.data[i] === b.data[j];
  const expected = node.op === "_PlainEqual";
  return bools(
    shape,
    Array.from(fromA, (index, element) => isEqual(index, fromB[element]!) === expected),
  );
}

function zerosLike(node: PlainNode): PlainTensor {
  const source = node.input(0);
  return pick(source, source.shape, new Int32Array(elementCountOf(source.shape)).fill(-1));
}

export const MOVEMENT_OPS: Readonly<Record<string, PlainOp>> = {
  _PlainReshape: reshape,
  _PlainExpandDims: expandDims,
  _PlainSqueeze: squeeze,
  _PlainTranspose: transpose,
  _PlainReverse: reverse,
  _PlainTile: tile,
  _PlainBroadcastTo: broadcastTo,
  _PlainConcat: concat,
  _PlainConcatV2: concat,
  _PlainPack: pack,
  _PlainUnpack: unpack,
  _PlainSplit: split,
  _PlainSplitV: splitV,
  _PlainPad: pad,
  _PlainPadV2: pad,
  _PlainFill: fill,
  _PlainSlice: slice,
  _PlainStridedSlice: stridedSlice,
  _PlainGatherV2: gather,
  _PlainGatherNd: gatherNd,
  _PlainSelect: select,
  _PlainSelectV2: select,
  _PlainZerosLike: zerosLike,
  _PlainEqual: equal,
  _PlainNotEqual: equal,
};
