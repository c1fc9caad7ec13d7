import {
  batchToSpaceND,
  depthToSpace,
  reshape,
  spaceToBatchND,
  transpose,
  type Tensor as TfTensor,
  type Tensor4D,
} from "@tensorflow/tfjs-core";
import type { KernelNode, KernelOp } from "./kernel-node.js";
import { flatIndex, mapIndices, stridesOf, take, zeroLike } from "./take.js";
import { channelsLast, sameEdges } from "./windows.js";

function isChannelsFirst(node: KernelNode): boolean {
  const format = node.attr.text("data_format", "NHWC");
  return format === "NCHW" || (format !== "NHWC" && node.attr.refuse(`the data format ${format.slice(0, 40)}`));
}

/** Each block of pixels becomes one pixel with all of its channels. */
const spaceToDepth: KernelOp = (node) => {
  const size = node.attr.number("block_size");
  return channelsLast(node.tensor(0), isChannelsFirst(node), (x) => {
    const [batch, height, width, channels] = x.shape as [number, number, number, number];
    const [rows, columns] = [height / size, width / size];
    const blocks = transpose(reshape(x, [batch * rows, size, columns, size * channels]), [0, 2, 1, 3]);
    return reshape(blocks, [batch, rows, columns, size * size * channels]);
  });
};

const depthToPixels: KernelOp = (node) => {
  const size = node.attr.number("block_size");
  return channelsLast(node.tensor(0), isChannelsFirst(node), (x) => depthToSpace(x as Tensor4D, size, "NHWC"));
};

/** The window around each place, as the channels of that place. Zero outside the picture. */
const extractPatches: KernelOp = (node) => {
  const x = node.tensor(0);
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const [sizes, strides, rates] = ["ksizes", "strides", "rates"].map((name) => node.attr.integers(name)) as [
    number[],
    number[],
    number[],
  ];
  const isSame = node.attr.text("padding").toUpperCase() === "SAME";
  const along = (length: number, axis: 1 | 2): { before: number; count: number } => {
    const [size, stride, rate] = [sizes[axis]!, strides[axis]!, rates[axis]!];
    if (!isSame) return { before: 0, count: Math.ceil((length - (size - 1) * rate) / stride) };
    return { before: sameEdges(length, size, stride, rate)[0], count: Math.ceil(length / stride) };
  };
  const [rows, columns] = [along(height, 1), along(width, 2)];
  const own = stridesOf(x.shape);
  const shape = [batch, rows.count, columns.count, sizes[1]! * sizes[2]! * channels];
  const map = mapIndices(shape, ([item, row, column, depth]) => {
    const tap = Math.floor(depth! / channels);
    const y = row! * strides[1]! - rows.before + Math.floor(tap / sizes[2]!) * rates[1]!;
    const z = column! * strides[2]! - columns.before + (tap % sizes[2]!) * rates[2]!;
    return y < 0 || z < 0 || y >= height || z >= width ? x.size : flatIndex([item!, y, z, depth! % channels], own);
  });
  return take(x, shape, map, zeroLike(x));
};

function pairs(node: KernelNode, index: number): number[][] {
  const values = node.numbers(index);
  return Array.from({ length: values.length / 2 }, (_, row) => values.slice(2 * row, 2 * row + 2));
}

function square(node: KernelNode): number[] {
  const size = node.attr.number("block_size");
  return [size, size];
}

const spaceToBatch = (node: KernelNode): TfTensor => spaceToBatchND(node.tensor(0), square(node), pairs(node, 1));
const batchToSpace = (node: KernelNode): TfTensor => batchToSpaceND(node.tensor(0), square(node), pairs(node, 1));

export const BLOCK_OPS: Readonly<Record<string, KernelOp>> = {
  SpaceToDepth: spaceToDepth,
  DepthToSpace: depthToPixels,
  SpaceToBatch: spaceToBatch,
  BatchToSpace: batchToSpace,
  ExtractImagePatches: extractPatches,
};
