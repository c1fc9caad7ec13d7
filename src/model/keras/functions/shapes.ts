import type { Size } from "../composer.js";
import { attrs, type Symbolic, typeOf, Untranslatable } from "../emitter.js";
import {
  cast,
  countedAxis,
  define,
  dtypeOf,
  type EmitFunction,
  fixed,
  type FunctionCall,
  type KerasFunction,
  stack,
  toTensor,
} from "./function-call.js";

/** A shape among the arguments: its sizes as far as they are known (-1: what is left), and as a tensor. */
function shapeArgument(call: FunctionCall, name: string): { sizes: Size[] | undefined; tensor: Symbolic } {
  const { composer } = call;
  const value = call.value(name);
  const list: unknown[] | undefined = Array.isArray(value) ? value : undefined;
  if (list !== undefined) {
    const sizes = list.map((each) => (typeof each === "number" ? each : each === null ? -1 : undefined));
    if (sizes.every((size) => size !== undefined)) return { sizes, tensor: composer.ints(sizes) };
    const parts = list.map((each) =>
      composer.reshape(cast(composer, toTensor(composer, each ?? -1, "int32"), "int32"), [1]),
    );
    return { sizes, tensor: composer.concat(parts, 0) };
  }
  const tensor = cast(composer, call.tensor(name, "int32"), "int32");
  const [rank] = tensor.shape;
  return { sizes: rank === undefined ? undefined : Array.from({ length: rank }, () => undefined), tensor };
}

const reshape: EmitFunction = (call) => {
  const x = call.tensor("x");
  const { sizes, tensor } = shapeArgument(call, "shape");
  if (sizes === undefined) throw new Untranslatable("a shape of unknown rank");
  const total = product(x.shape);
  const known = product(sizes.map((size) => (size === -1 ? 1 : size)));
  const rest = total !== undefined && known !== undefined && known > 0 ? total / known : undefined;
  const shape = sizes.map((size) => (size === -1 ? rest : size));
  return call.composer.op("Reshape", [x, tensor], { shape }, { Tshape: { type: "DT_INT32" } });
};

function product(sizes: readonly Size[]): Size {
  return sizes.reduce((total, size) => (total === undefined || size === undefined ? undefined : total * size), 1);
}

const transpose: EmitFunction = (call) => {
  const x = call.tensor("x");
  call.refuse("conjugate");
  const order = call.ints("axes") ?? x.shape.map((_, axis) => x.shape.length - 1 - axis);
  return call.composer.transpose(
    x,
    order.map((axis) => countedAxis(axis, x.shape.length)),
  );
};

const swapAxes: EmitFunction = (call) => {
  const x = call.tensor("x");
  const [a, b] = [call.axis("axis1", x.shape.length), call.axis("axis2", x.shape.length)];
  return call.composer.transpose(
    x,
    x.shape.map((_, axis) => (axis === a ? b : axis === b ? a : axis)),
  );
};

const moveAxis: EmitFunction = (call) => {
  const x = call.tensor("x");
  const rank = x.shape.length;
  const from = (call.ints("source") ?? []).map((axis) => countedAxis(axis, rank));
  const to = (call.ints("destination") ?? []).map((axis) => countedAxis(axis, rank));
  const others = x.shape.flatMap((_, axis) => (from.includes(axis) ? [] : [axis]));
  const order = x.shape.map((_, axis) => (to.includes(axis) ? from[to.indexOf(axis)]! : others.shift()!));
  return call.composer.transpose(x, order);
};

const concatenate: EmitFunction = (call) => {
  const parts = call.tensors("xs");
  const axis = call.axis("axis", parts[0]!.shape.length, -1);
  if (parts.some(({ shape }) => shape.length !== parts[0]!.shape.length)) throw new Untranslatable("different ranks");
  return call.composer.concat(parts, axis);
};

const stackAll: EmitFunction = (call) => {
  const parts = call.tensors("xs");
  return stack(call.composer, parts, call.axis("axis", parts[0]!.shape.length + 1, 0));
};

function pieces(call: FunctionCall, x: Symbolic, axis: number, sizes: readonly number[]): Symbolic[] {
  let begin = 0;
  return sizes.map((size) => {
    const start = x.shape.map((_, each) => (each === axis ? begin : 0));
    begin += size;
    return call.composer.slice(
      x,
      start,
      x.shape.map((_, each) => (each === axis ? size : undefined)),
    );
  });
}

function unstack(call: FunctionCall): Symbolic[] {
  const x = call.tensor("x");
  const axis = call.axis("axis", x.shape.length, 0);
  const [size] = fixed([x.shape[axis]]);
  const ones = Array.from({ length: size! }, () => 1);
  return pieces(call, x, axis, ones).map((piece) => call.composer.squeeze(piece, axis));
}

