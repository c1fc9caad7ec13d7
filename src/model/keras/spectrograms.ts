import { Composer } from "./composer.js";
import { paddingOf, requireShape, reshaped, slidSize, windowAttrs } from "./convolutions.js";
import type { EmitLayer } from "./emit-layer.js";
import { hasChannelsFirst } from "./data-format.js";
import { attrs, knownSizes, requireFloat, type Symbolic, Untranslatable } from "./emitter.js";
import type { LayerConfig } from "./layer-config.js";
import { hannOrHamming, melWeights } from "./mel-scale.js";

/** Keras' smallest power. */
const EPSILON = 1e-7;
/** Products of two places in a window are exact as floats up to here. */
const MAX_WINDOW = 4096;

/** Emit the windows of signals `[batch, time]` times a kernel `[1, window, 1, values]`: `[batch, windows, values]`. */
function slide(composer: Composer, x: Symbolic, kernel: Symbolic, step: number, padding: "same" | "valid"): Symbolic {
  const picture = composer.expand(composer.expand(x, 1), 3);
  const size = slidSize(x.shape[1], kernel.shape[1]!, step, padding);
  const shape = [x.shape[0], 1, size, kernel.shape[3]];
  return composer.squeeze(
    composer.op("Conv2D", [picture, kernel], { shape }, windowAttrs([1, step], [1, 1], padding)),
    1,
  );
}

/** STFTSpectrogram of `[batch, time, channels]`, or channels first: convolutions with the sines and cosines among its weights. */
export const emitStftSpectrogram: EmitLayer = (emitter, layer, [given], name) => {
  const composer = new Composer(emitter, name);
  if (requireFloat(given!).shape.length !== 3) throw new Untranslatable(`an input of rank ${given!.shape.length}`);
  const isFirst = hasChannelsFirst(layer);
  const x = isFirst ? given! : composer.transpose(given!, [0, 2, 1]);
  const [channels] = knownSizes(x.shape.slice(1, 2), 0) as [number];
  const [frame] = layer.sizes("frame_length", 1) as [number];
  const [step] = layer.sizes("frame_step", 1, [Math.floor(frame / 2)]) as [number];
  const lines = composer.reshape(x, ["rest", { of: x, axis: 2 }]);
  const part = (weight: string): Symbolic => {
    const stored = emitter.stored(layer.name, weight);
    requireShape(stored, [frame, 1, stored.shape[2]]);
    const kernel = composer.recipe(weight, reshaped(stored, [1, ...stored.shape]));
    const flat = slide(composer, lines, kernel, step, paddingOf(layer));
    const sizes = [{ of: x, axis: 0 }, channels, { of: flat, axis: 1 }, stored.shape[2]!];
    return composer.reshape(flat, sizes);
  };
  const values = spectrum(composer, layer, part);
  return composer.named(arranged(composer, values, layer.boolean("expand_dims", false), isFirst));
};

/** The values of a mode, as `[batch, channels, windows, frequencies]`. */
function spectrum(composer: Composer, layer: LayerConfig, part: (weight: string) => Symbolic): Symbolic {
  const mode = layer.string("mode", "log");
  if (mode === "real") return part("real_kernel");
  if (mode === "imag") return part("imag_kernel");
  const [real, imaginary] = [part("real_kernel"), part("imag_kernel")];
  if (mode === "angle") return composer.binary("Atan2", imaginary, real);
  if (mode === "stft") return composer.concat([real, imaginary], 3);
  const power = composer.add(composer.unary("Square", real), composer.unary("Square", imaginary));
  if (mode === "psd") {
    const size = power.shape[3]!;
    const inner = composer.slice(power, [0, 0, 0, 1], [undefined, undefined, undefined, size - 2]);
    return composer.add(
      power,
      composer.pad(inner, [
        [0, 0],
        [0, 0],
        [0, 0],
        [1, 1],
      ]),
    );
  }
  const bounded = composer.binary("Maximum", power, composer.scalar(EPSILON));
  const magnitude = composer.unary("Sqrt", bounded);
  if (mode === "magnitude") return magnitude;
  if (mode !== "log") throw new Untranslatable(`mode "${mode}"`);
  return composer.unary("Log", composer.binary("Maximum", magnitude, composer.scalar(EPSILON)));
}

function arranged(composer: Composer, x: Symbolic, isExpanded: boolean, isFirst: boolean): Symbolic {
  if (isExpanded) return isFirst ? x : composer.transpose(x, [0, 2, 3, 1]);
  const values = x.shape[1]! * x.shape[3]!;
  const batch = { of: x, axis: 0 };
  const time = { of: x, axis: 2 };
  if (isFirst) return composer.reshape(composer.transpose(x, [0, 1, 3, 2]), [batch, values, time]);
  return composer.reshape(composer.transpose(x, [0, 2, 1, 3]), [batch, time, values]);
}

