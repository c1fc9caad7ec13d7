import type { Rectangle } from "../core/tiles.js";
import type { PictureFit, Rgb } from "../protocol/picture-api.js";
import type { InputTensor } from "../protocol/tensors.js";

/**
 * How pictures become a model's input. A model file says their size, never what its pixel values mean: `scale` (and
 * `offset`) must be declared, `labels.pictures` of a Teachable Machine model does it.
 *
 * Pictures are turned upright (EXIF) and converted to sRGB.
 */
export interface PictureOptions {
  /** Name of the input that takes the pictures. Default: the model's only input, or the only one that is shaped like pictures. */
  readonly input?: string | undefined;
  /** Tensors for the model's other inputs, by name. */
  readonly otherInputs?: Readonly<Record<string, InputTensor>> | undefined;
  /** Pixels. Default: what the model's input says; must be declared where that leaves it free. */
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  /** Look at this part only, in the picture's own pixels; a picture that does not hold it is unreadable. */
  readonly crop?: Rectangle | undefined;
  /** Default "stretch", as `tf.image.resizeBilinear` does; Teachable Machine models want "cover", a centred crop. */
  readonly fit?: PictureFit | undefined;
  /** Default "high": a photograph that is scaled down is averaged over all its pixels. "low" is what a canvas does by itself. */
  readonly smoothing?: "low" | "medium" | "high" | undefined;
  /** Order of the channels; "grey" is one channel of luma. Default "rgb", or "grey" where the model's input has one channel. */
  readonly colours?: "rgb" | "bgr" | "grey" | undefined;
  /** [n, height, width, channels] or [n, channels, height, width]. Default: whichever the model's input looks like. */
  readonly layout?: "channels-last" | "channels-first" | undefined;
  /** What transparent pixels lie upon, bytes. Default white. */
  readonly matte?: Rgb | undefined;
  /** The bars beside a picture with `fit: "contain"`, bytes. Default black. */
  readonly padding?: Rgb | undefined;
  /** `value = byte × scale + offset`. Required for float32 inputs; an int32 input takes the bytes themselves. */
  readonly scale?: number | undefined;
  /** Default 0. */
  readonly offset?: number | undefined;
  /**
   * Per channel, in the order of the channels, after scale and offset: `(value − mean) ÷ std`. With scale 1/255 these are
   * the numbers that ImageNet models state. Pictures then travel as floats, at four times the size.
   */
  readonly mean?: readonly number[] | undefined;
  readonly std?: readonly number[] | undefined;
}
