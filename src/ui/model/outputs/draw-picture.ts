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

/** More are not drawn: it would hold up the page, and no screen shows them. */
const MAX_PIXELS = 1_000_000;

/** Bytes for a canvas. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** [height, width, 4] */
  readonly bytes: Uint8ClampedArray<ArrayBuffer>;
}

/** Every how many-th row and column of a grid is enough. @param mostPlaces that may be looked at. */
export function samplingStep(
  { width, height }: { readonly width: number; readonly height: number },
  mostPlaces = MAX_PIXELS,
): number {
  return Math.max(1, Math.ceil(Math.sqrt((width * height) / mostPlaces)));
}

/** The pixels of a picture; of a large one, every n-th. What is no number is shown transparent. */
export function picturePixels(
  { data }: Pick<NumberOutput, "data">,
  size: PictureSize,
  { low, high }: PictureRange,
): Pixels {
  const { channels, isChannelsFirst } = size;
  const step = samplingStep(size);
  const width = Math.ceil(size.width / step);
  const height = Math.ceil(size.height / step);
  const bytes = new Uint8ClampedArray(4 * width * height);
  const scale = 255 / (high - low);
  const plane = size.width * size.height;
  const valueAt = (place: number, channel: number): number =>
    (data[isChannelsFirst ? channel * plane + place : place * channels + channel]! - low) * scale;
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 4) {
      const place = y * step * size.width + x * step;
      const red = valueAt(place, 0);
      bytes[at] = red;
      bytes[at + 1] = channels >= 3 ? valueAt(place, 1) : red;
      bytes[at + 2] = channels >= 3 ? valueAt(place, 2) : red;
      bytes[at + 3] = Number.isNaN(red) ? 0 : channels === 4 ? valueAt(place, 3) : 255;
    }
  }
  return { width, height, bytes };
}
