import { elementCountOf } from "../../protocol/tensors.js";
import { emitActivation } from "./activations.js";
import { Composer } from "./composer.js";
import { paddingOf, requireRank, requireShape, reshaped } from "./convolutions.js";
import type { EmitLayer } from "./emit-layer.js";
import { channelsFirst, channelsLast, hasChannelsFirst } from "./data-format.js";
import { knownSizes, type Symbolic, Untranslatable } from "./emitter.js";
import type { LayerConfig } from "./layer-config.js";

/** More places of kernels than this would make a graph too large to send. */
const MAX_PLACES = 2 ** 20;

/** The windows of a layer over its input, all sizes in the order of the axes. */
interface Windows {
  readonly input: readonly number[];
  readonly window: readonly number[];
  readonly strides: readonly number[];
  readonly output: readonly number[];
  /** Zeros before the input along each axis. */
  readonly before: readonly number[];
  readonly channels: number;
  readonly filters: number;
  readonly isChannelsFirst: boolean;
}

/** LocallyConnected1D and LocallyConnected2D: a convolution with a kernel for each place, in any of Keras' three implementations. */
export const emitLocallyConnected = (rank: 1 | 2): EmitLayer => {
  return (emitter, layer, [given], name) => {
    requireRank(given!, rank + 2);
    const composer = new Composer(emitter, name);
    const isChannelsFirst = hasChannelsFirst(layer);
    const x = isChannelsFirst ? channelsLast(composer, given!) : given!;
    const windows = windowsOf(layer, rank, x, isChannelsFirst);
    const patches = patchesOf(composer, x, windows);
    const kernels = kernelsOf(composer, layer, windows);
    // [places, batch, window] times [places, window, filters].
    const products = composer.matmul(composer.transpose(patches, [1, 0, 2]), kernels);
    const flat = composer.transpose(products, [1, 0, 2]);
    const restored = composer.reshape(flat, ["rest", ...windows.output, windows.filters]);
    const shaped: Symbolic = { ...restored, shape: [x.shape[0], ...windows.output, windows.filters] };
    let result = isChannelsFirst ? channelsFirst(composer, shaped) : shaped;
    if (layer.boolean("use_bias", true)) {
      const bias = emitter.stored(layer.name, "bias");
      const sizes = [...windows.output, windows.filters];
      requireShape(bias, sizes);
      // With channels first, Keras takes the very values in another shape, not transposed.
      const shape = isChannelsFirst ? [windows.filters, ...windows.output] : sizes;
      result = composer.add(result, composer.recipe("bias", reshaped(bias, shape)));
    }
    return emitActivation(emitter, name, composer.named(result), layer.config.activation);
  };
};

function windowsOf(layer: LayerConfig, rank: number, x: Symbolic, isChannelsFirst: boolean): Windows {
  const input = knownSizes(x.shape.slice(0, -1));
  const [channels] = knownSizes(x.shape.slice(-1), 0) as [number];
  const window = layer.sizes("kernel_size", rank);
  const strides = layer.sizes(
    "strides",
    rank,
    window.map(() => 1),
  );
  const isSame = paddingOf(layer) === "same";
  const output = input.map((size, axis) =>
    isSame ? Math.ceil(size / strides[axis]!) : Math.ceil((size - window[axis]! + 1) / strides[axis]!),
  );
  if (output.some((size) => size < 1)) throw new Untranslatable("an input smaller than the window");
  // Keras places windows for its own padding: half a window before each place.
  const before = window.map((size) => (isSame ? Math.floor(size / 2) : 0));
  return { input, window, strides, output, before, channels, filters: layer.number("filters"), isChannelsFirst };
}

/** The part of the input under each window, `[batch, places, window × channels]`, zero outside of the input. */
function patchesOf(composer: Composer, x: Symbolic, windows: Windows): Symbolic {
  const { input, window, strides, output, before, channels } = windows;
  const sides = window.map((size, axis): [number, number] => {
    const end = (output[axis]! - 1) * strides[axis]! + size - before[axis]!;
    return [before[axis]!, Math.max(0, end - input[axis]!)];
  });
  const padded = composer.pad(x, [[0, 0], ...sides, [0, 0]]);
  const parts = offsetsOf(window).map((offset) =>
    offset.reduce((part, begin, axis) => composer.stride(part, axis + 1, begin, output[axis]!, strides[axis]!), padded),
  );
  const joined = composer.concat(parts, padded.shape.length - 1);
  const size = elementCountOf(window) * channels;
  const flat = composer.reshape(joined, ["rest", elementCountOf(output), size]);
  return { ...flat, shape: [x.shape[0], elementCountOf(output), size] };
}

