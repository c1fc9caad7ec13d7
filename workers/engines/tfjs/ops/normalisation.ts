import {
  add,
  batchNorm,
  clone,
  mean,
  mul,
  reshape,
  rsqrt,
  scalar,
  square,
  sub,
  tensor,
  type Tensor as TfTensor,
} from "@tensorflow/tfjs-core";
import type { KernelNode, KernelOp } from "./kernel-node.js";

/** TF.js normalises with the statistics that are given, on the last axis, whatever the attributes state. */
const fusedBatchNorm: KernelOp = (node) => {
  const [x, scale, offset, givenMean, givenVariance] = [0, 1, 2, 3, 4].map((index) => node.tensor(index)) as [
    TfTensor,
    TfTensor,
    TfTensor,
    TfTensor,
    TfTensor,
  ];
  const epsilon = node.attr.number("epsilon", 1e-4);
  const channelAxis = node.attr.text("data_format", "NHWC").toUpperCase().startsWith("NC") ? 1 : x.rank - 1;
  // The attribute's default is true, and then no statistics are given, unless an old converter left the attribute out.
  if (node.attr.flag("is_training", givenMean.size === 0)) return normaliseBatch(node, channelAxis, epsilon);
  const y =
    channelAxis === x.rank - 1
      ? batchNorm(x, givenMean, givenVariance, offset, scale, epsilon)
      : normalise(x, channelAxis, givenMean, givenVariance, { scale, offset, epsilon });
  return [y, ...[givenMean, givenVariance, givenMean, givenVariance].map((each) => clone(each)), scalar(0)];
};

interface Affine {
  readonly scale: TfTensor;
  readonly offset: TfTensor;
  readonly epsilon: number;
}

function normalise(
  x: TfTensor,
  axis: number,
  center: TfTensor,
  spread: TfTensor,
  { scale, offset, epsilon }: Affine,
): TfTensor {
  const shape = x.shape.map((size, each) => (each === axis ? size : 1));
  const [m, v, s, o] = [center, spread, scale, offset].map((each) => reshape(each, shape)) as [
    TfTensor,
    TfTensor,
    TfTensor,
    TfTensor,
  ];
  return add(mul(mul(sub(x, m), rsqrt(add(v, scalar(epsilon)))), s), o);
}

/** Statistics over every axis but the channels' one. The second is unbiased, as in TensorFlow. */
function normaliseBatch(node: KernelNode, axis: number, epsilon: number): TfTensor[] {
  const x = node.tensor(0);
  const channels = x.shape[axis]!;
  const others = x.shape.flatMap((_, each) => (each === axis ? [] : [each]));
  const center = mean(x, others, true);
  const spread = mean(square(sub(x, center)), others, true);
  const count = channels === 0 ? 0 : x.size / channels;
  const flat = (each: TfTensor): TfTensor => reshape(each, [channels]);
  const y = normalise(x, axis, center, spread, { scale: node.tensor(1), offset: node.tensor(2), epsilon });
  const unbiased = mul(flat(spread), scalar(count / Math.max(1, count - 1)));
  const factor = node.attr.number("exponential_avg_factor", 1);
  const running = (batch: TfTensor, given: TfTensor): TfTensor =>
    factor === 1 ? batch : add(mul(given, scalar(1 - factor)), mul(batch, scalar(factor)));
  return [
    y,
    running(flat(center), node.tensor(3)),
    running(unbiased, node.tensor(4)),
    flat(center),
    flat(spread),
    tensor([0]),
  ];
}

export const NORMALISATION_OPS: Readonly<Record<string, KernelOp>> = {
  FusedBatchNorm: fusedBatchNorm,
  FusedBatchNormV2: fusedBatchNorm,
  FusedBatchNormV3: fusedBatchNorm,
};
