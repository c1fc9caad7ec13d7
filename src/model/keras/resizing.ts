import { requireRank, type EmitLayer } from "./convolutions.js";
import { attrs, FLOAT, knownSizes, Untranslatable } from "./emitter.js";
import { scaledSizes } from "./free-sizes.js";

/** How far a sample may be from its nearest pixel: rounding is unpredictable half-way between two pixels. */
const MAX_DISTANCE = 0.499;

const RESIZE_OPS: Readonly<Record<string, string>> = { nearest: "ResizeNearestNeighbor", bilinear: "ResizeBilinear" };

function resizeOp(interpolation: string): string {
  if (Object.hasOwn(RESIZE_OPS, interpolation)) return RESIZE_OPS[interpolation]!;
  throw new Untranslatable(`interpolation "${interpolation}"`);
}

export const emitUpSampling2d: EmitLayer = (emitter, layer, [x], name) => {
  requireRank(x!, 4);
  layer.requireChannelsLast();
  const factors = layer.sizes("size", 2, [2, 2]);
  const op = resizeOp(layer.string("interpolation", "nearest"));
  const sizes = [1, 2].map((axis) => {
    const size = x!.shape[axis];
    return size === undefined ? undefined : size * factors[axis - 1]!;
  });
  const target = sizes.every((size) => size !== undefined)
    ? emitter.int32(`${name}/size`, sizes)
    : scaledSizes(emitter, `${name}/size`, x!.reference, factors);
  const attr = { ...FLOAT, align_corners: attrs.bool(false), half_pixel_centers: attrs.bool(false) };
  const reference = emitter.node(name, op, [x!.reference, target], attr);
  return { ...x!, reference, shape: [x!.shape[0], ...sizes, x!.shape[3]] };
};

export const emitCenterCrop: EmitLayer = (emitter, layer, [x], name) => {
  requireRank(x!, 4);
  const sizes = [...layer.sizes("height", 1), ...layer.sizes("width", 1)];
  const inner = knownSizes(x!.shape.slice(0, 3));
  const shape = [x!.shape[0], ...sizes, x!.shape[3]];
  const offsets = inner.map((size, axis) => {
    const offset = Math.floor((size - sizes[axis]!) / 2);
    // As in TF.js, a width that differs by one pixel is cropped at its left.
    return axis === 1 && offset === 0 && size !== sizes[axis] ? 1 : offset;
  });
  if (offsets.some((offset) => offset < 0)) {
    const attr = { ...FLOAT, align_corners: attrs.bool(false), half_pixel_centers: attrs.bool(false) };
    const inputs = [x!.reference, emitter.int32(`${name}/size`, sizes)];
    return { ...x!, reference: emitter.node(name, "ResizeBilinear", inputs, attr), shape };
  }
  const first = inner.map((size, axis) => firstPixel(size, offsets[axis]!, sizes[axis]!));
  const begin = emitter.int32(`${name}/begin`, [0, ...first, 0]);
  const count = emitter.int32(`${name}/size`, [-1, ...sizes, -1]);
  return { ...x!, reference: emitter.node(name, "Slice", [x!.reference, begin, count], FLOAT), shape };
};

/**
 * TF.js crops a box from `offset / size` to `(offset + count) / size`, stretched over the pixels 0 … size - 1, and takes the pixels
 * nearest to its samples. For all sizes that were tried, these pixels are a contiguous run, of which this returns the first.
 * @throws Untranslatable if they are not.
 */
function firstPixel(size: number, offset: number, count: number): number {
  const first = (offset / size) * (size - 1);
  const last = ((offset + count) / size) * (size - 1);
  const step = count > 1 ? (last - first) / (count - 1) : 0;
  const start = Math.round(count > 1 ? first : (first + last) / 2);
  // Samples are evenly spaced, so the first and the last deviate most.
  const distances =
    count > 1 ? [first - start, first + (count - 1) * step - start - count + 1] : [(first + last) / 2 - start];
  const isRun = distances.every((distance) => Math.abs(distance) < MAX_DISTANCE);
  if (!isRun || start + count > size) throw new Untranslatable(`a crop of ${size} to ${count}`);
  return start;
}
