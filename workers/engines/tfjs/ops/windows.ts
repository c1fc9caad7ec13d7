import { transpose, type Tensor as TfTensor } from "@tensorflow/tfjs-core";
import type { KernelNode } from "./kernel-node.js";

/** Padding before and after each axis of a picture, in TF.js's form. */
export type Padding = "same" | "valid" | [[number, number], [number, number], [number, number], [number, number]];

/** How a convolution or pooling moves over the two middle axes of `[batch, height, width, channels]`. */
export interface Window2D {
  readonly isChannelsFirst: boolean;
  readonly strides: [number, number];
  readonly dilations: [number, number];
  readonly size: [number, number];
  readonly padding: Padding;
}

/** Read the attributes of a convolution or pooling of pictures, whichever order of axes they are stated in. */
export function readWindow(node: KernelNode): Window2D {
  const isChannelsFirst = node.attr.text("data_format", "NHWC").toUpperCase() === "NCHW";
  const [row, column] = isChannelsFirst ? [2, 3] : [1, 2];
  const pair = (name: string): [number, number] => {
    const list = node.attr.integers(name);
    return [list[row!] ?? 1, list[column!] ?? 1];
  };
  const padding = node.attr.text("padding", "VALID").toUpperCase();
  const explicit = node.attr.integers("explicit_paddings");
  const edges = (axis: number): [number, number] => [explicit[2 * axis] ?? 0, explicit[2 * axis + 1] ?? 0];
  return {
    isChannelsFirst,
    strides: pair("strides"),
    dilations: pair("dilations"),
    size: pair("ksize"),
    padding:
      padding === "SAME" ? "same" : padding === "VALID" ? "valid" : [[0, 0], edges(row!), edges(column!), [0, 0]],
  };
}

/** Run an op that wants channels last on a tensor that may have them first. */
export function channelsLast(x: TfTensor, isChannelsFirst: boolean, run: (x: TfTensor) => TfTensor): TfTensor {
  return isChannelsFirst ? transpose(run(transpose(x, [0, 2, 3, 1])), [0, 3, 1, 2]) : run(x);
}

/** Zeros or other values before and after an axis, so that a window of `size` that moves by `stride` covers it as `SAME` says. */
export function sameEdges(length: number, size: number, stride: number, dilation: number): [number, number] {
  const reach = (size - 1) * dilation + 1;
  const total = Math.max(0, (Math.ceil(length / stride) - 1) * stride + reach - length);
  return [Math.floor(total / 2), total - Math.floor(total / 2)];
}
