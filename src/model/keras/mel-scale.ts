import { asNumber } from "../artifacts.js";
/** A window of `length` values that ends where the next one would begin; `undefined` for any other name. */
export function hannOrHamming(value: unknown, length: number): number[] | undefined {
  if (Array.isArray(value)) return value.length === length ? value.map(asNumber) : undefined;
  if (value !== "hann" && value !== "hamming") return undefined;
  const middle = value === "hann" ? 0.5 : 0.54;
  // TensorFlow's window of a single value is 1.
  if (length === 1) return [1];
  const period = length;
  return Array.from({ length }, (_, index) => middle - (1 - middle) * Math.cos((2 * Math.PI * index) / period));
}

function melOf(hertz: number): number {
  return 1127 * Math.log(1 + hertz / 700);
}

/**
 * The share of each of `binCount` frequencies up to half the sampling rate in each of `bandCount` bands of the mel scale, row by row.
 * Bands are triangles that overlap by half; the lowest frequency belongs to none. Source: HTK's formula, as in Keras.
 */
export function melWeights(
  bandCount: number,
  binCount: number,
  samplingRate: number,
  [lowestHertz, highestHertz]: readonly [number, number],
): number[] {
  const [low, high] = [melOf(lowestHertz), melOf(highestHertz)];
  const edge = (index: number): number => low + ((high - low) * index) / (bandCount + 1);
  return Array.from({ length: binCount * bandCount }, (_, index) => {
    const [bin, band] = [Math.floor(index / bandCount), index % bandCount];
    if (bin === 0) return 0;
    const mel = melOf((samplingRate / 2 / (binCount - 1)) * bin);
    const rise = (mel - edge(band)) / (edge(band + 1) - edge(band));
    const fall = (edge(band + 2) - mel) / (edge(band + 2) - edge(band + 1));
    return Math.max(0, Math.min(rise, fall));
  });
}
