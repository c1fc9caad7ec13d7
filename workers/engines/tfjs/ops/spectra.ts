import { transform } from "./fourier.js";
import type { PlainNode, PlainOp } from "./plain-node.js";
import { complexes, floats, type PlainTensor } from "./plain-tensor.js";
import { stridesOf, walk } from "./strides.js";

interface Spectrum {
  readonly shape: readonly number[];
  /** Real and imaginary parts by turns. */
  readonly values: Float64Array;
}

/** How many of the last axes an op transforms: its name ends in 2D, 3D or neither. */
function axisCount({ op }: PlainNode): number {
  return op.endsWith("3D") ? 3 : op.endsWith("2D") ? 2 : 1;
}

function complexInput(node: PlainNode): Spectrum {
  const { dtype, shape, data } = node.input(0);
  if (dtype !== "complex64") return node.fail(`complex numbers, received ${dtype}`);
  return { shape, values: Float64Array.from(data) };
}

/** Transform along one axis. */
function alongAxis({ shape, values }: Spectrum, axis: number, isInverse: boolean): Spectrum {
  const length = shape[axis]!;
  const stride = stridesOf(shape)[axis]!;
  const out = new Float64Array(values.length);
  const row = new Float64Array(2 * length);
  const starts = walk(
    shape.map((size, each) => (each === axis ? 1 : size)),
    stridesOf(shape),
  );
  for (const start of starts) {
    for (let i = 0; i < length; i++) {
      row[2 * i] = values[2 * (start + i * stride)]!;
      row[2 * i + 1] = values[2 * (start + i * stride) + 1]!;
    }
    const result = transform(row, isInverse);
    for (let i = 0; i < length; i++) {
      out[2 * (start + i * stride)] = result[2 * i]!;
      out[2 * (start + i * stride) + 1] = result[2 * i + 1]!;
    }
  }
  return { shape, values: out };
}

/** Cut or pad with zeros at the end of each of the last axes. */
function fitted({ shape, values }: Spectrum, lengths: readonly number[]): Spectrum {
  const lead = shape.length - lengths.length;
  const target = shape.map((size, axis) => (axis < lead ? size : lengths[axis - lead]!));
  const strides = stridesOf(shape);
  const indices = walk(target, strides);
  const steps = stridesOf(target);
  const out = new Float64Array(2 * indices.length);
  for (const [element, index] of indices.entries()) {
    const isInside = target.every((size, axis) => Math.floor(element / steps[axis]!) % size < shape[axis]!);
    if (!isInside) continue;
    out[2 * element] = values[2 * index]!;
    out[2 * element + 1] = values[2 * index + 1]!;
  }
  return { shape: target, values: out };
}

function overLastAxes(spectrum: Spectrum, count: number, isInverse: boolean): Spectrum {
  const rank = spectrum.shape.length;
  let result = spectrum;
  for (let axis = rank - 1; axis >= rank - count; axis--) result = alongAxis(result, axis, isInverse);
  return result;
}

function asComplex({ shape, values }: Spectrum): PlainTensor {
  return complexes(shape, Float32Array.from(values));
}

function fft(node: PlainNode): PlainTensor {
  return asComplex(overLastAxes(complexInput(node), axisCount(node), node.op.startsWith("I")));
}

/** Of real input: only the half of the last axis that doesn't follow from the other. */
function rfft(node: PlainNode): PlainTensor {
  const { shape, data } = node.floats(0);
  const values = new Float64Array(2 * data.length);
  for (const [index, value] of data.entries()) values[2 * index] = value;
  const lengths = Array.from(node.ints(1).data);
  const whole = overLastAxes(fitted({ shape, values }, lengths), lengths.length, false);
  return asComplex(fitted(whole, [...lengths.slice(0, -1), Math.floor(lengths.at(-1)! / 2) + 1]));
}

/** Back to real numbers, from half of the last axis. */
function irfft(node: PlainNode): PlainTensor {
  const lengths = Array.from(node.ints(1).data);
  const last = lengths.at(-1) ?? node.fail("a length");
  const half = Math.floor(last / 2) + 1;
  let spectrum = fitted(complexInput(node), [...lengths.slice(0, -1), half]);
  const rank = spectrum.shape.length;
  for (let axis = rank - lengths.length; axis < rank - 1; axis++) spectrum = alongAxis(spectrum, axis, true);
  const whole = fitted(spectrum, [last]);
  const rows = last === 0 ? 0 : whole.values.length / 2 / last;
  for (let row = 0; row < rows; row++) {
    const at = (column: number): number => 2 * (row * last + column);
    for (let column = half; column < last; column++) {
      whole.values[at(column)] = whole.values[at(last - column)]!;
      whole.values[at(column) + 1] = -whole.values[at(last - column) + 1]!;
    }
  }
  const { shape, values } = alongAxis(whole, rank - 1, true);
  return floats(
    shape,
    Float32Array.from({ length: values.length / 2 }, (_, index) => values[2 * index]!),
  );
}

/** Magnitudes of overlapping pieces under a periodic Hann window, each padded to a power of two. Input [samples, channels]. */
function audioSpectrogram(node: PlainNode): PlainTensor {
  const [{ shape, data }, size, stride] = [node.floats(0), node.number("window_size"), node.number("stride")];
  const [samples = 0, channels = 1] = shape;
  const length = 2 ** Math.ceil(Math.log2(size));
  const frames = samples < size ? 0 : 1 + Math.floor((samples - size) / stride);
  const bins = length / 2 + 1;
  const out = new Float32Array(channels * frames * bins);
  for (let channel = 0; channel < channels; channel++) {
    for (let frame = 0; frame < frames; frame++) {
      const values = new Float64Array(2 * length);
      for (let i = 0; i < size; i++) {
        const weight = 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size);
        values[2 * i] = weight * data[(frame * stride + i) * channels + channel]!;
      }
      const spectrum = transform(values, false);
      for (let bin = 0; bin < bins; bin++) {
        const power = spectrum[2 * bin]! ** 2 + spectrum[2 * bin + 1]! ** 2;
        out[(channel * frames + frame) * bins + bin] = node.flag("magnitude_squared") ? power : Math.sqrt(power);
      }
    }
  }
  return floats([channels, frames, bins], out);
}

export const SPECTRAL_OPS: Readonly<Record<string, PlainOp>> = {
  AudioSpectrogram: audioSpectrogram,
  ...Object.fromEntries(["FFT", "IFFT", "FFT2D", "IFFT2D", "FFT3D", "IFFT3D"].map((op) => [op, fft])),
  ...Object.fromEntries(["RFFT", "RFFT2D", "RFFT3D"].map((op) => [op, rfft])),
  ...Object.fromEntries(["IRFFT", "IRFFT2D", "IRFFT3D"].map((op) => [op, irfft])),
};
