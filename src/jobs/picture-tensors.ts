import { ShardError } from "../core/errors.js";
import type { ModelInfo } from "../model/inspect.js";
import type { TensorSpec } from "../protocol/model-on-wire.js";
import type { PixelPlan, Rgb, Standardise } from "../protocol/picture-api.js";
import type { InputTensor } from "../protocol/tensors.js";
import type { Inputs } from "../sharder/inputs/prepare-inputs.js";
import type { PictureOptions } from "./picture-options.js";

/** How the pictures of one call are read, and the tensor they make. */
export interface PictureFeed {
  readonly plan: PixelPlan;
  /** Numbers of one picture. */
  readonly itemSize: number;
  /**
   * The model's inputs with these pictures in them.
   * @param data of `itemCount` pictures, one behind the other.
   */
  toInputs(data: Uint8Array | Float32Array, itemCount: number): Inputs;
}

/** What browsers can hold as a canvas. */
const MAX_SIDE = 16_384;
const MAX_PIXELS = 2 ** 28;

const WHITE: Rgb = [255, 255, 255];
const BLACK: Rgb = [0, 0, 0];

/**
 * Read off the model's input what the options leave open, and check that both agree.
 * @throws ShardError "invalid-options" naming the option; "model-unsupported" where no input takes pictures.
 */
export function planPictures(model: Pick<ModelInfo, "inputs">, options: PictureOptions): PictureFeed {
  const spec = findInput(model.inputs, options.input);
  const { sizes, layout } = readShape(spec, options.layout);
  const channels = sizes[2];
  const colours = oneOf("colours", options.colours ?? (channels === 1 ? "grey" : "rgb"), ["rgb", "bgr", "grey"]);
  const channelCount = colours === "grey" ? 1 : 3;
  if (channels !== -1 && channels !== channelCount) {
    throw invalid(
      "colours",
      `the ${channels} channels of input "${spec.name}"`,
      `"${colours}", which is ${channelCount}`,
      channels === 1 || channels === 3 ? "leave it out" : "make the tensors yourself",
    );
  }
  const height = sideOf("height", sizes[0], options.height, spec);
  const width = sideOf("width", sizes[1], options.width, spec);
  if (width * height > MAX_PIXELS)
    throw invalid("width × height", `at most ${MAX_PIXELS}`, `${width} × ${height}`, "choose less");

  const { scaling, standardise } = valuesOf(spec, options, channelCount);
  const plan: PixelPlan = {
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
    plan,
    itemSize: width * height * channelCount,
    toInputs(data, itemCount) {
      const shape = [itemCount, ...itemShape];
      const tensor: InputTensor =
        data instanceof Uint8Array ? { dtype: "uint8", shape, data, ...scaling } : { dtype: "float32", shape, data };
      return { ...options.otherInputs, [spec.name]: tensor };
    },
  };
}

/** How a model takes pictures: -1 where it takes any size, or any number of channels. */
export interface PictureInput {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly dtype: TensorSpec["dtype"];
  /** Without an axis for channels it may as well take sequences. */
  readonly hasChannelAxis: boolean;
}

/** The input that takes the pictures where none is named; `undefined` where there is none, or more than one. */
export function findPictureInput({ inputs }: Pick<ModelInfo, "inputs">): PictureInput | undefined {
  try {
    const spec = findInput(inputs, undefined);
    const [height, width, channels] = readShape(spec, undefined).sizes;
    if (![-1, 1, 3].includes(channels)) return undefined;
    return { name: spec.name, width, height, channels, dtype: spec.dtype, hasChannelAxis: spec.shape?.length !== 3 };
  } catch (thrown) {
    if (thrown instanceof ShardError) return undefined;
    throw thrown;
  }
}

/** The named input, the only one, or the only one shaped like pictures. */
function findInput(inputs: readonly TensorSpec[], name: string | undefined): TensorSpec {
  const names = inputs.map((each) => `"${each.name}"`).join(", ");
  if (name !== undefined) {
    const named = inputs.find((each) => each.name === name);
    if (named === undefined) throw invalid("input", `one of ${names}`, `"${String(name)}"`, "correct the name");
    return named;
  }
  const candidates = inputs.length === 1 ? inputs : inputs.filter(({ shape }) => shape?.length === 4);
  if (candidates.length === 1) return candidates[0]!;
  throw invalid("input", `one of ${names}`, "nothing", "name the one that takes the pictures");
}

/** @returns [height, width, channels] with -1 where free. A model may take grey pictures without an axis for channels. */
function readShape(
  { name, shape, dtype }: TensorSpec,
  wanted: PictureOptions["layout"],
): { sizes: readonly [number, number, number]; layout: PixelPlan["layout"] } {
  const layout = wanted === undefined ? undefined : oneOf("layout", wanted, ["channels-last", "channels-first"]);
  const isNumeric = dtype === "float32" || dtype === "int32";
  if (isNumeric && shape === undefined) return { sizes: [-1, -1, -1], layout: layout ?? "channels-last" };
  if (isNumeric && shape?.length === 3) return { sizes: [shape[1]!, shape[2]!, 1], layout: "channels-last" };
  if (!isNumeric || shape?.length !== 4) {
    throw new ShardError(
      "model-unsupported",
      `Expected an input for pictures, [n, height, width, channels] in float32 or int32, received "${name}" of shape ${JSON.stringify(shape)} in ${dtype}: give this model tensors.`,
    );
  }
  const [, first, second, third] = shape as [number, number, number, number];
  const isChannels = (size: number): boolean => size === 1 || size === 3;
  if ((layout ?? (isChannels(first) && !isChannels(third) ? "channels-first" : "channels-last")) === "channels-first") {
    return { sizes: [second, third, first], layout: "channels-first" };
  }
  return { sizes: [first, second, third], layout: "channels-last" };
}

function sideOf(name: "width" | "height", fixed: number, declared: number | undefined, spec: TensorSpec): number {
  const side = declared ?? fixed;
  if (declared === undefined && fixed === -1) {
    throw invalid(name, "declared, since the model takes any", "nothing", `say to which ${name} pictures are scaled`);
  }
  if (fixed !== -1 && side !== fixed)
    throw invalid(name, `${fixed}, as input "${spec.name}" has it`, String(side), "leave it out");
  if (Number.isSafeInteger(side) && side >= 1 && side <= MAX_SIDE) return side;
  throw invalid(name, `a whole number of pixels from 1 to ${MAX_SIDE}`, String(side), "correct it");
}

/** What becomes of the bytes: in the model's worker by one scale and offset, else in the picture worker. */
function valuesOf(
  { name, dtype }: TensorSpec,
  { scale, offset, mean, std }: PictureOptions,
  channelCount: number,
): { scaling: { scale?: number; offset?: number }; standardise: Standardise | undefined } {
  if (dtype === "int32") {
    const given = Object.entries({ scale, offset, mean, std }).find(([, value]) => value !== undefined);
    if (given === undefined) return { scaling: {}, standardise: undefined };
    throw invalid(given[0], `left out: input "${name}" is int32 and takes bytes`, String(given[1]), "remove it");
  }
  if (scale === undefined) {
    throw invalid(
      "scale",
      "declared: no model file says what its pixel values mean",
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
  if (stds.includes(0)) throw invalid("std", "no zeros", JSON.stringify(std), "divide by something");
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
