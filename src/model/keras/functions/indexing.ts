import { ELLIPSIS, SliceArgument } from "../call-values.js";
import type { Composer, Size } from "../composer.js";
import { attrs, type Symbolic, typeOf, Untranslatable } from "../emitter.js";
import { TensorArgument } from "../layer-call.js";
import {
  cast,
  define,
  type EmitFunction,
  fixed,
  type FunctionCall,
  type KerasFunction,
  toTensor,
} from "./function-call.js";

/** One entry of an index: Python's `a:b:c`, a number, `None` (a new axis) or `...`. */
type Entry = SliceArgument | number | TensorArgument | null | typeof ELLIPSIS;

/** `x[key]`. TF.js drops the wrong axes if an index takes single entries and also steps: then the single entries are ranges first. */
const getItem: EmitFunction = (call) => {
  const { composer } = call;
  const x = call.tensor("x");
  const entries = entriesOf(call.value("key"));
  const hasSteps = entries.some((entry) => entry instanceof SliceArgument && (entry.step ?? 1) !== 1);
  if (!hasSteps || !entries.some(isSingle)) return strided(composer, x, entries);
  const ranges = entries.map((entry) => (isSingle(entry) ? rangeOf(composer, entry) : entry));
  const spread = strided(composer, x, ranges);
  const place = placesIn(entries, x.shape.length);
  const singles = entries.flatMap((entry, index) => (isSingle(entry) ? [place[index]!] : []));
  return singles.toReversed().reduce((squeezed, axis) => composer.squeeze(squeezed, axis), spread);
};

function isSingle(entry: Entry): entry is number | TensorArgument {
  return typeof entry === "number" || entry instanceof TensorArgument;
}

function rangeOf(composer: Composer, entry: number | TensorArgument): SliceArgument {
  return new SliceArgument(entry, entry === -1 ? undefined : next(composer, entry), 1);
}

/** The axis of each entry in the result, where no axis is dropped. */
function placesIn(entries: readonly Entry[], rank: number): number[] {
  const used = entries.filter((entry) => entry !== null && entry !== ELLIPSIS).length;
  let axis = 0;
  return entries.map((entry) => {
    const place = axis;
    axis += entry === ELLIPSIS ? rank - used : 1;
    return place;
  });
}

/** A StridedSlice. */
function strided(composer: Composer, x: Symbolic, entries: readonly Entry[]): Symbolic {
  const masks = { begin: 0, end: 0, ellipsis: 0, new: 0, shrink: 0 };
  const begin: unknown[] = [];
  const end: unknown[] = [];
  const strides: number[] = [];
  const add = (first: unknown, last: unknown, stride: number): void => {
    begin.push(first);
    end.push(last);
    strides.push(stride);
  };
  for (const [index, entry] of entries.entries()) {
    const bit = 1 << index;
    if (entry === null || entry === ELLIPSIS) {
      if (entry === null) masks.new |= bit;
      else masks.ellipsis |= bit;
      add(0, 0, 1);
    } else if (entry instanceof SliceArgument) {
      const step = entry.step ?? 1;
      if (typeof step !== "number" || step === 0) throw new Untranslatable("a step that is computed");
      if (entry.start === undefined) masks.begin |= bit;
      if (entry.stop === undefined) masks.end |= bit;
      add(entry.start ?? 0, entry.stop ?? 0, step);
    } else {
      masks.shrink |= bit;
      // The entry -1 ends behind the last one.
      const isLast = entry === -1;
      if (isLast) masks.end |= bit;
      add(entry, isLast ? 0 : next(composer, entry), 1);
    }
  }
  const attr = {
    begin_mask: attrs.int(masks.begin),
    end_mask: attrs.int(masks.end),
    ellipsis_mask: attrs.int(masks.ellipsis),
    new_axis_mask: attrs.int(masks.new),
    shrink_axis_mask: attrs.int(masks.shrink),
    Index: { type: "DT_INT32" },
  };
  const bounds = [vector(composer, begin), vector(composer, end), composer.ints(strides)];
  return composer.op("StridedSlice", [x, ...bounds], { shape: slicedShape(x.shape, entries) }, attr);
}

