import { describe, expect, it } from "vitest";
import { findPictureInput, planPictures } from "../../../src/jobs/picture-tensors.js";
import type { PictureOptions } from "../../../src/jobs/picture-options.js";
import type { DType } from "../../../src/protocol/tensors.js";

const model = (shape: number[] | undefined, dtype: DType = "float32", name = "image") => ({
  inputs: [{ name, shape, dtype }],
});
const scale = 1 / 255;

describe("planPictures", () => {
  it("reads sizes, colours and layout off the model's input", () => {
    const plan = (shape: number[], options: PictureOptions = {}) =>
      planPictures(model(shape), { scale, ...options }).plan;
    expect(plan([-1, 20, 30, 3])).toEqual({
      height: 20,
      width: 30,
      crop: undefined,
      fit: "stretch",
      smoothing: "high",
      colours: "rgb",
      layout: "channels-last",
      matte: [255, 255, 255],
      padding: [0, 0, 0],
      standardise: undefined,
    });
    expect(plan([1, 28, 28, 1])).toMatchObject({ colours: "grey", layout: "channels-last" });
    expect(plan([-1, 3, 20, 30])).toMatchObject({ height: 20, width: 30, layout: "channels-first" });
    expect(plan([-1, 28, 28])).toMatchObject({ height: 28, width: 28, colours: "grey" });
    expect(plan([-1, -1, -1, 3], { width: 7, height: 5 })).toMatchObject({ width: 7, height: 5 });
    expect(plan([-1, -1, -1, -1], { width: 7, height: 5, colours: "bgr" })).toMatchObject({ colours: "bgr" });
    expect(plan([-1, 3, 3, 3], { layout: "channels-first" })).toMatchObject({ layout: "channels-first" });
  });

  it("makes a tensor of bytes that become numbers in the worker, or of floats", () => {
    const bytes = planPictures(model([-1, 2, 2, 3]), { scale: 2, offset: -1 });
    expect(bytes.itemSize).toBe(12);
    const data = new Uint8Array(24);
    expect(bytes.toInputs(data, 2)).toEqual({
      image: { dtype: "uint8", shape: [2, 2, 2, 3], data, scale: 2, offset: -1 },
    });
    const options = { scale, mean: [1, 2, 3], std: [4, 5, 6] };
    const floats = planPictures(model([-1, 3, 2, 2]), options);
    expect(floats.plan.standardise).toEqual({ ...options, offset: 0 });
    const values = new Float32Array(12);
    expect(floats.toInputs(values, 1)).toEqual({ image: { dtype: "float32", shape: [1, 3, 2, 2], data: values } });
    const whole = planPictures(model([-1, 4, 3], "int32"), {});
    const grey = new Uint8Array(12);
    expect(whole.toInputs(grey, 1)).toEqual({ image: { dtype: "uint8", shape: [1, 4, 3], data: grey } });
  });

  it("finds the input that takes pictures, and passes the others on", () => {
    const inputs = [...model([-1, 8, 8, 3]).inputs, ...model([2], "float32", "rate").inputs];
    const rate = { dtype: "float32", shape: [2], data: new Float32Array(2) } as const;
    const data = new Uint8Array(192);
    const feed = planPictures({ inputs }, { scale: 1, otherInputs: { rate } });
    expect(feed.toInputs(data, 1)).toMatchObject({ rate, image: { dtype: "uint8", shape: [1, 8, 8, 3] } });
    const twins = { inputs: [...model([-1, 8, 8, 3]).inputs, ...model([-1, 9, 9, 3], "float32", "right").inputs] };
    expect(() => planPictures(twins, { scale: 1 })).toThrow(/"image", "right"/);
    expect(planPictures(twins, { scale: 1, input: "right" }).plan.width).toBe(9);
  });

  it.each<[string, number[] | undefined, PictureOptions, RegExp]>([
    ["no scale", [-1, 8, 8, 3], {}, /"scale".*1 \/ 127\.5/],
    ["a size that the model leaves open", [-1, -1, -1, 3], { scale }, /"height"/],
    ["a width the model does not have", [-1, 8, 8, 3], { scale, width: 9 }, /"width" to be 8.*received 9/],
    ["no whole size", [-1, -1, -1, 3], { scale, width: 1.5, height: 2 }, /"width"/],
    ["a giant size", [-1, -1, -1, 3], { scale, width: 16_384, height: 16_385 }, /"height"/],
    ["too many pixels", [-1, -1, -1, 3], { scale, width: 16_384, height: 16_400 }, /"height"/],
    ["an unknown shape without sizes", undefined, { scale }, /"height"/],
    ["grey for three channels", [-1, 8, 8, 3], { scale, colours: "grey" }, /3 channels/],
    ["six channels", [-1, 8, 8, 6], { scale }, /6 channels/],
    ["an unknown input", [-1, 8, 8, 3], { scale, input: "x" }, /"input".*"image"/],
    ["an unknown fit", [-1, 8, 8, 3], { scale, fit: "fill" as "cover" }, /"fit"/],
    ["an infinite scale", [-1, 8, 8, 3], { scale: Infinity }, /"scale"/],
    ["no offset", [-1, 8, 8, 3], { scale, offset: NaN }, /"offset"/],
    ["a mean too few", [-1, 8, 8, 3], { scale, mean: [1, 2] }, /"mean".*3 finite/],
    ["a zero deviation", [-1, 8, 8, 3], { scale, std: [1, 0, 1] }, /"std"/],
    ["half a crop", [-1, 8, 8, 3], { scale, crop: { x: 0, y: 0, width: 2.5, height: 1 } }, /"crop"/],
    ["no colour", [-1, 8, 8, 3], { scale, matte: [0, 0, 256] }, /"matte"/],
  ])("refuses %s", (_what, shape, options, message) => {
    expect(() => planPictures(model(shape), options)).toThrow(message);
    expect(() => planPictures(model(shape), options)).toThrow(expect.objectContaining({ code: "invalid-options" }));
  });

  it.each<[number[], DType]>([
    [[-1, 10], "float32"],
    [[-1, 8, 8, 3], "bool"],
    [[-1], "string"],
  ])("refuses a model without an input for pictures: %j %s", (shape, dtype) => {
    const run = () => planPictures(model(shape, dtype), { scale: 1 });
    expect(run).toThrow(expect.objectContaining({ code: "model-unsupported" }));
  });

  it("refuses to scale for an int32 input", () => {
    expect(() => planPictures(model([-1, 8, 8, 3], "int32"), { scale })).toThrow(/"scale".*int32/);
  });
});

