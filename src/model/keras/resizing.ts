import { Composer } from "./composer.js";
import { requireRank } from "./convolutions.js";
import type { EmitLayer } from "./emit-layer.js";
import { inEitherFormat } from "./data-format.js";
import { type Symbolic, toFloat, Untranslatable } from "./emitter.js";
import { scaledSizes } from "./free-sizes.js";
import { resize, resizeBilinearly } from "./resize-images.js";

/** UpSampling1D and UpSampling3D, and UpSampling2D to the nearest pixel: every value is repeated. */
export const emitUpSampling = (rank: 1 | 3): EmitLayer =>
  inEitherFormat((emitter, layer, [x], name) => {
    if (x!.shape.length !== rank + 2) throw new Untranslatable(`an input of rank ${x!.shape.length}`);
    const composer = new Composer(emitter, name);
    const factors = layer.sizes(
      "size",
      rank,
      Array.from({ length: rank }, () => 2),
    );
    const repeated = factors.reduce((each, factor, index) => repeat(composer, each, index + 1, factor), x!);
    return composer.named(repeated);
  });

/** Repeat each value along an axis. */
function repeat(composer: Composer, x: Symbolic, axis: number, count: number): Symbolic {
  if (count === 1) return x;
  const size = x.shape[axis];
  const sizes = x.shape.map((_, each) => ({ of: x, axis: each }));
  const before = sizes.slice(0, axis);
  const wide = composer.expand(x, axis + 1);
  const tiled = composer.tile(
    wide,
    wide.shape.map((_, each) => (each === axis + 1 ? count : 1)),
  );
  if (size !== undefined) return composer.reshape(tiled, [...before, size * count, ...sizes.slice(axis + 1)]);
  return composer.reshape(tiled, [...before, "rest", ...sizes.slice(axis + 1)]);
}

/** UpSampling2D with any interpolation. */
export const emitUpSampling2d: EmitLayer = inEitherFormat((emitter, layer, [x], name) => {
  const factors = layer.sizes("size", 2, [2, 2]);
  const interpolation = layer.string("interpolation", "nearest");
  const composer = new Composer(emitter, name);
  if (interpolation === "nearest" && x!.dtype !== "float32") {
    return composer.named(factors.reduce((each, factor, index) => repeat(composer, each, index + 1, factor), x!));
  }
  requireRank(x!, 4);
  const sizes = [1, 2].map((axis) => {
    const size = x!.shape[axis];
    return size === undefined ? undefined : size * factors[axis - 1]!;
  });
  const isKnown = sizes.every((size) => size !== undefined);
  // TF.js has a quick kernel for the nearest pixel without half-pixel centres, which whole factors don't need.
  const target = isKnown ? undefined : scaledSizes(emitter, `${name}/size`, x!.reference, factors);
  return composer.named(resize(composer, x!, sizes, { interpolation, target }));
});

/** Resizing, stretched, cropped or padded to its aspect ratio. */
export const emitResizing: EmitLayer = inEitherFormat((emitter, layer, [given], name) => {
  const composer = new Composer(emitter, name);
  if (given!.shape.length !== 4) throw new Untranslatable(`an input of rank ${given!.shape.length}`);
  const size = [...layer.sizes("height", 1), ...layer.sizes("width", 1)] as [number, number];
  const interpolation = layer.string("interpolation", "bilinear").toLowerCase();
  const isAntialiased = layer.boolean("antialias", false);
  let x = toFloat(emitter, name, given!);
  if (layer.boolean("crop_to_aspect_ratio", false)) x = cropToRatio(composer, x, size);
  else if (layer.boolean("pad_to_aspect_ratio", false)) {
    if (layer.string("fill_mode", "constant") !== "constant") throw new Untranslatable("fill_mode");
    x = padToRatio(composer, x, size, layer.number("fill_value", 0));
  }
  // Keras 3 gives whole numbers for whole numbers, Keras 2 floats.
  const isWhole = given!.dtype === "int32" && emitter.kerasMajor === 3;
  const isBilinear = interpolation === "bilinear" && !isAntialiased;
  const resized =
    isWhole && isBilinear
      ? resizeBilinearly(composer, x, size)
      : resize(composer, x, size, { interpolation, isAntialiased });
  if (!isWhole) return composer.named(resized);
  return composer.named(composer.cast(composer.unary("Round", resized), "int32"));
});