function entriesOf(key: unknown): Entry[] {
  const list: unknown[] = Array.isArray(key) ? key : [key ?? null];
  return list.map((entry): Entry => {
    const isEntry =
      entry instanceof SliceArgument || entry === ELLIPSIS || entry === null || Number.isSafeInteger(entry);
    if (isEntry) return entry as Entry;
    if (entry instanceof TensorArgument && entry.tensor.shape.length === 0 && entry.tensor.dtype === "int32")
      return entry;
    throw new Untranslatable("an index that is no number, slice or new axis");
  });
}

function next(composer: Composer, entry: number | TensorArgument): unknown {
  if (typeof entry === "number") return entry + 1;
  return new TensorArgument(composer.add(entry.tensor, composer.scalar(1, "int32")));
}

function vector(composer: Composer, values: readonly unknown[]): Symbolic {
  if (values.every((value) => typeof value === "number")) return composer.ints(values);
  const parts = values.map((value) =>
    composer.reshape(cast(composer, toTensor(composer, value, "int32"), "int32"), [1]),
  );
  return composer.concat(parts, 0);
}

function slicedShape(shape: readonly Size[], entries: readonly Entry[]): Size[] {
  const used = entries.filter((entry) => entry !== null && entry !== ELLIPSIS).length;
  if (used > shape.length) throw new Untranslatable("an index with too many entries");
  const all = entries.includes(ELLIPSIS) ? entries : [...entries, ELLIPSIS];
  let axis = 0;
  return all.flatMap((entry): Size[] => {
    if (entry === null) return [1];
    if (entry === ELLIPSIS) {
      const skipped = shape.slice(axis, axis + shape.length - used);
      axis += skipped.length;
      return skipped;
    }
    const size = shape[axis++];
    return entry instanceof SliceArgument ? [slicedSize(size, entry)] : [];
  });
}

/** As Python counts: a start or stop beyond the end is the end. */
function slicedSize(size: Size, { start, stop, step = 1 }: SliceArgument): Size {
  const isKnown = [start, stop].every((each) => each === undefined || typeof each === "number");
  if (size === undefined || !isKnown || typeof step !== "number") return undefined;
  const [lowest, highest] = step > 0 ? [0, size] : [-1, size - 1];
  const place = (value: unknown, fallback: number): number => {
    if (typeof value !== "number") return fallback;
    return Math.min(Math.max(value < 0 ? value + size : value, lowest), highest);
  };
  const [first, last] = step > 0 ? [place(start, 0), place(stop, size)] : [place(start, size - 1), place(stop, -1)];
  return Math.max(Math.ceil((last - first) / step), 0);
}

const take: EmitFunction = (call) => {
  const { composer } = call;
  const x = call.tensor("x");
  call.refuse("batch_dims", "validate_indices");
  const indices = cast(composer, call.tensor("indices", "int32"), "int32");
  if (!call.has("axis")) return composer.gather(composer.reshape(x, ["rest"]), indices, 0);
  return composer.gather(x, indices, call.axis("axis", x.shape.length));
};

/** `tf.gather`, whose default axis is the first. */
const gather: EmitFunction = (call) => {
  const x = call.tensor("x");
  if (call.value("batch_dims") !== 0) call.refuse("batch_dims");
  const indices = cast(call.composer, call.tensor("indices", "int32"), "int32");
  return call.composer.gather(x, indices, call.axis("axis", x.shape.length, 0));
};

const gatherNd: EmitFunction = (call) => {
  const x = call.tensor("x");
  if (call.value("batch_dims") !== 0) call.refuse("batch_dims");
  const indices = cast(call.composer, call.tensor("indices", "int32"), "int32");
  const [depth] = fixed([indices.shape.at(-1)]);
  const shape = [...indices.shape.slice(0, -1), ...x.shape.slice(depth)];
  return call.composer.op(
    "GatherNd",
    [x, indices],
    { shape },
    { Tparams: { type: typeOf(x.dtype) }, Tindices: { type: "DT_INT32" } },
  );
};

const oneHot: EmitFunction = (call) => {
  const { composer } = call;
  const x = cast(composer, call.tensor("x"), "int32");
  call.refuse("sparse");
  const depth = call.number("num_classes");
  const axis = call.number("axis", -1);
  const at = axis < 0 ? axis + x.shape.length + 1 : axis;
  const shape = [...x.shape.slice(0, at), depth, ...x.shape.slice(at)];
  const values = [composer.scalar(call.number("on_value", 1)), composer.scalar(call.number("off_value", 0))];
  const inputs = [x, composer.ints([depth], []), ...values];
  const hot = composer.op(
    "OneHot",
    inputs,
    { shape, dtype: "float32" },
    { T: { type: "DT_FLOAT" }, axis: attrs.int(axis) },
  );
  const dtype = call.value("dtype");
  return dtype === "int32" || dtype === "int64"
    ? cast(composer, hot, "int32")
    : dtype === "bool"
      ? cast(composer, hot, "bool")
      : hot;
};

