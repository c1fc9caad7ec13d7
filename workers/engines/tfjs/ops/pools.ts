import {
  add,
  avgPool,
  maximum,
  maxPool,
  maxPool3d,
  pad,
  reshape,
  stridedSlice,
  tensor,
  type Rank,
  type Tensor as TfTensor,
  type Tensor4D,
  type Tensor5D,
} from "@tensorflow/tfjs-core";
import { isWasm, type KernelOp } from "./kernel-node.js";
import { channelsLast, readWindow, sameEdges, type Window2D } from "./windows.js";

type Pool = (x: TfTensor, window: Window2D) => TfTensor;

const largest: Pool = (x, { size, strides, padding }) => {
  if (typeof padding === "string") return maxPool(x as Tensor4D, size, strides, padding);
  return maxPool(pad(x, padding, -Infinity) as Tensor4D, size, strides, "valid");
};

const average: Pool = (x, { size, strides, padding }) =>
  avgPool(x as Tensor4D, size, strides, typeof padding === "string" ? padding : "valid");

const pool =
  (run: Pool): KernelOp =>
  (node) => {
    const window = readWindow(node);
    return channelsLast(node.tensor(0), window.isChannelsFirst, (x) => run(x, window));
  };

/** Sizes and strides as tensors. */
const largestV2: KernelOp = (node) => {
  const [sizes, strides] = [node.numbers(1), node.numbers(2)];
  const { isChannelsFirst, padding } = readWindow(node);
  const [row, column] = isChannelsFirst ? [2, 3] : [1, 2];
  const pair = (list: number[]): [number, number] => [list[row!]!, list[column!]!];
  return channelsLast(node.tensor(0), isChannelsFirst, (x) =>
    largest(x, { isChannelsFirst, size: pair(sizes), strides: pair(strides), dilations: [1, 1], padding }),
  );
};

/** TF.js's WASM kernel takes no maximum below the smallest positive float. A volume's maximum is that of its planes' maxima. */
const largestOfVolume: KernelOp = (node) => {
  if (node.attr.text("data_format", "NDHWC").toUpperCase() !== "NDHWC") return node.attr.refuse("channels first");
  const x = node.tensor(0) as Tensor5D;
  const [, d, h, w] = node.attr.integers("ksize") as [number, number, number, number];
  const [, sd, sh, sw] = node.attr.integers("strides") as [number, number, number, number];
  const padding = node.attr.text("padding").toUpperCase() === "SAME" ? "same" : "valid";
  if (!isWasm()) return maxPool3d(x, [d, h, w], [sd, sh, sw], padding);
  const [batch, depth, height, width, channels] = x.shape;
  const planes = maxPool(reshape<Rank.R4>(x, [batch * depth, height, width, channels]), [h, w], [sh, sw], padding);
  const [, rows, columns] = planes.shape as [number, number, number, number];
  const lines = maxPool(reshape<Rank.R4>(planes, [batch, depth, rows * columns, channels]), [d, 1], [sd, 1], padding);
  return reshape(lines, [batch, lines.shape[1], rows, columns, channels]);
};

/** In plain code: TF.js's WASM kernel has the same fault, and counts places in the padding. */
const largestWithPlace: KernelOp = (node) => {
  const x = node.tensor(0);
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const { size, strides, padding } = readWindow(node);
  const values = x.dataSync();
  const [top, left] =
    padding === "same"
      ? [sameEdges(height, size[0], strides[0], 1)[0], sameEdges(width, size[1], strides[1], 1)[0]]
      : [0, 0];
  const count = (length: number, axis: 0 | 1): number =>
    Math.ceil((padding === "same" ? length : length - size[axis] + 1) / strides[axis]);
  const shape = [batch, count(height, 0), count(width, 1), channels] as const;
  const [maxima, places] = [
    new Float32Array(shape.reduce((a, b) => a * b)),
    new Int32Array(shape.reduce((a, b) => a * b)),
  ];
  const withBatch = node.attr.flag("include_batch_in_index");
  let at = 0;
  for (let item = 0; item < batch; item++)
    for (let row = 0; row < shape[1]; row++)
      for (let column = 0; column < shape[2]; column++)
        for (let channel = 0; channel < channels; channel++, at++) {
          maxima[at] = -Infinity;
          for (let i = 0; i < size[0] * size[1]; i++) {
            const y = row * strides[0] - top! + Math.floor(i / size[1]);
            const z = column * strides[1] - left! + (i % size[1]);
            if (y < 0 || z < 0 || y >= height || z >= width) continue;
            const place = (y * width + z) * channels + channel;
            const value = values[item * height * width * channels + place]!;
            if (value <= maxima[at]! && maxima[at]! > -Infinity) continue;
            maxima[at] = value;
            places[at] = place + (withBatch ? item * height * width * channels : 0);
          }
        }
  return [tensor(maxima, [...shape]), tensor(places, [...shape], "int32")];
};

/** The largest sum of a filter and what lies under it; one maximum for each place of the filter. */
const dilation: KernelOp = (node) => {
  const [x, filter] = [node.tensor(0), node.tensor(1)];
  const [strides, rates] = [node.attr.integers("strides"), node.attr.integers("rates")];
  const isSame = node.attr.text("padding").toUpperCase() === "SAME";
  const along = ([1, 2] as const).map((axis) => {
    const [size, stride, rate] = [filter.shape[axis - 1]!, strides[axis] ?? 1, rates[axis] ?? 1];
    const edges = isSame ? sameEdges(x.shape[axis]!, size, stride, rate) : ([0, 0] as [number, number]);
    const count = Math.floor((x.shape[axis]! + edges[0] + edges[1] - (size - 1) * rate - 1) / stride) + 1;
    return { size, stride, rate, edges, count };
  });
  const [rows, columns] = along as [(typeof along)[0], (typeof along)[0]];
  const padded = pad(x, [[0, 0], rows.edges, columns.edges, [0, 0]], -Infinity);
  const taps = Array.from({ length: rows.size * columns.size }, (_, index) => {
    const [row, column] = [Math.floor(index / columns.size), index % columns.size];
    const start = [0, row * rows.rate, column * columns.rate, 0];
    const end = [
      x.shape[0]!,
      start[1]! + (rows.count - 1) * rows.stride + 1,
      start[2]! + (columns.count - 1) * columns.stride + 1,
      x.shape[3]!,
    ];
    const under = stridedSlice(padded, start, end, [1, rows.stride, columns.stride, 1]);
    return add(under, stridedSlice(filter, [row, column, 0], [row + 1, column + 1, x.shape[3]!], [1, 1, 1]));
  });
  return taps.reduce((a, b) => maximum(a, b));
};

export const POOL_OPS: Readonly<Record<string, KernelOp>> = {
  MaxPool: pool(largest),
  AvgPool: pool(average),
  MaxPoolV2: largestV2,
  MaxPool3D: largestOfVolume,
  MaxPoolWithArgmax: largestWithPlace,
  Dilation2D: dilation,
};
