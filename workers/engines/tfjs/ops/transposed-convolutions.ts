import {
  conv2d,
  conv2dTranspose,
  conv3d,
  reverse,
  transpose,
  type Tensor as TfTensor,
  type Tensor4D,
  type Tensor5D,
} from "@tensorflow/tfjs-core";
import type { KernelNode, KernelOp } from "./kernel-node.js";
import { flatIndex, mapIndices, stridesOf, take, zeroLike } from "./take.js";
import { sameEdges } from "./windows.js";

/** The attributes along the spatial axes of a transposed convolution, in order. */
interface Geometry {
  readonly strides: number[];
  readonly dilations: number[];
  /** Zeros before each axis of the input of the convolution whose transpose this is. */
  readonly edges: number[];
}

/**
 * A transposed convolution as a convolution: spread `x` apart with zeros, pad it, and convolve it with the filter, turned around.
 * TF.js ignores dilation, and its WASM kernel for volumes ignores strides.
 *
 * @param x `[batch, …, outputs]`, @param filter `[…, inputs, outputs]`, @param sizes the shape of the result, `[batch, …, inputs]`.
 */
function transposedConvolution(
  x: TfTensor,
  filter: TfTensor,
  sizes: readonly number[],
  { strides, dilations, edges }: Geometry,
): TfTensor {
  const axes = strides.map((_, index) => index + 1);
  const spatial = axes.map((axis) => sizes[axis]!);
  const reach = dilations.map((dilation, index) => (filter.shape[index]! - 1) * dilation);
  // Output o reads input place o + edge − tap·dilation, so the spread input starts `reach − edge` places earlier.
  const shape = [x.shape[0]!, ...spatial.map((size, index) => size + reach[index]!), x.shape.at(-1)!];
  const own = stridesOf(x.shape);
  const map = mapIndices(shape, (place) => {
    const at = axes.map((axis, index) => (place[axis]! - reach[index]! + edges[index]!) / strides[index]!);
    const isZero = at.some((each, index) => !Number.isInteger(each) || each < 0 || each >= x.shape[index + 1]!);
    return isZero ? x.size : flatIndex([place[0]!, ...at, place.at(-1)!], own);
  });
  const spreadApart = take(x, shape, map, zeroLike(x));
  const rank = filter.rank;
  const turned = reverse(
    filter,
    axes.map((axis) => axis - 1),
  );
  const kernel = transpose(turned, [...axes.map((axis) => axis - 1), rank - 1, rank - 2]);
  return axes.length === 2
    ? conv2d(spreadApart as Tensor4D, kernel as Tensor4D, 1, "valid", "NHWC", dilations as [number, number])
    : conv3d(spreadApart as Tensor5D, kernel as Tensor5D, 1, "valid", "NDHWC", dilations as [number, number, number]);
}

function geometryOf(node: KernelNode, sizes: readonly number[], filter: TfTensor, rank: number): Geometry {
  const along = (name: string): number[] => {
    const list = node.attr.integers(name);
    return Array.from({ length: rank }, (_, index) => list[index + 1] ?? 1);
  };
  const [strides, dilations] = [along("strides"), along("dilations")];
  const padding = node.attr.text("padding", "VALID").toUpperCase();
  const explicit = node.attr.integers("explicit_paddings");
  const edges = strides.map((stride, index) => {
    if (padding === "SAME") return sameEdges(sizes[index + 1]!, filter.shape[index]!, stride, dilations[index]!)[0];
    return padding === "EXPLICIT" ? (explicit[2 * (index + 1)] ?? 0) : 0;
  });
  return { strides, dilations, edges };
}

const pictures: KernelOp = (node) => {
  const [sizes, filter, x] = [node.numbers(0), node.tensor(1), node.tensor(2)];
  if (node.attr.text("data_format", "NHWC").toUpperCase() !== "NHWC") return node.attr.refuse("channels first");
  const whole = sizes.length === 2 ? [x.shape[0]!, ...sizes, filter.shape[2]!] : sizes;
  const geometry = geometryOf(node, whole, filter, 2);
  const padding = node.attr.text("padding", "VALID").toUpperCase();
  const isPlain = geometry.dilations.every((dilation) => dilation === 1) && padding !== "EXPLICIT";
  if (!isPlain) return transposedConvolution(x, filter, whole, geometry);
  const shape = whole as [number, number, number, number];
  const strides = geometry.strides as [number, number];
  return conv2dTranspose(x as Tensor4D, filter as Tensor4D, shape, strides, padding === "SAME" ? "same" : "valid");
};

const volumes: KernelOp = (node) => {
  const [sizes, filter, x] = [node.numbers(0), node.tensor(1), node.tensor(2)];
  if (node.attr.text("data_format", "NDHWC").toUpperCase() !== "NDHWC") return node.attr.refuse("channels first");
  return transposedConvolution(x, filter, sizes, geometryOf(node, sizes, filter, 3));
};

export const TRANSPOSED_CONVOLUTION_OPS: Readonly<Record<string, KernelOp>> = {
  Conv2DBackpropInput: pictures,
  Conv3DBackpropInputV2: volumes,
};