/** Which of the classes occur along the second axis. */
const multiHot: EmitFunction = (call) => {
  const { composer } = call;
  const hot = oneHot(call);
  if (!("reference" in hot)) throw new Untranslatable("multi_hot");
  return composer.reduce("Max", hot, [call.tensor("x").shape.length > 1 ? 1 : 0]);
};

/** For each place along an axis, the element at the index there. */
const takeAlongAxis: EmitFunction = (call) => {
  const { composer } = call;
  const given = call.tensor("x");
  const rank = given.shape.length;
  const axis = call.axis("axis", rank);
  const swap = given.shape.map((_, each) => (each === axis ? rank - 1 : each === rank - 1 ? axis : each));
  const x = composer.transpose(given, swap);
  const places = cast(composer, call.tensor("indices", "int32"), "int32");
  if (places.shape.length !== rank) throw new Untranslatable("indices of another rank");
  const indices = composer.transpose(places, swap);
  const [size] = fixed([x.shape[rank - 1]]);
  // One comparison for each place and element: TF.js's gather with batches fails on WASM.
  const order = composer.ints(Array.from({ length: size! }, (_, index) => index));
  const counted = composer.select(
    composer.compare("Less", indices, composer.scalar(0, "int32")),
    composer.add(indices, composer.scalar(size!, "int32")),
    indices,
  );
  const isThere = composer.compare("Equal", composer.expand(counted, rank), order);
  const spread = composer.expand(x, rank - 1);
  const candidates = composer.select(isThere, spread, composer.unary("ZerosLike", spread));
  return composer.transpose(composer.reduce("Sum", candidates, [rank]), swap);
};

function topK(call: FunctionCall): Symbolic[] {
  const { composer } = call;
  const x = call.tensor("x");
  const count = call.number("k", 1);
  const shape = [...x.shape.slice(0, -1), count];
  const values = composer.op("TopKV2", [x, composer.ints([count], [])], { shape }, { sorted: attrs.bool(true) });
  return [values, { ...values, reference: `${values.reference}:1`, dtype: "int32" }];
}

/** Sort along the last axis; along others, it is moved there. */
function sorted(isArgument: boolean): EmitFunction {
  return (call) => {
    const { composer } = call;
    const x = call.tensor("x");
    const last = x.shape.length - 1;
    const axis = call.axis("axis", x.shape.length, -1);
    const swap = x.shape.map((_, each) => (each === axis ? last : each === last ? axis : each));
    const isDescending = call.string("direction", "ASCENDING") === "DESCENDING";
    // The order of equal elements is that of the original from the largest down.
    const given = composer.transpose(x, swap);
    const signed = isDescending ? given : composer.unary("Neg", given);
    const [size] = fixed([signed.shape[last]]);
    const values = composer.op(
      "TopKV2",
      [signed, composer.ints([size!], [])],
      { shape: signed.shape },
      { sorted: attrs.bool(true) },
    );
    const indices: Symbolic = { ...values, reference: `${values.reference}:1`, dtype: "int32" };
    const result = isArgument ? indices : isDescending ? values : composer.unary("Neg", values);
    return composer.transpose(result, swap);
  };
}

/** Functions that pick elements. */
export const INDEXING: readonly (readonly [name: string, KerasFunction])[] = [
  ["get_item", define("x key", getItem)],
  ["take", define("x indices axis", take)],
  ["gather", define("x indices validate_indices axis batch_dims", gather)],
  ["gather_nd", define("x indices batch_dims", gatherNd)],
  ["one_hot", define("x num_classes axis", oneHot)],
  ["one_hot_tf", define("x num_classes on_value off_value axis dtype", oneHot)],
  ["multi_hot", define("x num_classes axis", multiHot)],
  ["take_along_axis", define("x indices axis", takeAlongAxis)],
  ["top_k", define("x k sorted", topK)],
  ["sort", define("x axis", sorted(false))],
  ["argsort", define("x axis", sorted(true))],
  ["sort_tf", define("x axis direction", sorted(false))],
  ["argsort_tf", define("x axis direction", sorted(true))],
];
