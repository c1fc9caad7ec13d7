import {
  add,
  batchNorm,
  concat,
  conv2d,
  conv3d,
  depthwiseConv2d,
  elu,
  fused,
  leakyRelu,
  mul,
  prelu,
  relu,
  relu6,
  scalar,
  sigmoid,
  split,
  tanh,
  type Tensor as TfTensor,
  type Tensor3D,
  type Tensor4D,
  type Tensor5D,
} from "@tensorflow/tfjs-core";
import type { KernelNode, KernelOp } from "./kernel-node.js";
import { product } from "./matrices.js";
import { channelsLast, readWindow, type Window2D } from "./windows.js";

/** Convolve with channels last. Channels in groups, which the filter's third axis shows, are convolved group by group. */
function convolve(x: TfTensor, filter: TfTensor, { strides, dilations, padding }: Window2D): TfTensor {
  const groups = x.shape[3]! / filter.shape[2]!;
  const one = (part: TfTensor, kernel: TfTensor): TfTensor =>
    conv2d(part as Tensor4D, kernel as Tensor4D, strides, padding, "NHWC", dilations);
  if (groups === 1 || !Number.isInteger(groups)) return one(x, filter);
  const kernels = split(filter, groups, 3);
  return concat(
    split(x, groups, 3).map((part, index) => one(part, kernels[index]!)),
    3,
  );
}

function convolveByChannel(x: TfTensor, filter: TfTensor, { strides, dilations, padding }: Window2D): TfTensor {
  return depthwiseConv2d(x as Tensor4D, filter as Tensor4D, strides, padding, "NHWC", dilations);
}

type Linear = (x: TfTensor, filter: TfTensor, window: Window2D) => TfTensor;

const plain =
  (linear: Linear): KernelOp =>
  (node) => {
    const window = readWindow(node);
    return channelsLast(node.tensor(0), window.isChannelsFirst, (x) => linear(x, node.tensor(1), window));
  };

/** Activations of TF.js's fused kernels, by the names in `fused_ops`. */
const FUSED = {
  Relu: "relu",
  Relu6: "relu6",
  Elu: "elu",
  Sigmoid: "sigmoid",
  LeakyRelu: "leakyrelu",
  Prelu: "prelu",
} as const;
type FusedName = keyof typeof FUSED;

function activate(node: KernelNode, x: TfTensor, name: string | undefined, slope: TfTensor | undefined): TfTensor {
  switch (name) {
    case undefined:
      return x;
    case "Relu":
      return relu(x);
    case "Relu6":
      return relu6(x);
    case "Elu":
      return elu(x);
    case "Sigmoid":
      return sigmoid(x);
    case "Tanh":
      return tanh(x);
    case "LeakyRelu":
      return leakyRelu(x, node.attr.number("leakyrelu_alpha", 0.2));
    case "Prelu":
      return slope === undefined ? node.attr.fail("slopes") : prelu(x, slope);
    case "_FusedHardSwish":
      return mul(x, mul(relu6(add(x, scalar(3))), scalar(1 / 6)));
    default:
      return node.attr.refuse(`the fused activation ${name.slice(0, 40)}`);
  }
}

/** What follows a fused convolution or product: a bias or a batch normalisation, and an activation. */
function finish(node: KernelNode, x: TfTensor): TfTensor {
  const [extra, activation] = extras(node);
  const [a, b, c, d] = node.tensors.slice(2);
  if (extra === "FusedBatchNorm") {
    if (a === undefined || b === undefined || c === undefined || d === undefined)
      return node.attr.fail("four statistics");
    return activate(node, batchNorm(x, c, d, b, a, node.attr.number("epsilon", 1e-4)), activation, undefined);
  }
  if (extra === undefined) return activate(node, x, activation, a);
  return activate(node, a === undefined ? x : add(x, a), activation, b);
}

