import type { NumberOutput } from "./item-output.js";
import type { PictureSize } from "./guess-view.js";

/** What the values of a picture mean. */
export interface PictureRange {
  /** Shown as black. */
  readonly low: number;
  /** Shown as white. */
  readonly high: number;
}

/** How far beyond a range values may reach and still be of it, in parts of the range: networks overshoot. */
const SLACK = 0.1;
const RANGES: readonly PictureRange[] = [
  { low: 0, high: 1 },
  { low: -1, high: 1 },
  { low: 0, high: 255 },
];

/** The range that values are in: 0…1, −1…1 or 0…255 if they fit and use it, else from the least to the greatest. */
export function rangeOfPicture({ data }: Pick<NumberOutput, "data">): PictureRange {
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (!Number.isFinite(low) || !Number.isFinite(high)) return { low: 0, high: 1 };
  const usual = RANGES.find((range) => {
    const slack = SLACK * (range.high - range.low);
    const isInside = low >= range.low - slack && high <= range.high + slack;
    return isInside && high - low >= 0.25 * (range.high - range.low);
  });
  return usual ?? (low === high ? { low, high: low + 1 } : { low, high });
}

/** The bytes of a picture, [height, width, 4]. What is no number is shown transparent. */
export function picturePixels(
  { data }: Pick<NumberOutput, "data">,
  { width, height, channels, isChannelsFirst }: PictureSize,
  { low, high }: PictureRange,
): Uint8ClampedArray<ArrayBuffer> {
  const count = width * height;
  const pixels = new Uint8ClampedArray(4 * count);
  const scale = 255 / (high - low);
  const valueAt = (pixel: number, channel: number): number =>
    (data[isChannelsFirst ? channel * count + pixel : pixel * channels + channel]! - low) * scale;
  for (let pixel = 0; pixel < count; pixel++) {
    const red = valueAt(pixel, 0);
    pixels[4 * pixel] = red;
    pixels[4 * pixel + 1] = channels >= 3 ? valueAt(pixel, 1) : red;
    pixels[4 * pixel + 2] = channels >= 3 ? valueAt(pixel, 2) : red;
    pixels[4 * pixel + 3] = Number.isNaN(red) ? 0 : channels === 4 ? valueAt(pixel, 3) : 255;
  }
  return pixels;
}
