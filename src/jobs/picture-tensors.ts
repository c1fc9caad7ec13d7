import { ShardError } from "../core/errors.js";
import type { ModelInfo } from "../model/inspect.js";
import type { TensorSpec } from "../protocol/model-on-wire.js";
import type { PixelPlan, Rgb, Standardise } from "../protocol/picture-api.js";
import { orShardError } from "../protocol/raw-errors.js";
import type { InputTensor } from "../protocol/tensors.js";
import type { Inputs } from "../sharder/inputs/prepare-inputs.js";
import type { PictureOptions } from "./picture-options.js";

/** How the pictures of one call are read and become a tensor. */
export interface PictureFeed {
  readonly plan: PixelPlan;
  /** Numbers per picture. */
  readonly itemSize: number;
  /**
   * The model's inputs for these pictures.
   * @param data of `itemCount` pictures, one after another.
   */
  toInputs(data: Uint8Array | Float32Array, itemCount: number): Inputs;
}

/** Limits of a canvas in browsers. */
const MAX_SIDE = 16_384;
const MAX_PIXELS = 2 ** 28;

const WHITE: Rgb = [255, 255, 255];
const BLACK: Rgb = [0, 0, 0];

/**
 * Take from the model's input what the options leave open, and check that both agree.
 * @throws ShardError "invalid-options" naming the option; "model-unsupported" if no input takes pictures.
 */
export function planPictures(model: Pick<ModelInfo, "inputs">, options: PictureOptions): PictureFeed {
  return orShardError("invalid-options", "options that can be read", "pass plain values", () => plan(model, options));
}

function plan(model: Pick<ModelInfo, "inputs">, options: PictureOptions): PictureFeed {
  const spec = findInput(model.inputs, options.input);
  const { layout, channels, ...fixed } = readShape(spec, options.layout);
  const colours = oneOf("colours", options.colours ?? (channels === 1 ? "grey" : "rgb"), ["rgb", "bgr", "grey"]);
  const channelCount = colours === "grey" ? 1 : 3;
  if (channels !== -1 && channels !== channelCount) {
    throw invalid(
      "colours",
      `an order of the ${channels} channels of input "${spec.name}"`,
      `"${colours}", which has ${channelCount}`,
      channels === 1 || channels === 3 ? "leave it out" : "build the tensors yourself",
    );
  }
  const height = sideOf("height", fixed.height, options.height, spec);
  const width = sideOf("width", fixed.width, options.width, spec);
  if (width * height > MAX_PIXELS)
    throw invalid("width × height", `at most ${MAX_PIXELS} pixels`, `${width} × ${height}`, "choose a smaller size");

  const { scaling, standardise } = valuesOf(spec, options, channelCount);
  const pixels: PixelPlan = {
    width,
    height,
    crop: checkCrop(options.crop),
    fit: oneOf("fit", options.fit ?? "stretch", ["stretch", "cover", "contain"]),
    smoothing: oneOf("smoothing", options.smoothing ?? "high", ["low", "medium", "high"]),
    colours,
    layout,
    matte: checkColour("matte", options.matte ?? WHITE),
    padding: checkColour("padding", options.padding ?? BLACK),
    standardise,
  };
  const itemShape =
    spec.shape?.length === 3
      ? [height, width]
      : layout === "channels-last"
        ? [height, width, channelCount]
        : [channelCount, height, width];
  return {
    plan: pixels,
    itemSize: width * height * channelCount,
    toInputs(data, itemCount) {
      const shape = [itemCount, ...itemShape];
      const tensor: InputTensor =
        data instanceof Uint8Array ? { dtype: "uint8", shape, data, ...scaling } : { dtype: "float32", shape, data };
      return { ...options.otherInputs, [spec.name]: tensor };
    },
  };
}

/** How a model takes pictures. A size or number of channels of -1 is free. */
export interface PictureInput {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly dtype: TensorSpec["dtype"];
  /** An input without an axis for channels may also take sequences. */
  readonly hasChannelAxis: boolean;
}

/** The input that takes the pictures unless another is named; `undefined` if there is none, or more than one. */
export function findPictureInput({ inputs }: Pick<ModelInfo, "inputs">): PictureInput | undefined {
  try {
    const spec = findInput(inputs, undefined);
    const { height, width, channels } = readShape(spec, undefined);
    if (![-1, 1, 3].includes(channels)) return undefined;
    return { name: spec.name, width, height, channels, dtype: spec.dtype, hasChannelAxis: spec.shape?.length !== 3 };
  } catch (thrown) {
    if (thrown instanceof ShardError) return undefined;
    throw thrown;
  }
}

/** The named input, or the only one, or the only one that is shaped like pictures. */
function findInput(inputs: readonly TensorSpec[], name: string | undefined): TensorSpec {
  const names = inputs.map((each) => `"${each.name}"`).join(", ");
  if (name !== undefined) {
    const named = inputs.find((each) => each.name === name);
    if (named === undefined) throw invalid("input", `one of ${names}`, `"${String(name)}"`, "correct the name");
    return named;
  }
  const candidates = inputs.length === 1 ? inputs : inputs.filter(({ shape }) => shape?.length === 4);
  if (candidates.length === 1) return candidates[0]!;
  throw invalid("input", `one of ${names}`, "nothing", "name the input that takes the pictures");
}

interface InputShape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly layout: PixelPlan["layout"];
}

