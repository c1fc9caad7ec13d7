import {
  abs,
  add,
  clipByValue,
  concat,
  div,
  equal,
  floor,
  greater,
  max,
  maximum,
  mean,
  min,
  minimum,
  mul,
  scalar,
  split,
  sub,
  where,
  zerosLike,
  type Tensor as TfTensor,
} from "@tensorflow/tfjs-core";
import type { KernelOp } from "./kernel-node.js";

type Channels = [TfTensor, TfTensor, TfTensor];

function channelsOf(x: TfTensor): Channels {
  return split(x, 3, -1) as Channels;
}

/** Hue, saturation and value of 0 to 1, from red, green and blue along the last axis. Source: Smith, Color gamut transform pairs (1978). */
function toHsv(x: TfTensor): Channels {
  const [red, green, blue] = channelsOf(x);
  const value = max(x, -1, true);
  const range = sub(value, min(x, -1, true));
  const none = zerosLike(value);
  const saturation = where(greater(value, none), div(range, value), none);
  const sixth = div(scalar(1 / 6), range);
  const from = (a: TfTensor, b: TfTensor, start: number): TfTensor => add(mul(sixth, sub(a, b)), scalar(start));
  const ofBlue = from(red, green, 4 / 6);
  const ofGreen = where(equal(green, value), from(blue, red, 2 / 6), ofBlue);
  const hue = where(equal(red, value), from(green, blue, 0), ofGreen);
  const finite = where(greater(range, none), hue, none);
  return [where(greater(none, finite), add(finite, scalar(1)), finite), saturation, value];
}

function toRgb(hue: TfTensor, saturation: TfTensor, value: TfTensor): TfTensor {
  const h = mul(hue, scalar(6));
  const ramp = (x: TfTensor): TfTensor => clipByValue(x, 0, 1);
  const red = ramp(sub(abs(sub(h, scalar(3))), scalar(1)));
  const green = ramp(sub(scalar(2), abs(sub(h, scalar(2)))));
  const blue = ramp(sub(scalar(2), abs(sub(h, scalar(4)))));
  const shade = (x: TfTensor): TfTensor => mul(value, add(sub(scalar(1), saturation), mul(saturation, x)));
  return concat([shade(red), shade(green), shade(blue)], -1);
}

const adjustHue: KernelOp = (node) => {
  const [hue, saturation, value] = toHsv(node.tensor(0));
  const turned = add(hue, scalar(node.number(1)));
  return toRgb(sub(turned, floor(turned)), saturation, value);
};

const adjustSaturation: KernelOp = (node) => {
  const [hue, saturation, value] = toHsv(node.tensor(0));
  const scaled = minimum(scalar(1), maximum(scalar(0), mul(saturation, scalar(node.number(1)))));
  return toRgb(hue, scaled, value);
};

/** Away from each channel's mean in its picture. */
const adjustContrast: KernelOp = (node) => {
  const x = node.tensor(0);
  const center = mean(x, [x.rank - 3, x.rank - 2], true);
  return add(mul(sub(x, center), scalar(node.number(1))), center);
};

export const COLOUR_OPS: Readonly<Record<string, KernelOp>> = {
  RGBToHSV: (node) => concat(toHsv(node.tensor(0)), -1),
  HSVToRGB: (node) => toRgb(...channelsOf(node.tensor(0))),
  AdjustHue: adjustHue,
  AdjustSaturation: adjustSaturation,
  AdjustContrastv2: adjustContrast,
};