/** All places of a box, the last axis fastest. */
function offsetsOf(sizes: readonly number[]): number[][] {
  return sizes.reduce<number[][]>(
    (places, size) => places.flatMap((place) => Array.from({ length: size }, (_, index) => [...place, index])),
    [[]],
  );
}

/** The kernels as `[places, window × channels, filters]`. */
function kernelsOf(composer: Composer, layer: LayerConfig, windows: Windows): Symbolic {
  const implementation = layer.number("implementation", 1);
  const stored = composer.emitter.stored(layer.name, "kernel");
  const { window, output, channels, filters, isChannelsFirst } = windows;
  const [places, size] = [elementCountOf(output), elementCountOf(window) * channels];
  if (implementation === 1) {
    requireShape(stored, [places, size, filters]);
    const kernels = composer.recipe("kernel", stored);
    if (!isChannelsFirst) return kernels;
    // Keras flattened the channels before the window.
    const apart = composer.recipe("kernel", reshaped(stored, [places, channels, size / channels, filters]));
    return composer.reshape(composer.transpose(apart, [0, 2, 1, 3]), [places, size, filters]);
  }
  if (implementation !== 2 && implementation !== 3) throw new Untranslatable(`implementation ${implementation}`);
  const entries = implementation === 2 ? fullEntries(windows) : sparseEntries(windows);
  if (entries.length > MAX_PLACES) throw new Untranslatable(`${entries.length} values of kernels`);
  const count = elementCountOf(stored.shape);
  // A zero follows the kernel, for what lies outside of the input.
  const flat = composer.pad(composer.recipe("flat_kernel", reshaped(stored, [count])), [[0, 1]]);
  const indices = entries.map((entry) => (entry < 0 ? count : entry));
  return composer.gather(flat, composer.ints(indices, [places, size, filters]), 0);
}

/** Calls `visit` for each value of each kernel, in the order [places, window, channels, filters]. */
function eachValue(windows: Windows, visit: (at: ValuePlace) => number): number[] {
  const { input, window, strides, output, before, channels, filters } = windows;
  const offsets = offsetsOf(window);
  return offsetsOf(output).flatMap((place) =>
    offsets.flatMap((offset) => {
      const source = offset.map((each, axis) => place[axis]! * strides[axis]! - before[axis]! + each);
      const isInside = source.every((each, axis) => each >= 0 && each < input[axis]!);
      return Array.from({ length: channels * filters }, (_, index) => {
        if (!isInside) return -1;
        return visit({ place, source, channel: Math.floor(index / filters), filter: index % filters });
      });
    }),
  );
}

interface ValuePlace {
  /** Of the output, and of the input. */
  readonly place: readonly number[];
  readonly source: readonly number[];
  readonly channel: number;
  readonly filter: number;
}

function flatIndex(indices: readonly number[], sizes: readonly number[]): number {
  return indices.reduce((flat, index, axis) => flat * sizes[axis]! + index, 0);
}

/** Where implementation 2 has each value: in a kernel from every input to every output. */
function fullEntries(windows: Windows): number[] {
  const { input, output, channels, filters, isChannelsFirst } = windows;
  return eachValue(windows, ({ place, source, channel, filter }) =>
    isChannelsFirst
      ? flatIndex([channel, ...source, filter, ...place], [channels, ...input, filters, ...output])
      : flatIndex([...source, channel, ...place, filter], [...input, channels, ...output, filters]),
  );
}

/** Where implementation 3 has each value: in a list by output, then by input, each flattened in the layer's format. */
function sparseEntries(windows: Windows): number[] {
  const { input, output, channels, filters, isChannelsFirst } = windows;
  const inputCount = elementCountOf(input) * channels;
  const keys = eachValue(windows, ({ place, source, channel, filter }) => {
    const to = isChannelsFirst
      ? flatIndex([filter, ...place], [filters, ...output])
      : flatIndex([...place, filter], [...output, filters]);
    const from = isChannelsFirst
      ? flatIndex([channel, ...source], [channels, ...input])
      : flatIndex([...source, channel], [...input, channels]);
    return to * inputCount + from;
  });
  const order = new Map(
    keys
      .filter((key) => key >= 0)
      .toSorted((a, b) => a - b)
      .map((key, index) => [key, index]),
  );
  return keys.map((key) => (key < 0 ? -1 : order.get(key)!));
}
