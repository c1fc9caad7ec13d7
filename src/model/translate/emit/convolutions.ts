import type { EmitNode, NodeCall } from "../node-call.js";
import { integerList, literal, type Value } from "../value.js";
import { activate, fusedParts } from "./activations.js";
import { combine } from "./combine.js";
import { channelsLast, readWindow } from "./window.js";

/** Filters are weights: those that are computed while the model runs have their axes in another order. */
function filterOf(call: NodeCall, permutation: readonly number[]): Value {
  const filter = call.input(1);
  call.requireElement(filter, "float32");
  if (filter.source.kind === "tensor") call.refuse("a filter that is computed while the model runs");
  if (filter.shape.length !== 4) call.refuse(`a filter of shape [${filter.shape.join()}]`);
  return call.transpose(filter, permutation);
}

/** A bias for each channel; zeros where there is none. Any other is added afterwards. */
function biasFor(channelCount: number, bias: Value | undefined): Value | undefined {
  if (bias === undefined)
    return literal(
      "float32",
      [channelCount],
      Array.from({ length: channelCount }, () => 0),
    );
  return bias.shape.length === 1 && bias.shape[0] === channelCount ? bias : undefined;
}

/** Add the bias if the operator has not, and activate. */
function finish(call: NodeCall, x: Value, isBiased: boolean): Value {
  const { bias, activation, slope } = fusedParts(call);
  const sum = isBiased || bias === undefined ? x : combine(call, "ADD", x, bias);
  return activation === undefined ? sum : activate(call, sum, activation, slope);
}

/** Filters [height, width, in, out] become [out, height, width, in]. Channels in groups are shown by fewer of them in the filter. */
const conv2d: EmitNode = (call) => {
  const filter = filterOf(call, [3, 0, 1, 2]);
  const [channelCount, height, width, depth] = filter.shape as [number, number, number, number];
  const bias = biasFor(channelCount, fusedParts(call).bias);
  const result = channelsLast(call, call.input(0), (given) => {
    call.requireElement(given, "float32");
    const groups = given.shape[3]! / depth;
    if (!Number.isInteger(groups) || channelCount % groups !== 0) {
      call.misfit(`${given.shape[3]} channels for a filter of ${depth}`);
    }
    const { picture, options, dilations, ...window } = readWindow(call, given, [height, width]);
    const shape = [picture.shape[0]!, window.height, window.width, channelCount];
    const zeros = bias ?? biasFor(channelCount, undefined);
    const sum = call.emit("CONV_2D", [picture, filter, zeros], { shape }, { ...options, ...dilations });
    return finish(call, sum, bias !== undefined);
  });
  return [result];
};

/** Filters [height, width, in, multiplier] become [1, height, width, in · multiplier]. */
const depthwise: EmitNode = (call) => {
  const given = filterOf(call, [0, 1, 2, 3]);
  const [height, width, depth, depthMultiplier] = given.shape as [number, number, number, number];
  const channelCount = depth * depthMultiplier;
  const filter = call.reshape(given, [1, height, width, channelCount]);
  const bias = biasFor(channelCount, fusedParts(call).bias);
  const result = channelsLast(call, call.input(0), (image) => {
    call.requireElement(image, "float32");
    if (image.shape[3] !== depth) call.misfit(`${image.shape[3]} channels for a filter of ${depth}`);
    const { picture, options, dilations, ...window } = readWindow(call, image, [height, width]);
    const shape = [picture.shape[0]!, window.height, window.width, channelCount];
    const zeros = bias ?? biasFor(channelCount, undefined);
    const all = { ...options, ...dilations, depthMultiplier };
    return finish(call, call.emit("DEPTHWISE_CONV_2D", [picture, filter, zeros], { shape }, all), bias !== undefined);
  });
  return [result];
};

/** Filters [height, width, out, in] become [out, height, width, in]. */
const transposed: EmitNode = (call) => {
  const sizes = call.integers(0, "a shape");
  const filter = filterOf(call, [2, 0, 1, 3]);
  const [channelCount, height, width] = filter.shape as [number, number, number, number];
  const image = call.input(2);
  call.requireElement(image, "float32");
  if (!call.attrText("data_format", "NHWC").startsWith("NHWC")) call.refuse("channels first");
  const batch = image.shape[0]!;
  const shape = [batch, sizes[1]!, sizes[2]!, channelCount];
  // The window moves over the result, and must come out at the size of the input.
  const over: Value = { shape, element: "float32", source: image.source };
  const { options, dilations, ...window } = readWindow(call, over, [height, width]);
  const isDilated = Object.values(dilations).some((each) => each !== 1);
  if (isDilated || call.attrText("padding", "VALID") === "EXPLICIT") call.refuse("dilations or explicit paddings");
  if (window.height !== image.shape[1] || window.width !== image.shape[2]) {
    call.misfit(`a result of shape [${shape.join()}] for [${image.shape.join()}]`);
  }
  return [call.emit("TRANSPOSE_CONV", [integerList(shape), filter, image], { shape, element: "float32" }, options)];
};

export const CONVOLUTIONS: Readonly<Record<string, EmitNode>> = {
  Conv2D: conv2d,
  _FusedConv2D: conv2d,
  DepthwiseConv2dNative: depthwise,
  FusedDepthwiseConv2dNative: depthwise,
  Conv2DBackpropInput: transposed,
};