/** @returns -1 for what is free. A model can take grey pictures without an axis for channels. */
function readShape({ name, shape, dtype }: TensorSpec, wanted: PictureOptions["layout"]): InputShape {
  const layout = wanted === undefined ? undefined : oneOf("layout", wanted, ["channels-last", "channels-first"]);
  const isNumeric = dtype === "float32" || dtype === "int32";
  if (isNumeric && shape === undefined) {
    return { height: -1, width: -1, channels: -1, layout: layout ?? "channels-last" };
  }
  // A sequence has three axes as well: of samples, or of features with one step each.
  if (isNumeric && shape?.length === 3 && !shape.slice(1).includes(1) && !shape.some((size) => size > MAX_SIDE)) {
    return { height: shape[1]!, width: shape[2]!, channels: 1, layout: "channels-last" };
  }
  if (!isNumeric || shape?.length !== 4 || shape.some((size) => size > MAX_SIDE)) {
    throw new ShardError(
      "model-unsupported",
      `Expected an input for pictures, [n, height, width, channels] in float32 or int32, received "${name}" of shape ${JSON.stringify(shape)} in ${dtype}, which is none: pass tensors to this model.`,
    );
  }
  const isChannels = (size: number): boolean => size === 1 || size === 3;
  const likely = isChannels(shape[1]!) && !isChannels(shape[3]!) ? "channels-first" : "channels-last";
  return (layout ?? likely) === "channels-first"
    ? { channels: shape[1]!, height: shape[2]!, width: shape[3]!, layout: "channels-first" }
    : { height: shape[1]!, width: shape[2]!, channels: shape[3]!, layout: "channels-last" };
}

function sideOf(name: "width" | "height", fixed: number, declared: number | undefined, spec: TensorSpec): number {
  const side = declared ?? fixed;
  if (declared === undefined && fixed === -1) {
    throw invalid(
      name,
      `declared, since the model takes any ${name}`,
      "nothing",
      "choose one to scale the pictures to",
    );
  }
  if (fixed !== -1 && side !== fixed)
    throw invalid(name, `${fixed}, the ${name} of input "${spec.name}"`, String(side), "leave it out");
  if (Number.isSafeInteger(side) && side >= 1 && side <= MAX_SIDE) return side;
  throw invalid(name, `a whole number of pixels from 1 to ${MAX_SIDE}`, String(side), "correct it");
}

/**
 * The model's worker applies a single scale and offset to the bytes; the picture worker applies means and deviations.
 */
function valuesOf(
  { name, dtype }: TensorSpec,
  { scale, offset, mean, std }: PictureOptions,
  channelCount: number,
): { scaling: { scale?: number; offset?: number }; standardise: Standardise | undefined } {
  if (dtype === "int32") {
    const given = Object.entries({ scale, offset, mean, std }).find(([, value]) => value !== undefined);
    if (given === undefined) return { scaling: {}, standardise: undefined };
    throw invalid(given[0], `left out, since input "${name}" is int32 and takes bytes`, String(given[1]), "remove it");
  }
  if (scale === undefined) {
    throw invalid(
      "scale",
      "declared, since model files don't state what pixel values mean",
      "nothing",
      "pass scale: 1 / 255 for 0…1, scale: 1 / 127.5 and offset: -1 for −1…1, scale: 1 for 0…255",
    );
  }
  if (!Number.isFinite(scale)) throw invalid("scale", "a finite number", String(scale), "correct it");
  if (!Number.isFinite(offset ?? 0)) throw invalid("offset", "a finite number", String(offset), "correct it");
  const scaling = { scale, offset: offset ?? 0 };
  if (mean === undefined && std === undefined) return { scaling, standardise: undefined };
  const means = perChannel("mean", mean ?? Array.from({ length: channelCount }, () => 0), channelCount);
  const stds = perChannel("std", std ?? Array.from({ length: channelCount }, () => 1), channelCount);
  if (stds.includes(0))
    throw invalid("std", "free of zeros", JSON.stringify(std), "use 1 for a channel that is not scaled");
  return { scaling: {}, standardise: { ...scaling, mean: means, std: stds } };
}

function perChannel(name: string, values: readonly number[], channelCount: number): readonly number[] {
  if (Array.isArray(values) && values.length === channelCount && values.every(Number.isFinite)) return values;
  throw invalid(name, `${channelCount} finite numbers, one per channel`, JSON.stringify(values), "correct it");
}

function checkCrop(crop: PictureOptions["crop"]): PixelPlan["crop"] {
  if (crop === undefined) return undefined;
  const { x, y, width, height } = crop;
  const isWhole = [x, y, width, height].every((value) => Number.isSafeInteger(value));
  if (isWhole && x >= 0 && y >= 0 && width >= 1 && height >= 1) return { x, y, width, height };
  throw invalid("crop", "whole pixels x, y ≥ 0 and width, height ≥ 1", JSON.stringify(crop), "correct it");
}

function checkColour(name: string, colour: Rgb): Rgb {
  const isByte = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= 255;
  if (Array.isArray(colour) && colour.length === 3 && colour.every(isByte)) return colour;
  throw invalid(name, "three bytes [red, green, blue]", JSON.stringify(colour), "correct it");
}

function oneOf<T extends string>(name: string, value: T, values: readonly T[]): T {
  if (values.includes(value)) return value;
  throw invalid(name, `one of ${values.join(", ")}`, JSON.stringify(value), "leave it out");
}

function invalid(name: string, expected: string, received: string, advice: string): ShardError {
  return new ShardError("invalid-options", `Expected "${name}" to be ${expected}, received ${received}: ${advice}.`);
}