it.each<[number[] | undefined, DType, object | undefined]>([
  [[-1, 20, 30, 3], "float32", { height: 20, width: 30, channels: 3, hasChannelAxis: true }],
  [[1, 3, 20, 30], "float32", { height: 20, width: 30, channels: 3, hasChannelAxis: true }],
  [[-1, -1, -1, 3], "int32", { height: -1, width: -1, channels: 3, dtype: "int32" }],
  [[-1, 28, 28], "float32", { height: 28, width: 28, channels: 1, hasChannelAxis: false }],
  [undefined, "float32", { height: -1, width: -1, channels: -1 }],
  [[-1, 8, 8, 6], "float32", undefined],
  [[-1, 10], "float32", undefined],
  [[-1, 8, 8, 3], "bool", undefined],
])("findPictureInput: %j %s", (shape, dtype, wanted) => {
  const found = findPictureInput(model(shape, dtype));
  if (wanted === undefined) expect(found).toBeUndefined();
  else expect(found).toMatchObject({ name: "image", ...wanted });
});

it("findPictureInput finds none where there are two", () => {
  const inputs = [...model([-1, 8, 8, 3]).inputs, ...model([-1, 8, 8, 3], "float32", "right").inputs];
  expect(findPictureInput({ inputs })).toBeUndefined();
});

it.each([[[-1, 43_844, 1]], [[-1, 1, 512]], [[-1, 300, 1]], [[1, 1, 160_000, 1]]])(
  "an input of sound or other sequences, %j, takes no pictures, and no size is found fault with that nobody gave",
  (shape) => {
    expect(findPictureInput(model(shape))).toBeUndefined();
    expect(() => planPictures(model(shape), { scale })).toThrow(/which is none: pass tensors to this model/);
  },
);
