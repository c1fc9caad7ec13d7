import {
  add,
  floor,
  max,
  maximum,
  min,
  minimum,
  mul,
  reshape,
  round,
  scalar,
  sub,
  div,
  tensor,
  zerosLike,
  type Tensor as TfTensor,
} from "@tensorflow/tfjs-core";
import type { KernelNode, KernelOp } from "./kernel-node.js";

const { fround } = Math;

/** A range whose steps include zero. */
interface Range {
  readonly low: number;
  readonly high: number;
  readonly step: number;
}

/** Move a range so that zero is one of its steps. Source: TensorFlow's FakeQuantWithMinMaxArgs. */
function nudge(node: KernelNode, low: number, high: number): Range {
  const least = node.attr.flag("narrow_range") ? 1 : 0;
  const most = 2 ** node.attr.number("num_bits", 8) - 1;
  const step = fround(fround(high - low) / (most - least));
  const zero = fround(least - fround(low / step));
  const nudged = zero < least ? least : zero > most ? most : Math.floor(zero + 0.5);
  return { low: fround((least - nudged) * step), high: fround((most - nudged) * step), step };
}

function quantise(x: TfTensor, low: TfTensor, high: TfTensor, step: TfTensor): TfTensor {
  const inside = minimum(maximum(x, low), high);
  return add(mul(floor(add(div(sub(inside, low), step), scalar(0.5))), step), low);
}

const fakeQuantise =
  (rangeOf: (node: KernelNode) => [number[], number[]]): KernelOp =>
  (node) => {
    const x = node.tensor(0);
    const [lows, highs] = rangeOf(node);
    if (lows.length === 1 && lows[0] === 0 && highs[0] === 0) return zerosLike(x);
    const ranges = lows.map((low, index) => nudge(node, low, highs[index]!));
    const values = (key: keyof Range): TfTensor =>
      lows.length === 1 ? scalar(ranges[0]![key]) : tensor(ranges.map((range) => range[key]));
    return quantise(x, values("low"), values("high"), values("step"));
  };

const fromAttributes = (node: KernelNode): [number[], number[]] => [
  [node.attr.number("min", -6)],
  [node.attr.number("max", 6)],
];
const fromInputs = (node: KernelNode): [number[], number[]] => [node.numbers(1), node.numbers(2)];

/** The largest float, which stands for "no limit" here as in TensorFlow. */
const NO_LIMIT = 3.4028234663852886e38;

/** Round to the steps of a whole number of `num_bits`, symmetric about zero. Source: TensorFlow's QuantizeAndDequantizeV2. */
const quantiseAndBack: KernelOp = (node) => {
  const x = node.tensor(0);
  const bits = node.tensors.length > 3 ? node.number(3) : node.attr.number("num_bits", 8);
  const [isSigned, isNarrow] = [node.attr.flag("signed_input", true), node.attr.flag("narrow_range")];
  const isGiven = node.attr.flag("range_given");
  const least = isSigned ? -(2 ** (bits - 1)) + (isNarrow ? 1 : 0) : 0;
  const most = isSigned ? 2 ** (bits - 1) - 1 : 2 ** bits - 1;
  const axis = node.attr.number("axis", -1);
  const others = axis < 0 ? undefined : x.shape.flatMap((_, each) => (each === axis ? [] : [each]));
  const lows = isGiven ? node.numbers(1) : Array.from(min(x, others).dataSync());
  const highs = isGiven ? node.numbers(2) : Array.from(max(x, others).dataSync());
  const steps = lows.map((low, index) => {
    const high = highs[index]!;
    const fromLow = least * low > 0 ? least / low : NO_LIMIT;
    const fromHigh = most * high > 0 ? most / high : NO_LIMIT;
    return fromLow < fromHigh
      ? { scale: fromLow, step: low / least, low, high: (most * low) / least }
      : { scale: fromHigh, step: high / most, low: (least * high) / most, high };
  });
  const shape = axis < 0 ? [] : x.shape.map((size, each) => (each === axis ? size : 1));
  const values = (key: "scale" | "step" | "low" | "high"): TfTensor =>
    reshape(tensor(steps.map((each) => each[key])), shape);
  const inside = isGiven ? minimum(maximum(x, values("low")), values("high")) : x;
  const scaled = mul(inside, values("scale"));
  const isHalfUp = node.attr.text("round_mode", "HALF_TO_EVEN") === "HALF_UP";
  return mul(isHalfUp ? floor(add(scaled, scalar(0.5))) : round(scaled), values("step"));
};

export const QUANTISATION_OPS: Readonly<Record<string, KernelOp>> = {
  FakeQuantWithMinMaxArgs: fakeQuantise(fromAttributes),
  FakeQuantWithMinMaxVars: fakeQuantise(fromInputs),
  FakeQuantWithMinMaxVarsPerChannel: fakeQuantise(fromInputs),
  QuantizeAndDequantizeV2: quantiseAndBack,
  QuantizeAndDequantizeV3: quantiseAndBack,
  QuantizeAndDequantizeV4: quantiseAndBack,
};
