import { cast, tensor, type Tensor as TfTensor } from "@tensorflow/tfjs-core";
import type { KernelNode, KernelOp } from "./kernel-node.js";

/** Where a coordinate outside the picture is read, by TensorFlow's names. `REFLECT` repeats the edge, `WRAP` starts over. */
const FILL_MODES: Readonly<Record<string, (at: number, size: number) => number>> = {
  CONSTANT: (at) => at,
  NEAREST: (at, size) => clamp(at, size),
  REFLECT: (at, size) => {
    if (size <= 1) return 0;
    const period = 2 * size;
    if (at < 0) {
      const near = at < period ? period * Math.trunc(-at / period) + at : at;
      return clamp(near < -size ? near + period : -near - 1, size);
    }
    const near = at > size - 1 ? at - period * Math.trunc(at / period) : at;
    return clamp(near >= size ? period - near - 1 : near, size);
  },
  WRAP: (at, size) => {
    if (size <= 1) return 0;
    const period = size - 1;
    if (at < 0) return clamp(at + size * (Math.trunc(-at / period) + 1), size);
    return clamp(at > size - 1 ? at - size * Math.trunc(at / period) : at, size);
  },
};

const { fround } = Math;

/** a·x + b·y + c in single precision, on which it depends to which pixel a tie goes. */
function line(a: number, b: number, c: number, x: number, y: number): number {
  return fround(fround(fround(a * x) + fround(b * y)) + c);
}

function clamp(at: number, size: number): number {
  return Math.min(Math.max(at, 0), size - 1);
}

/** In plain code: TF.js mixes a pixel at the edge with pixels that it should fill. Source: TensorFlow's ImageProjectiveTransformV3. */
const transform: KernelOp = (node) => {
  const images = node.tensor(0);
  const [batch, height, width, channels] = images.shape as [number, number, number, number];
  const transforms = node.tensor(1);
  const [pixels, factors] = [images.dataSync(), transforms.dataSync()];
  const [rows, columns] = node.tensors.length > 2 ? (node.numbers(2) as [number, number]) : [height, width];
  const fill = node.tensors.length > 3 ? node.number(3) : 0;
  const isNearest = node.attr.text("interpolation").toUpperCase() === "NEAREST";
  const mapTo = FILL_MODES[node.attr.text("fill_mode", "CONSTANT").toUpperCase()] ?? node.attr.refuse("its fill mode");
  const results = new Float32Array(batch * rows * columns * channels);
  let out = 0;
  for (let item = 0; item < batch; item++) {
    const first = transforms.shape[0] === 1 ? 0 : 8 * item;
    const [a, b, c, d, e, f, g, h] = factors.subarray(first, first + 8) as unknown as number[];
    const read = (y: number, x: number, channel: number): number =>
      y < 0 || x < 0 || y >= height || x >= width
        ? fill
        : pixels[((item * height + y) * width + x) * channels + channel]!;
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++) {
        const depth = line(g!, h!, 1, column, row);
        const x = mapTo(fround(line(a!, b!, c!, column, row) / depth), width);
        const y = mapTo(fround(line(d!, e!, f!, column, row) / depth), height);
        for (let channel = 0; channel < channels; channel++, out++) {
          if (depth === 0) results[out] = fill;
          else if (isNearest) results[out] = read(Math.round(y), Math.round(x), channel);
          else {
            const [top, left] = [Math.floor(y), Math.floor(x)];
            const across = (at: number): number =>
              (left + 1 - x) * read(at, left, channel) + (x - left) * read(at, left + 1, channel);
            results[out] = (top + 1 - y) * across(top) + (y - top) * across(top + 1);
          }
        }
      }
  }
  return like(node, tensor(results, [batch, rows, columns, channels]));
};

function like(node: KernelNode, result: TfTensor): TfTensor {
  return cast(result, node.tensor(0).dtype);
}

export const PROJECTIVE_TRANSFORM_OPS: Readonly<Record<string, KernelOp>> = {
  ImageProjectiveTransformV2: transform,
  ImageProjectiveTransformV3: transform,
};
