import { cast, image, matMul, reshape, tensor, type Tensor as TfTensor, type Tensor4D } from "@tensorflow/tfjs-core";
import type { KernelNode, KernelOp } from "./kernel-node.js";
import { areaWeights, bicubicWeights, kernelWeights, type AxisWeights, type Sampling } from "./resize-weights.js";
import { flatIndex, mapIndices, stridesOf, take } from "./take.js";

type WeightsAlong = (inputs: number, outputs: number, axis: 0 | 1) => AxisWeights;

/** Resize the two middle axes of pictures, each by a product with its weights. */
function resize(node: KernelNode, weightsAlong: WeightsAlong): TfTensor {
  const images = cast(node.tensor(0), "float32");
  const [batch, height, width, channels] = images.shape as [number, number, number, number];
  const [rows, columns] = node.numbers(1) as [number, number];
  const vertical = tensor(weightsAlong(height, rows, 0), [1, rows, height]);
  const horizontal = tensor(weightsAlong(width, columns, 1), [1, columns, width]);
  const tall = matMul(vertical, reshape(images, [batch, height, width * channels]));
  const wide = matMul(horizontal, reshape(tall, [batch * rows, width, channels]));
  return reshape(wide, [batch, rows, columns, channels]);
}

function samplingOf(node: KernelNode): Sampling {
  return { alignsCorners: node.attr.flag("align_corners"), hasHalfPixels: node.attr.flag("half_pixel_centers") };
}

const bicubic: KernelOp = (node) => {
  const sampling = samplingOf(node);
  return resize(node, (inputs, outputs) => bicubicWeights(inputs, outputs, sampling));
};

const area: KernelOp = (node) => {
  const sampling = samplingOf(node);
  return resize(node, (inputs, outputs) => areaWeights(inputs, outputs, sampling));
};

const scaleAndTranslate: KernelOp = (node) => {
  const [scales, translations] = [node.numbers(2), node.numbers(3)];
  const kernel = node.attr.text("kernel_type", "lanczos3");
  const isAntialiased = node.attr.flag("antialias", true);
  return resize(node, (inputs, outputs, axis) => {
    const placement = { scale: scales[axis]!, translation: translations[axis]!, kernel, isAntialiased };
    return kernelWeights(inputs, outputs, placement) ?? node.attr.refuse(`the kernel ${kernel.slice(0, 40)}`);
  });
};

/** TF.js's WASM kernel returns whole numbers as floats. */
const nearest: KernelOp = (node) => {
  const x = node.tensor(0);
  const { alignsCorners, hasHalfPixels } = samplingOf(node);
  const [rows, columns] = node.numbers(1) as [number, number];
  return cast(image.resizeNearestNeighbor(x as Tensor4D, [rows, columns], alignsCorners, hasHalfPixels), x.dtype);
};

/** TF.js rounds half up, and TensorFlow away from zero; they differ in which places are outside the picture. */
const cropAndResize: KernelOp = (node) => {
  const [images, boxes, owners] = [node.tensor(0), node.tensor(1), node.tensor(2)];
  const [rows, columns] = node.numbers(3) as [number, number];
  const method = node.attr.text("method", "bilinear");
  const fill = node.attr.number("extrapolation_value", 0);
  if (method !== "nearest") {
    return image.cropAndResize(images as Tensor4D, boxes as never, owners as never, [rows, columns], "bilinear", fill);
  }
  const [, height, width, channels] = images.shape as [number, number, number, number];
  const [edges, items] = [boxes.dataSync(), owners.dataSync()];
  const strides = stridesOf(images.shape);
  const { fround } = Math;
  // −1 outside the picture.
  const along = (box: number, first: 0 | 1, at: number, size: number, count: number): number => {
    const [low, high] = [edges[4 * box + first]!, edges[4 * box + first + 2]!];
    const step = count > 1 ? fround(fround(fround(high - low) * (size - 1)) / (count - 1)) : 0;
    const from =
      count > 1 ? fround(fround(low * (size - 1)) + fround(at * step)) : 0.5 * fround(low + high) * (size - 1);
    return from < 0 || from > size - 1 ? -1 : Math.floor(from + 0.5);
  };
  const shape = [owners.size, rows, columns, channels];
  const map = mapIndices(shape, ([box, row, column, channel]) => {
    const [y, x] = [along(box!, 0, row!, height, rows), along(box!, 1, column!, width, columns)];
    return y < 0 || x < 0 ? images.size : flatIndex([items[box!]!, y, x, channel!], strides);
  });
  return cast(take(images, shape, map, cast(tensor([fill]), images.dtype)), "float32");
};

export const RESIZING_OPS: Readonly<Record<string, KernelOp>> = {
  ResizeBicubic: bicubic,
  ResizeArea: area,
  ScaleAndTranslate: scaleAndTranslate,
  ResizeNearestNeighbor: nearest,
  CropAndResize: cropAndResize,
};
