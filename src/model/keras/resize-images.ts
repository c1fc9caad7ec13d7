import { asNumber } from "../artifacts.js";
import type { Composer, Size } from "./composer.js";
import { attrs, type Symbolic, Untranslatable } from "./emitter.js";

/** How to resize pictures. */
export interface Resize {
  readonly interpolation: string;
  readonly isAntialiased?: boolean;
  /** A tensor of height and width, where they are not known before the run. */
  readonly target?: string | undefined;
}

/** TensorFlow's kernels of ScaleAndTranslate, by Keras' interpolations. */
const KERNELS: ReadonlyMap<string, string> = new Map([
  ["bilinear", "triangle"],
  ["bicubic", "keyscubic"],
  ["lanczos3", "lanczos3"],
  ["lanczos5", "lanczos5"],
  ["gaussian", "gaussian"],
  ["mitchellcubic", "mitchellcubic"],
]);

/** Ops that resize without smoothing first. Their pixels' centres lie half a pixel inside. */
const RESIZE_OPS: ReadonlyMap<string, string> = new Map([
  ["nearest", "ResizeNearestNeighbor"],
  ["bilinear", "ResizeBilinear"],
  ["bicubic", "ResizeBicubic"],
  ["area", "ResizeArea"],
]);

/** Interpolations that change even a picture that has the size already. */
const BLURRING: ReadonlySet<string> = new Set(["gaussian", "mitchellcubic"]);

/**
 * Resize pictures `[batch, height, width, channels]` of floats as `tf.image.resize` does.
 * @throws Untranslatable for an unknown interpolation.
 */
export function resize(
  composer: Composer,
  x: Symbolic,
  size: readonly Size[],
  { interpolation, isAntialiased = false, target }: Resize,
): Symbolic {
  const isKnown = x.shape[1] !== undefined && x.shape[2] !== undefined;
  if (isKnown && x.shape[1] === size[0] && x.shape[2] === size[1] && !BLURRING.has(interpolation)) return x;
  const result = { shape: [x.shape[0], size[0], size[1], x.shape[3]] };
  const sizes: Symbolic =
    target === undefined ? composer.ints(size.map(asNumber)) : { reference: target, shape: [2], dtype: "int32" };
  const op = RESIZE_OPS.get(interpolation);
  const isPlain = !isAntialiased || interpolation === "nearest" || interpolation === "area";
  if (op !== undefined && isPlain) {
    // TensorFlow's area op has no half-pixel centres: its pixels are areas.
    const half = op === "ResizeArea" ? {} : { half_pixel_centers: attrs.bool(true) };
    return composer.op(op, [x, sizes], result, { align_corners: attrs.bool(false), ...half });
  }
  const kernel = KERNELS.get(interpolation);
  if (kernel === undefined) throw new Untranslatable(`interpolation "${interpolation}"`);
  if (!isKnown || size.includes(undefined)) throw new Untranslatable("pictures of unknown size");
  const scale = composer.literal([size[0]! / x.shape[1]!, size[1]! / x.shape[2]!]);
  const inputs = [x, sizes, scale, composer.literal([0, 0])];
  const attr = { kernel_type: attrs.string(kernel), antialias: attrs.bool(isAntialiased) };
  return composer.op("ScaleAndTranslate", inputs, result, attr);
}

/**
 * Resize pictures bilinearly in the very order of TensorFlow's own floats, so that results half-way between two whole numbers are
 * rounded alike. Source: resize_bilinear_op.cc of TensorFlow, with half-pixel centres.
 */
export function resizeBilinearly(composer: Composer, x: Symbolic, size: readonly [number, number]): Symbolic {
  const along = [1, 2].map((axis) => {
    const given = x.shape[axis];
    if (given === undefined) throw new Untranslatable("pictures of unknown size");
    const scale = Math.fround(given / size[axis - 1]!);
    const samples = Array.from({ length: size[axis - 1]! }, (_, index) =>
      Math.fround(Math.fround((index + 0.5) * scale) - 0.5),
    );
    return {
      low: composer.ints(samples.map((sample) => Math.max(Math.floor(sample), 0))),
      high: composer.ints(samples.map((sample) => Math.min(Math.ceil(sample), given - 1))),
      weights: composer.literal(
        samples.map((sample) => sample - Math.floor(sample)),
        axis === 1 ? [size[0], 1, 1] : [size[1], 1],
      ),
    };
  });
  const [down, across] = along as [(typeof along)[0], (typeof along)[0]];
  const between = (a: Symbolic, b: Symbolic, weights: Symbolic): Symbolic =>
    composer.add(a, composer.mul(composer.sub(b, a), weights));
  const row = (place: Symbolic): Symbolic => {
    const pixels = composer.gather(x, place, 1);
    return between(composer.gather(pixels, across.low, 2), composer.gather(pixels, across.high, 2), across.weights);
  };
  return between(row(down.low), row(down.high), down.weights);
}