/**
 * MelSpectrogram of `[batch, time]`: `[batch, bands, windows]`. As in Keras, the loudest value of the whole batch bounds all decibels
 * from below.
 */
export const emitMelSpectrogram: EmitLayer = (emitter, layer, [x], name) => {
  const composer = new Composer(emitter, name);
  if (requireFloat(x!).shape.length !== 2) throw new Untranslatable(`an input of rank ${x!.shape.length}`);
  const [size] = layer.sizes("fft_length", 1, [2048]) as [number];
  const [length] = layer.sizes("sequence_length", 1, [size]) as [number];
  const [step] = layer.sizes("sequence_stride", 1, [512]) as [number];
  if (size > MAX_WINDOW || length > size) throw new Untranslatable(`fft_length ${size}`);
  const half = Math.floor(size / 2);
  const pads = composer.ints([0, 0, half, half], [2, 2]);
  const padded = composer.op(
    "MirrorPad",
    [x!, pads],
    { shape: [x!.shape[0], x!.shape[1] === undefined ? undefined : x!.shape[1] + 2 * half] },
    { mode: attrs.string("REFLECT") },
  );
  const bins = half + 1;
  const waves = wavesOf(composer, size, bins, windowOf(layer, size, length));
  const parts = waves.map((wave) => composer.unary("Square", slide(composer, padded, wave, step, "valid")));
  const power = composer.add(parts[0]!, parts[1]!);
  const exponent = layer.number("mag_exp", 2);
  const raised =
    exponent === 2 ? power : composer.binary("Pow", composer.unary("Sqrt", power), composer.scalar(exponent));
  const bandCount = layer.number("num_mel_bins", 128);
  const rate = layer.number("sampling_rate", 16_000);
  const range: [number, number] = [layer.number("min_freq", 20), layer.number("max_freq", rate / 2)];
  const weights = composer.literal(melWeights(bandCount, bins, rate, range), [bins, bandCount]);
  const flat = composer.reshape(raised, ["rest", bins]);
  const mixed = composer.op("MatMul", [flat, weights], { shape: [flat.shape[0], bandCount] }, NOT_TRANSPOSED);
  const bands = composer.reshape(mixed, [{ of: raised, axis: 0 }, { of: raised, axis: 1 }, bandCount]);
  const scaled = layer.boolean("power_to_db", true) ? decibels(composer, layer, bands) : bands;
  return composer.named(composer.transpose(scaled, [0, 2, 1]));
};

const NOT_TRANSPOSED = { transpose_a: attrs.bool(false), transpose_b: attrs.bool(false) };

/** The window, of `length` values in the middle of `size`. */
function windowOf(layer: LayerConfig, size: number, length: number): number[] {
  const given: unknown = layer.config.window === undefined ? "hann" : layer.config.window;
  const values = given === null ? Array.from({ length }, () => 1) : hannOrHamming(given, length);
  if (values === undefined) throw new Untranslatable("window");
  const before = Math.floor((size - length) / 2);
  return Array.from({ length: size }, (_, index) => values[index - before] ?? 0);
}

/** The cosines and sines of `bins` frequencies under a window, computed in the graph, since they are too many to write down. */
function wavesOf(composer: Composer, size: number, bins: number, window: readonly number[]): Symbolic[] {
  const count = (length: number): number[] => Array.from({ length }, (_, index) => index);
  const products = composer.mul(composer.literal(count(size), [size, 1]), composer.literal(count(bins), [1, bins]));
  const turns = composer.unary("Floor", composer.mul(products, composer.scalar(1 / size)));
  const rest = composer.sub(products, composer.mul(turns, composer.scalar(size)));
  const angles = composer.mul(rest, composer.scalar((2 * Math.PI) / size));
  const shape = composer.literal(window, [size, 1]);
  return ["Cos", "Sin"].map((op) =>
    composer.reshape(composer.mul(composer.unary(op, angles), shape), [1, size, 1, bins]),
  );
}

function decibels(composer: Composer, layer: LayerConfig, x: Symbolic): Symbolic {
  const least = layer.number("min_power", 1e-10);
  const reference = Math.max(Math.abs(layer.number("ref_power", 1)), least);
  const logarithm = composer.unary("Log", composer.binary("Maximum", x, composer.scalar(least)));
  const scaled = composer.mul(logarithm, composer.scalar(10 / Math.LN10));
  const levels = composer.sub(scaled, composer.scalar(10 * Math.log10(reference)));
  const loudest = composer.reduce("Max", levels, [0, 1, 2]);
  return composer.binary("Maximum", levels, composer.sub(loudest, composer.scalar(layer.number("top_db", 80))));
}
