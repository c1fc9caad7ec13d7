import { elementCountOf } from "../../protocol/tensors.js";
import { attrs, castAttrs, type Emitter, FLOAT, knownSizes, type Symbolic, Untranslatable } from "./emitter.js";
import { requireRank, reshapeTo, type EmitLayer } from "./convolutions.js";
import { embeddingMask } from "./masking.js";
import type { LayerConfig } from "./layer-config.js";

export const emitFlatten: EmitLayer = (emitter, layer, [x], name) => {
  layer.requireChannelsLast();
  if (x!.dtype !== "float32") throw new Untranslatable(`Flatten of ${x!.dtype}`);
  const size = elementCountOf(knownSizes(x!.shape));
  return { ...x!, reference: reshapeTo(emitter, name, x!.reference, [-1, size]), shape: [x!.shape[0], size] };
};

export const emitReshape: EmitLayer = (emitter, layer, [x], name) => {
  const target = layer.config.target_shape;
  const isList = Array.isArray(target) && target.every((size) => Number.isSafeInteger(size) || size === null);
  if (!isList || x!.dtype !== "float32") throw new Untranslatable("Reshape to an unknown shape");
  const total = elementCountOf(knownSizes(x!.shape));
  const wanted = target.map((size) => (size === null ? -1 : Number(size)));
  const known = elementCountOf(wanted.filter((size) => size >= 0));
  const sizes = wanted.map((size) => (size >= 0 ? size : total / known));
  const isFitting = wanted.filter((size) => size < 0).length <= 1 && elementCountOf(sizes) === total;
  if (!isFitting || !sizes.every(Number.isInteger)) throw new Untranslatable("Reshape to a shape of another size");
  return { ...x!, reference: reshapeTo(emitter, name, x!.reference, [-1, ...sizes]), shape: [x!.shape[0], ...sizes] };
};

export const emitPermute: EmitLayer = (emitter, layer, [x], name) => {
  const dims = layer.sizes("dims", x!.shape.length - 1);
  const permutation = [0, ...dims];
  if (new Set(permutation).size !== x!.shape.length || Math.max(...dims) >= x!.shape.length) {
    throw new Untranslatable("dims");
  }
  const perm = emitter.int32(`${name}/perm`, permutation);
  const reference = emitter.node(name, "Transpose", [x!.reference, perm], FLOAT);
  return { ...x!, reference, shape: permutation.map((axis) => x!.shape[axis]) };
};

export const emitRepeatVector: EmitLayer = (emitter, layer, [x], name) => {
  requireRank(x!, 2);
  const [count] = layer.sizes("n", 1) as [number];
  const axis = emitter.int32(`${name}/axis`, [1], []);
  const wide = emitter.node(`${name}/ExpandDims`, "ExpandDims", [x!.reference, axis], FLOAT);
  const multiples = emitter.int32(`${name}/multiples`, [1, count, 1]);
  const reference = emitter.node(name, "Tile", [wide, multiples], FLOAT);
  return { ...x!, reference, shape: [x!.shape[0], count, x!.shape[1]] };
};

export const emitZeroPadding2d: EmitLayer = (emitter, layer, [x], name) => {
  requireRank(x!, 4);
  layer.requireChannelsLast();
  const sides = sidesOf(layer, "padding", 1);
  const paddings = emitter.int32(`${name}/paddings`, [0, 0, ...sides.flat(), 0, 0], [4, 2]);
  const reference = emitter.node(name, "Pad", [x!.reference, paddings], FLOAT);
  const sizes = sides.map(([before, after], axis) => {
    const size = x!.shape[axis + 1];
    return size === undefined ? undefined : size + before + after;
  });
  return { ...x!, reference, shape: [x!.shape[0], ...sizes, x!.shape[3]] };
};

export const emitCropping2d: EmitLayer = (emitter, layer, [x], name) => {
  requireRank(x!, 4);
  layer.requireChannelsLast();
  const sides = sidesOf(layer, "cropping", 0);
  const inner = knownSizes(x!.shape.slice(0, 3));
  const sizes = inner.map((size, axis) => size - sides[axis]![0] - sides[axis]![1]);
  if (!sizes.every((size) => size > 0)) throw new Untranslatable("cropping that leaves nothing");
  const begin = emitter.int32(`${name}/begin`, [0, sides[0]![0], sides[1]![0], 0]);
  const size = emitter.int32(`${name}/size`, [-1, ...sizes, -1]);
  const reference = emitter.node(name, "Slice", [x!.reference, begin, size], FLOAT);
  return { ...x!, reference, shape: [x!.shape[0], ...sizes, x!.shape[3]] };
};

/** Read the amounts before and after height and width: `1`, `[1, 2]` (one for both sides of each axis) or `[[1, 2], [3, 4]]`. */
function sidesOf({ config }: LayerConfig, key: string, fallback: number): [number, number][] {
  const value: unknown = config[key] ?? fallback;
  const list: unknown[] = Array.isArray(value) ? value : [value, value];
  const sides = list.map((each): unknown[] => (Array.isArray(each) ? each : [each, each]));
  const isCount = (each: unknown): each is number => Number.isSafeInteger(each) && Number(each) >= 0;
  return [0, 1].map((axis): [number, number] => {
    const [before, after] = sides[axis] ?? [];
    if (sides.length !== 2 || !isCount(before) || !isCount(after)) throw new Untranslatable(key);
    return [before, after];
  });
}

export const emitEmbedding: EmitLayer = (emitter, layer, [x], name) => {
  const mask = layer.boolean("mask_zero", false) ? embeddingMask(emitter, name, x!) : undefined;
  const table = emitter.stored(layer.name, "embeddings");
  const params = emitter.constant(`${layer.name}/embeddings`, table);
  const indices =
    x!.dtype === "int32"
      ? x!.reference
      : emitter.node(`${name}/Cast`, "Cast", [x!.reference], castAttrs(x!.dtype, "int32"));
  const axis = emitter.int32(`${name}/axis`, [0], []);
  const reference = emitter.node(name, "GatherV2", [params, indices, axis], { ...FLOAT, batch_dims: attrs.int(0) });
  return { reference, shape: [...x!.shape, table.shape[1]], dtype: "float32", mask };
};

/** Layers that do something only during training return their input. */
export function passOn(_: Emitter, __: LayerConfig, [x]: readonly Symbolic[]): Symbolic {
  return x!;
}
