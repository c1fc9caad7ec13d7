import type { PixelPlan } from "../../src/protocol/picture-api.js";

/**
 * Arrange pixels as a model expects them: in its order of colours and its layout, and standardised if planned.
 *
 * Grey is luma, rounded to a byte: 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601; in 16 fractional bits, as Pillow's mode
 * "L"). Standardised values are computed in double precision and rounded once.
 *
 * @param rgba opaque, [pixels, 4].
 * @returns [pixels, channels], or [channels, pixels] with "channels-first".
 */
export function packPixels(
  rgba: Uint8ClampedArray,
  { colours, layout, standardise }: Pick<PixelPlan, "colours" | "layout" | "standardise">,
): Uint8Array | Float32Array {
  const pixelCount = rgba.length / 4;
  const channelCount = colours === "grey" ? 1 : 3;
  const bytes = new Uint8Array(pixelCount * channelCount);
  const pixelStep = layout === "channels-last" ? channelCount : 1;
  const channelStep = layout === "channels-last" ? 1 : pixelCount;
  if (colours === "grey") {
    for (let i = 0; i < pixelCount; i++) bytes[i] = luma(rgba[4 * i]!, rgba[4 * i + 1]!, rgba[4 * i + 2]!);
  } else {
    const first = colours === "rgb" ? 0 : 2;
    for (let i = 0; i < pixelCount; i++) {
      const to = i * pixelStep;
      bytes[to] = rgba[4 * i + first]!;
      bytes[to + channelStep] = rgba[4 * i + 1]!;
      bytes[to + 2 * channelStep] = rgba[4 * i + 2 - first]!;
    }
  }
  if (standardise === undefined) return bytes;
  const { scale, offset, mean, std } = standardise;
  const values = new Float32Array(bytes.length);
  for (let channel = 0; channel < channelCount; channel++) {
    // A byte has only 256 values, so each is computed once.
    const table = Float64Array.from(
      { length: 256 },
      (_, byte) => (byte * scale + offset - mean[channel]!) / std[channel]!,
    );
    for (let i = 0; i < pixelCount; i++) {
      const at = i * pixelStep + channel * channelStep;
      values[at] = table[bytes[at]!]!;
    }
  }
  return values;
}

function luma(red: number, green: number, blue: number): number {
  return (19_595 * red + 38_470 * green + 7_471 * blue + 32_768) >> 16;
}
