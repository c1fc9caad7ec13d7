/** Discrete Fourier transforms of any length, in double precision. Numbers come by turns as real and imaginary parts. */

/** Transform `values` (2n numbers). @param isInverse conjugate kernel, divided by n. O(n log n). */
export function transform(values: Float64Array, isInverse: boolean): Float64Array {
  const n = values.length / 2;
  const result = (n & (n - 1)) === 0 ? radix2(values, isInverse) : bluestein(values, isInverse);
  if (isInverse) for (let i = 0; i < result.length; i++) result[i] = result[i]! / n;
  return result;
}

/** Source: Cooley and Tukey 1965, iterative, on bit-reversed input. */
function radix2(values: Float64Array, isInverse: boolean): Float64Array {
  const n = values.length / 2;
  const out = new Float64Array(values.length);
  for (let index = 0, reversed = 0; index < n; index++) {
    out[2 * reversed] = values[2 * index]!;
    out[2 * reversed + 1] = values[2 * index + 1]!;
    let bit = n >> 1;
    for (; bit > 0 && (reversed & bit) !== 0; bit >>= 1) reversed ^= bit;
    reversed |= bit;
  }
  for (let half = 1; half < n; half *= 2) {
    for (let step = 0; step < half; step++) {
      const angle = ((isInverse ? 1 : -1) * Math.PI * step) / half;
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      for (let a = step; a < n; a += 2 * half) {
        const b = a + half;
        const re = out[2 * b]! * cos - out[2 * b + 1]! * sin;
        const im = out[2 * b]! * sin + out[2 * b + 1]! * cos;
        out[2 * b] = out[2 * a]! - re;
        out[2 * b + 1] = out[2 * a + 1]! - im;
        out[2 * a]! += re;
        out[2 * a + 1]! += im;
      }
    }
  }
  return out;
}

/** A transform of any length as a convolution whose length is a power of two. Source: Bluestein 1970 (chirp-z). */
function bluestein(values: Float64Array, isInverse: boolean): Float64Array {
  const n = values.length / 2;
  const length = 2 ** Math.ceil(Math.log2(2 * n - 1));
  const sign = isInverse ? 1 : -1;
  const chirp = new Float64Array(2 * n);
  for (let i = 0; i < n; i++) {
    // i² modulo 2n keeps the angle exact for large i.
    const angle = (Math.PI * ((i * i) % (2 * n))) / n;
    chirp[2 * i] = Math.cos(angle);
    chirp[2 * i + 1] = sign * Math.sin(angle);
  }
  const [signal, filter] = [new Float64Array(2 * length), new Float64Array(2 * length)];
  for (let i = 0; i < n; i++) {
    multiplyInto(signal, i, values, i, chirp, i);
    for (const at of i === 0 ? [0] : [i, length - i]) {
      filter[2 * at] = chirp[2 * i]!;
      filter[2 * at + 1] = -chirp[2 * i + 1]!;
    }
  }
  const [a, b] = [radix2(signal, false), radix2(filter, false)];
  for (let i = 0; i < length; i++) multiplyInto(a, i, a, i, b, i);
  const product = radix2(a, true);
  const out = new Float64Array(2 * n);
  for (let i = 0; i < n; i++) multiplyInto(out, i, product, i, chirp, i);
  return out.map((value) => value / length);
}

function multiplyInto(out: Float64Array, at: number, a: Float64Array, i: number, b: Float64Array, j: number): void {
  const re = a[2 * i]! * b[2 * j]! - a[2 * i + 1]! * b[2 * j + 1]!;
  const im = a[2 * i]! * b[2 * j + 1]! + a[2 * i + 1]! * b[2 * j]!;
  out[2 * at] = re;
  out[2 * at + 1] = im;
}