/** Crop the middle out of a picture. A picture that is too small is cropped to the aspect ratio, and enlarged. */
export const emitCenterCrop: EmitLayer = inEitherFormat((emitter, layer, [given], name) => {
  const composer = new Composer(emitter, name);
  if (given!.shape.length !== 4) throw new Untranslatable(`an input of rank ${given!.shape.length}`);
  const size = [...layer.sizes("height", 1), ...layer.sizes("width", 1)] as [number, number];
  const x = toFloat(emitter, name, given!);
  const [height, width] = heightAndWidth(x);
  const [above, left] = [height - size[0], width - size[1]];
  if (above < 0 || left < 0) return composer.named(smartResize(composer, x, size));
  return composer.named(crop(composer, x, [Math.floor(above / 2), Math.floor(left / 2)], size));
});

/** At inference, Keras 2 resizes the largest part of the right aspect ratio. Keras 3 leaves pictures as they are. */
export const emitRandomCrop: EmitLayer = (emitter, layer, inputs, name, call) => {
  if (emitter.kerasMajor === 3) return toFloat(emitter, name, inputs[0]!);
  return emitSmartResize(emitter, layer, inputs, name, call);
};

const emitSmartResize: EmitLayer = inEitherFormat((emitter, layer, [given], name) => {
  const composer = new Composer(emitter, name);
  if (given!.shape.length !== 4) throw new Untranslatable(`an input of rank ${given!.shape.length}`);
  const size = [...layer.sizes("height", 1), ...layer.sizes("width", 1)] as [number, number];
  return composer.named(smartResize(composer, toFloat(emitter, name, given!), size));
});

function smartResize(composer: Composer, x: Symbolic, size: readonly [number, number]): Symbolic {
  return resize(composer, cropToRatio(composer, x, size), size, { interpolation: "bilinear" });
}

function heightAndWidth({ shape }: Symbolic): [number, number] {
  const [, height, width] = shape;
  if (height === undefined || width === undefined) throw new Untranslatable("pictures of unknown size");
  return [height, width];
}

function crop(
  composer: Composer,
  x: Symbolic,
  [top, left]: readonly [number, number],
  [height, width]: readonly [number, number],
): Symbolic {
  if (height === x.shape[1] && width === x.shape[2]) return x;
  return composer.slice(x, [0, top, left, 0], [undefined, height, width, undefined]);
}

/** The side that goes with `other` in the target's aspect ratio, as Keras computes it with floats of 32 bits, cut off. */
function fittingSide(other: number, target: number, targetOther: number): number {
  return Math.trunc(Math.fround(Math.fround(other * target) / targetOther));
}

/** The largest part, in the middle, of the target's aspect ratio. */
function cropToRatio(
  composer: Composer,
  x: Symbolic,
  [targetHeight, targetWidth]: readonly [number, number],
): Symbolic {
  const [height, width] = heightAndWidth(x);
  const cropHeight = Math.max(Math.min(height, fittingSide(width, targetHeight, targetWidth)), 1);
  const cropWidth = Math.max(Math.min(width, fittingSide(height, targetWidth, targetHeight)), 1);
  const start: [number, number] = [Math.trunc((height - cropHeight) / 2), Math.trunc((width - cropWidth) / 2)];
  return crop(composer, x, start, [cropHeight, cropWidth]);
}

/** The picture in the middle of one of the target's aspect ratio. */
function padToRatio(
  composer: Composer,
  x: Symbolic,
  [targetHeight, targetWidth]: readonly [number, number],
  fill: number,
): Symbolic {
  const [height, width] = heightAndWidth(x);
  const padHeight = Math.max(height, fittingSide(width, targetHeight, targetWidth));
  const padWidth = Math.max(width, fittingSide(height, targetWidth, targetHeight));
  const [above, left] = [Math.trunc((padHeight - height) / 2), Math.trunc((padWidth - width) / 2)];
  if (above > 0 && left > 0) throw new Untranslatable("padding on all sides");
  return composer.pad(
    x,
    [
      [0, 0],
      [above, above],
      [left, left],
      [0, 0],
    ],
    fill,
  );
}