/** `tf.split`: the number of equal parts, or the size of each. */
const splitBySizes: EmitFunction = (call) => {
  const x = call.tensor("x");
  const axis = call.axis("axis", x.shape.length, 0);
  const [size] = fixed([x.shape[axis]]);
  const given = call.ints("sizes") ?? [];
  const isCount = !Array.isArray(call.value("sizes"));
  const sizes = isCount ? Array.from({ length: given[0]! }, () => size! / given[0]!) : given;
  const rest = size! - sizes.reduce((sum, each) => sum + Math.max(each, 0), 0);
  return pieces(call, x, axis, whole(sizes.map((each) => (each < 0 ? rest : each))));
};

/** `keras.ops.split`: the number of equal parts, or where to cut. */
const splitByIndices: EmitFunction = (call) => {
  const x = call.tensor("x");
  const axis = call.axis("axis", x.shape.length, 0);
  const [size] = fixed([x.shape[axis]]);
  const given = call.ints("indices_or_sections") ?? [];
  if (!Array.isArray(call.value("indices_or_sections"))) {
    return pieces(call, x, axis, whole(Array.from({ length: given[0]! }, () => size! / given[0]!)));
  }
  const bounds = [0, ...given.map((each) => (each < 0 ? each + size! : Math.min(each, size!))), size!];
  return pieces(call, x, axis, whole(bounds.slice(1).map((bound, index) => bound - bounds[index]!)));
};

function whole(sizes: readonly number[]): readonly number[] {
  if (sizes.every((size) => Number.isInteger(size) && size >= 0) && sizes.length > 0) return sizes;
  throw new Untranslatable("a split into parts of such sizes");
}

const squeeze: EmitFunction = (call) => {
  const x = call.tensor("x");
  const ones = x.shape.flatMap((size, axis) => (size === 1 ? [axis] : []));
  const axes = call.has("axis") ? call.axes("axis", x) : ones;
  return axes.toReversed().reduce((squeezed, axis) => call.composer.squeeze(squeezed, axis), x);
};

const expandDims: EmitFunction = (call) => {
  const x = call.tensor("x");
  const given = call.ints("axis") ?? [];
  const rank = x.shape.length + given.length;
  const axes = given.map((axis) => countedAxis(axis, rank)).toSorted((a, b) => a - b);
  return axes.reduce((expanded, axis) => call.composer.expand(expanded, axis), x);
};

const tile: EmitFunction = (call) => {
  const given = call.tensor("x");
  const repeats = call.ints("repeats") ?? [];
  let x = given;
  while (x.shape.length < repeats.length) x = call.composer.expand(x, 0);
  const before = Array.from({ length: x.shape.length - repeats.length }, () => 1);
  return call.composer.tile(x, [...before, ...repeats]);
};

const repeat: EmitFunction = (call) => {
  const { composer } = call;
  const x = call.tensor("x");
  const [count, ...others] = call.ints("repeats") ?? [];
  if (count === undefined || others.length > 0 || !call.has("axis")) throw new Untranslatable("repeats");
  const axis = call.axis("axis", x.shape.length);
  const wide = composer.expand(x, axis + 1);
  const repeated = composer.tile(
    wide,
    wide.shape.map((_, each) => (each === axis + 1 ? count : 1)),
  );
  const target = x.shape.map((size, each) =>
    each === axis ? (size === undefined ? "rest" : size * count) : (size ?? { of: x, axis: each }),
  );
  return composer.reshape(repeated, target);
};

const flip: EmitFunction = (call) => {
  const x = call.tensor("x");
  return call.composer.op("ReverseV2", [x, call.composer.ints(call.axes("axis", x))], { shape: x.shape });
};

const roll: EmitFunction = (call) => {
  const x = call.tensor("x");
  const [shift, axis] = [call.ints("shift"), call.ints("axis")];
  if (shift === undefined || axis === undefined) throw new Untranslatable("roll without an axis");
  const axes = axis.map((each) => countedAxis(each, x.shape.length));
  return call.composer.op("Roll", [x, call.composer.ints(shift), call.composer.ints(axes)], { shape: x.shape });
};

const pad: EmitFunction = (call) => {
  const { composer } = call;
  const x = call.tensor("x");
  const mode = call.string("mode", "constant").toLowerCase();
  const given = call.value("pad_width");
  const isPair = (each: unknown): each is [number, number] =>
    Array.isArray(each) && each.length === 2 && each.every(Number.isSafeInteger);
  const sides = typeof given === "number" ? x.shape.map((): [number, number] => [given, given]) : given;
  if (!Array.isArray(sides) || !sides.every(isPair) || sides.length !== x.shape.length) {
    throw new Untranslatable("paddings that are not known before the run");
  }
  if (mode === "constant") return composer.pad(x, sides, call.number("constant_values", 0));
  if (mode !== "reflect" && mode !== "symmetric") throw new Untranslatable(`mode ${mode}`);
  const shape = x.shape.map((size, axis) =>
    size === undefined ? undefined : size + sides[axis]![0] + sides[axis]![1],
  );
  const paddings = composer.ints(sides.flat(), [sides.length, 2]);
  return composer.op("MirrorPad", [x, paddings], { shape }, { mode: attrs.string(mode.toUpperCase()) });
};