/** `[BiasAdd | FusedBatchNorm | undefined, activation | undefined]` */
function extras(node: KernelNode): [string | undefined, string | undefined] {
  const [first, second] = node.attr.texts("fused_ops").filter((name) => name !== "NoOp");
  return first === "BiasAdd" || first === "FusedBatchNorm" ? [first, second] : [undefined, first];
}

/** Whether TF.js's fused kernels take this bias and activation on every backend. */
function isFusable(node: KernelNode): boolean {
  const [extra, activation] = extras(node);
  const hasBias = extra === "BiasAdd" && node.tensors[2]?.rank === 1;
  return (hasBias || node.tensors.length === 2) && (activation === undefined || Object.hasOwn(FUSED, activation));
}

function fusedOptions(node: KernelNode) {
  const [extra, activation] = extras(node);
  const [first, second] = node.tensors.slice(2);
  const [bias, slope] = extra === "BiasAdd" ? [first, second] : [undefined, first];
  return {
    ...(bias === undefined ? {} : { bias }),
    ...(activation === undefined ? {} : { activation: FUSED[activation as FusedName] }),
    ...(slope === undefined ? {} : { preluActivationWeights: slope }),
    leakyreluAlpha: node.attr.number("leakyrelu_alpha", 0.2),
  };
}

const fusedConvolution =
  (linear: Linear): KernelOp =>
  (node) => {
    const window = readWindow(node);
    const filter = node.tensor(1) as Tensor4D;
    return channelsLast(node.tensor(0), window.isChannelsFirst, (x) => {
      const isGrouped = linear === convolve && x.shape[3] !== filter.shape[2];
      if (!isFusable(node) || isGrouped) return finish(node, linear(x, filter, window));
      const { strides, dilations, padding } = window;
      const run = linear === convolve ? fused.conv2d : fused.depthwiseConv2d;
      // TF.js takes explicit paddings here too, though its types don't say so.
      const pad = padding as "same" | "valid";
      return run({ x: x as Tensor4D, filter, strides, pad, dataFormat: "NHWC", dilations, ...fusedOptions(node) });
    });
  };

const fusedProduct: KernelOp = (node) => {
  const [a, b] = [node.tensor(0) as Tensor3D, node.tensor(1) as Tensor3D];
  const [transposeA, transposeB] = [node.attr.flag("transpose_a"), node.attr.flag("transpose_b")];
  if (!isFusable(node) || a.dtype !== "float32") return finish(node, product(a, b, transposeA, transposeB));
  return fused.matMul({ a, b, transposeA, transposeB, ...fusedOptions(node) });
};

/** TF.js's own, but with padding, strides and dilation as stated. */
const volume: KernelOp = (node) => {
  if (node.attr.text("data_format", "NDHWC").toUpperCase() !== "NDHWC") return node.attr.refuse("channels first");
  const triple = (name: string): [number, number, number] => {
    const list = node.attr.integers(name);
    return [list[1] ?? 1, list[2] ?? 1, list[3] ?? 1];
  };
  const padding = node.attr.text("padding", "VALID").toUpperCase() === "SAME" ? "same" : "valid";
  const [x, filter] = [node.tensor(0) as Tensor5D, node.tensor(1) as Tensor5D];
  const groups = x.shape[4] / filter.shape[3];
  const one = (part: Tensor5D, kernel: Tensor5D): TfTensor =>
    conv3d(part, kernel, triple("strides"), padding, "NDHWC", triple("dilations"));
  if (groups === 1 || !Number.isInteger(groups)) return one(x, filter);
  const kernels = split<Tensor5D>(filter, groups, 4);
  return concat(
    split<Tensor5D>(x, groups, 4).map((part, index) => one(part, kernels[index]!)),
    4,
  );
};

export const CONVOLUTION_OPS: Readonly<Record<string, KernelOp>> = {
  Conv2D: plain(convolve),
  DepthwiseConv2dNative: plain(convolveByChannel),
  _FusedConv2D: fusedConvolution(convolve),
  FusedDepthwiseConv2dNative: fusedConvolution(convolveByChannel),
  _FusedMatMul: fusedProduct,
  Conv3D: volume,
};
