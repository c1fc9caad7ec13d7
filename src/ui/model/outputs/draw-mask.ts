import { samplingStep } from "./draw-picture.js";
import type { NumberOutput } from "./item-output.js";

/** Which class each place of a mask belongs to. */
export interface Areas {
  readonly width: number;
  readonly height: number;
  /** [height, width]: the number of the class. */
  readonly classes: Uint16Array;
  /** Classes that are there, the largest area first, with their parts of the picture, 0…1. */
  readonly parts: readonly { readonly index: number; readonly fraction: number }[];
}

/** More values are not looked at: it would hold up the page. */
const MAX_VALUES = 8_000_000;

/** The best class at each place of [H, W, classes], or the class that [H, W] states; of a large one, at every n-th place. */
export function areasOf({ shape, data }: NumberOutput): Areas {
  const [rows = 0, columns = 0, depth = 1] = shape;
  const step = samplingStep({ width: columns, height: rows }, Math.min(1_000_000, MAX_VALUES / depth));
  const width = Math.ceil(columns / step);
  const height = Math.ceil(rows / step);
  const classes = new Uint16Array(width * height);
  const counts = new Map<number, number>();
  for (let at = 0; at < classes.length; at++) {
    const place = Math.floor(at / width) * step * columns + (at % width) * step;
    let best = 0;
    if (depth === 1) best = Math.max(0, Math.trunc(data[place]!));
    else for (let i = 1; i < depth; i++) if (data[place * depth + i]! > data[place * depth + best]!) best = i;
    classes[at] = best;
    counts.set(best, (counts.get(best) ?? 0) + 1);
  }
  const parts = [...counts]
    .map(([index, count]) => ({ index, fraction: count / Math.max(1, classes.length) }))
    .toSorted((a, b) => b.fraction - a.fraction);
  return { width, height, classes, parts };
}

/** Turns of the colour wheel by the golden angle, so that neighbours in number differ much. */
export function classColour(index: number): readonly [red: number, green: number, blue: number] {
  const hue = (index * 137.508 + 210) % 360;
  const channel = (n: number): number => {
    const k = (n + hue / 30) % 12;
    // HSL with a saturation of 70 % and a lightness of 55 %.
    return Math.round(255 * (0.55 - 0.7 * 0.45 * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}

/** The bytes of the areas in their colours, [height, width, 4]. @param alphaOf how opaque a class is, 0…255 */
export function areaPixels(
  { classes }: Pick<Areas, "classes">,
  alphaOf: (index: number) => number,
): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint32Array(classes.length);
  const colours = new Map<number, number>();
  for (let place = 0; place < classes.length; place++) {
    const index = classes[place]!;
    let colour = colours.get(index);
    if (colour === undefined) {
      // As a number whose bytes in memory are red, green, blue, alpha.
      [colour = 0] = new Uint32Array(Uint8Array.of(...classColour(index), alphaOf(index)).buffer);
      colours.set(index, colour);
    }
    pixels[place] = colour;
  }
  return new Uint8ClampedArray(pixels.buffer);
}
