import { ShardError } from "../core/errors.js";
import type { Rectangle } from "../core/tiles.js";
import type { PictureFit, Rgb } from "../protocol/picture-api.js";
import { orShardError } from "../protocol/raw-errors.js";
import type { Sharder } from "../sharder/sharder.js";
import type { InputTensor } from "../protocol/tensors.js";

/**
 * How pictures become a model's input. A model file states their size, but not what the pixel values mean: declare
 * `scale` (and `offset`), or pass the `labels.pictures` of a Teachable Machine model.
 *
 * Pictures are turned upright (EXIF) and converted to sRGB.
 */
export interface PictureOptions {
  /** Name of the input that takes the pictures. Default: the only input, or the only one shaped like pictures. */
  readonly input?: string | undefined;
  /** Tensors for the model's other inputs, by name. */
  readonly otherInputs?: Readonly<Record<string, InputTensor>> | undefined;
  /** Pixels. Default: the size of the model's input; required where that leaves it free. */
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  /** Use only this part, in the picture's own pixels. A picture that does not contain it is unreadable. */
  readonly crop?: Rectangle | undefined;
  /** Default "stretch", like `tf.image.resizeBilinear`. Teachable Machine models expect "cover", a centred crop. */
  readonly fit?: PictureFit | undefined;
  /** Default "high": scaling down averages over all pixels. "low" is what a canvas does by default. */
  readonly smoothing?: "low" | "medium" | "high" | undefined;
  /** Order of the channels; "grey" is one channel of luma. Default "rgb", or "grey" if the input has one channel. */
  readonly colours?: "rgb" | "bgr" | "grey" | undefined;
  /** [n, height, width, channels] or [n, channels, height, width]. Default: whichever fits the model's input. */
  readonly layout?: "channels-last" | "channels-first" | undefined;
  /** Background of transparent pixels, bytes. Default white. */
  readonly matte?: Rgb | undefined;
  /** Colour of the bars with `fit: "contain"`, bytes. Default black. */
  readonly padding?: Rgb | undefined;
  /** `value = byte × scale + offset`. Required for float32 inputs; an int32 input takes the bytes themselves. */
  readonly scale?: number | undefined;
  /** Default 0. */
  readonly offset?: number | undefined;
  /**
   * One number per channel, in the order of the channels, applied after scale and offset: `(value − mean) ÷ std`. With
   * scale 1/255 these are the numbers that ImageNet models state. With a mean or a deviation, pictures are sent to the
   * workers as floats, at four times the size.
   */
  readonly mean?: readonly number[] | undefined;
  readonly std?: readonly number[] | undefined;
}

/** What concerns pictures, and what is for the job. */
export interface SplitOptions<T extends object> {
  readonly pictures: PictureOptions;
  readonly job: Omit<PictureOptions & T, keyof PictureOptions>;
}

/** @throws ShardError "invalid-options" */
export function checkSharder(sharder: Sharder): void {
  const isSharder = orShardError(
    "invalid-options",
    "a sharder",
    "pass the sharder that createSharder returned",
    () => typeof (sharder as Partial<Sharder> | null | undefined)?.predict === "function",
  );
  if (isSharder) return;
  throw new ShardError(
    "invalid-options",
    `Expected a sharder, received ${typeof sharder}: pass the sharder that createSharder returned.`,
  );
}

/** Take the options of a call apart. @throws ShardError "invalid-options" if they are no object. */
export function splitOptions<T extends object>(options: PictureOptions & T): SplitOptions<T> {
  if (typeof options !== "object" || options === null) {
    throw new ShardError(
      "invalid-options",
      `Expected options as an object, received ${options === null ? "null" : typeof options}: pass { scale: 1 / 255 }.`,
    );
  }
  return orShardError("invalid-options", "options that can be read", "pass a plain object", () => takeApart(options));
}

function takeApart<T extends object>(options: PictureOptions & T): SplitOptions<T> {
  const {
    input,
    otherInputs,
    width,
    height,
    crop,
    fit,
    smoothing,
    colours,
    layout,
    matte,
    padding,
    scale,
    offset,
    mean,
    std,
    ...job
  } = options;
  const target = { input, otherInputs, width, height, crop, fit, smoothing, colours, layout };
  return { pictures: { ...target, matte, padding, scale, offset, mean, std }, job };
}
