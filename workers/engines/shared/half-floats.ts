// Floats of 16 bits (IEEE 754 binary16), of which browsers without Float16Array know only the bits.

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The nearest float of 16 bits, halves to even; infinite beyond 65504. */
export function toHalf(value: number): number {
  float[0] = value;
  const word = bits[0]!;
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  // NaN, and what rounds to infinity.
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) {
    const rounded = magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1);
    return sign | (rounded >>> 13);
  }
  // Below 2^-14, steps are of 2^-24. Numbers of this size are exact as doubles.
  const steps = Math.abs(value) * 2 ** 24;
  const floor = Math.floor(steps);
  const rest = steps - floor;
  return sign | (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor);
}