const broadcastTo: EmitFunction = (call) => {
  const x = call.tensor("x");
  const { sizes, tensor } = shapeArgument(call, "shape");
  if (sizes === undefined || sizes.includes(-1)) throw new Untranslatable("a shape of unknown sizes");
  return call.composer.op("BroadcastTo", [x, tensor], { shape: sizes }, { Tidx: { type: "DT_INT32" } });
};

/** zeros, ones, full: a tensor of one value. */
function constant(value?: number): EmitFunction {
  return (call) => {
    const { composer } = call;
    const { sizes, tensor } = shapeArgument(call, "shape");
    if (sizes === undefined || sizes.includes(-1)) throw new Untranslatable("a shape of unknown sizes");
    const dtype = call.has("dtype") ? dtypeOf(call.value("dtype")) : undefined;
    const fill = value === undefined ? call.tensor("fill_value", dtype) : undefined;
    const element = fill ?? composer.literal([value!], [], dtype ?? "float32");
    return composer.op(
      "Fill",
      [tensor, element],
      { shape: sizes, dtype: element.dtype },
      { T: { type: typeOf(element.dtype) } },
    );
  };
}

const shapeOf: EmitFunction = (call) => call.composer.shapeOf(call.tensor("x"));

const ravel: EmitFunction = (call) => call.composer.reshape(call.tensor("x"), ["rest"]);

/** `tf.slice`. */
const slice: EmitFunction = (call) => {
  const { composer } = call;
  const x = call.tensor("x");
  const isKnown = [call.value("begin"), call.value("size")].every(
    (value) => Array.isArray(value) && value.every((each) => typeof each === "number"),
  );
  if (isKnown) {
    const sizes = call.ints("size")!;
    return composer.slice(
      x,
      call.ints("begin")!,
      sizes.map((size) => (size < 0 ? undefined : size)),
    );
  }
  const size = shapeArgument(call, "size");
  const begin = shapeArgument(call, "begin");
  const shape = x.shape.map((_, axis) => (size.sizes?.[axis] === -1 ? undefined : size.sizes?.[axis]));
  return composer.op("Slice", [x, begin.tensor, size.tensor], { shape });
};

/** @param axis along which tensors of rank 2 or more are joined; vectors along the first that they have. */
function join(axis: number): EmitFunction {
  return (call) => {
    const parts = call.tensors("xs");
    return call.composer.concat(parts, parts[0]!.shape.length === 1 && axis === 1 ? 0 : axis);
  };
}

/** `keras.ops.slice`: starts and sizes. */
const sliceOfKeras: EmitFunction = (call) => {
  const [begin, sizes] = [call.ints("start_indices"), call.ints("shape")];
  if (begin === undefined || sizes === undefined) throw new Untranslatable("a slice that is computed");
  return call.composer.slice(call.tensor("x"), begin, sizes);
};

/** Functions that move elements. */
export const SHAPES: readonly (readonly [name: string, KerasFunction])[] = [
  ["reshape", define("x shape", reshape)],
  ["transpose", define("x axes conjugate", transpose)],
  ["swapaxes", define("x axis1 axis2", swapAxes)],
  ["moveaxis", define("x source destination", moveAxis)],
  ["concatenate", define("xs axis", concatenate)],
  ["stack", define("xs axis", stackAll)],
  ["unstack", define("x num axis", unstack)],
  ["split", define("x indices_or_sections axis", splitByIndices)],
  ["split_by_sizes", define("x sizes axis", splitBySizes)],
  ["squeeze", define("x axis", squeeze)],
  ["expand_dims", define("x axis", expandDims)],
  ["tile", define("x repeats", tile)],
  ["repeat", define("x repeats axis", repeat)],
  ["flip", define("x axis", flip)],
  ["roll", define("x shift axis", roll)],
  ["pad", define("x pad_width mode constant_values", pad)],
  ["broadcast_to", define("x shape", broadcastTo)],
  ["zeros", define("shape dtype", constant(0))],
  ["ones", define("shape dtype", constant(1))],
  ["full", define("shape fill_value dtype", constant())],
  ["shape", define("x", shapeOf)],
  ["ravel", define("x", ravel)],
  ["hstack", define("xs", join(1))],
  ["vstack", define("xs", join(0))],
  ["slice_keras", define("x start_indices shape", sliceOfKeras)],
  ["slice", define("x begin size", slice)],
];
