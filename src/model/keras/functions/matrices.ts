import type { Composer } from "../composer.js";
import { attrs, type Symbolic, Untranslatable } from "../emitter.js";
import {
  cast,
  countedAxis,
  define,
  type EmitFunction,
  fixed,
  type FunctionCall,
  type KerasFunction,
} from "./function-call.js";

/** Keep the entries of the last two axes for which `keeps(row, column)` holds; the others become 0. */
function masked(keeps: (row: number, column: number, k: number) => boolean): EmitFunction {
  return (call) => {
    const { composer } = call;
    const x = call.tensor("x");
    const [rows, columns] = fixed(x.shape.slice(-2)) as [number, number];
    const k = call.number("k", 0);
    const kept = Array.from({ length: rows * columns }, (_, index) =>
      Number(keeps(Math.floor(index / columns), index % columns, k)),
    );
    const mask = composer.literal(kept, [rows, columns], "bool");
    return composer.select(mask, x, composer.unary("ZerosLike", x));
  };
}

/** The diagonals of the matrices that two axes make; they come last. */
function diagonalOf(call: FunctionCall): Symbolic {
  const { composer } = call;
  const x = call.tensor("x");
  const rank = x.shape.length;
  const pair = [call.axis("axis1", rank, 0), call.axis("axis2", rank, 1)] as const;
  const others = x.shape.flatMap((_, axis) => (pair.includes(axis) ? [] : [axis]));
  const moved = composer.transpose(x, [...others, ...pair]);
  const [rows, columns] = fixed(moved.shape.slice(-2)) as [number, number];
  const offset = call.number("offset", 0);
  const places = Array.from({ length: rows }, (_, row) => [row, row + offset] as const)
    .filter(([, column]) => column >= 0 && column < columns)
    .map(([row, column]) => row * columns + column);
  if (places.length === 0) throw new Untranslatable("an empty diagonal");
  const sizes = others.map((_, axis) => moved.shape[axis] ?? { of: moved, axis });
  const flat = composer.reshape(moved, [...sizes, rows * columns]);
  return composer.gather(flat, composer.ints(places), others.length);
}

const trace: EmitFunction = (call) => {
  const diagonal = diagonalOf(call);
  return call.composer.reduce("Sum", diagonal, [diagonal.shape.length - 1]);
};

const rotate: EmitFunction = (call) => {
  const { composer } = call;
  const x = call.tensor("x");
  const [first, second] = (call.ints("axes") ?? [0, 1]).map((axis) => countedAxis(axis, x.shape.length)) as [
    number,
    number,
  ];
  const flip = (given: Symbolic, axis: number): Symbolic =>
    composer.op("ReverseV2", [given, composer.ints([axis])], { shape: given.shape });
  const swap = x.shape.map((_, axis) => (axis === first ? second : axis === second ? first : axis));
  switch (((call.number("k", 1) % 4) + 4) % 4) {
    case 1:
      return composer.transpose(flip(x, second), swap);
    case 2:
      return flip(flip(x, first), second);
    case 3:
      return flip(composer.transpose(x, swap), second);
    default:
      return x;
  }
};

const cross: EmitFunction = (call) => {
  const { composer } = call;
  call.refuse("axis");
  if ([call.number("axisa", -1), call.number("axisb", -1), call.number("axisc", -1)].some((axis) => axis !== -1))
    throw new Untranslatable("axes of a cross product other than the last");
  const [a, b] = [call.tensor("x1"), call.tensor("x2")];
  if (a.shape.at(-1) !== 3 || b.shape.at(-1) !== 3)
    throw new Untranslatable("a cross product of other vectors than three numbers");
  const turned = (x: Symbolic, order: readonly number[]): Symbolic =>
    composer.gather(x, composer.ints(order), x.shape.length - 1);
  const [forth, back] = [
    [1, 2, 0],
    [2, 0, 1],
  ];
  return composer.sub(composer.mul(turned(a, forth), turned(b, back)), composer.mul(turned(a, back), turned(b, forth)));
};

/** `tf.linalg.band_part`. */
const band: EmitFunction = (call) => {
  const { composer } = call;
  const x = call.tensor("x");
  const bounds = [composer.ints([call.number("num_lower")], []), composer.ints([call.number("num_upper")], [])];
  return composer.op("MatrixBandPart", [x, ...bounds], { shape: x.shape }, { Tindex: { type: "DT_INT32" } });
};

/** Attention with several heads: `query` [batch, T, heads, size], `key` and `value` [batch, S, heads, size]. */
const dotProductAttention: EmitFunction = (call) => {
  const { composer } = call;
  call.refuse("flash_attention", "attn_logits_soft_cap");
  const [query, key, value] = ["query", "key", "value"].map((name) => {
    const x = cast(composer, call.tensor(name), "float32");
    // [batch, heads, steps, size]
    return composer.transpose(x, [0, 2, 1, 3]);
  }) as [Symbolic, Symbolic, Symbolic];
  if (query.shape[1] !== key.shape[1] && key.shape[1] !== 1) throw new Untranslatable("heads that are shared");
  const [size] = fixed([query.shape[3]]);
  const scale = composer.scalar(call.number("scale", 1 / Math.sqrt(size!)));
  let logits = composer.mul(composer.matmul(query, key, { adjointB: true }), scale);
  if (call.has("bias")) logits = composer.add(logits, cast(composer, call.tensor("bias"), "float32"));
  const lowest = composer.scalar(-0.7 * 3.4028235e38);
  const mask = (kept: Symbolic): void => {
    const others = composer.op("Fill", [composer.shapeOf(logits), lowest], { shape: logits.shape });
    logits = composer.select(kept, logits, others);
  };
  if (call.boolean("is_causal", false)) {
    const [rows, columns] = fixed(logits.shape.slice(-2)) as [number, number];
    const kept = Array.from({ length: rows * columns }, (_, index) =>
      Number(index % columns <= Math.floor(index / columns)),
    );
    mask(composer.literal(kept, [rows, columns], "bool"));
  }
  if (call.has("mask")) mask(cast(composer, call.tensor("mask"), "bool"));
  const weights = composer.unary("Softmax", logits);
  return composer.transpose(composer.matmul(weights, value), [0, 2, 1, 3]);
};

/** The mean and deviation along the last axes are taken out. Without `rms`, the mean too. */
function scaled(call: FunctionCall, isRms: boolean): Symbolic {
  const { composer } = call;
  if (call.has("rms_scaling") && call.value("rms_scaling") === true) throw new Untranslatable("rms_scaling");
  const x = cast(composer, call.tensor("x"), "float32");
  const axes = (call.ints("axis") ?? [-1]).map((axis) => countedAxis(axis, x.shape.length)).toSorted((a, b) => a - b);
  const epsilon = composer.scalar(call.number("epsilon", 1e-7));
  const centred = isRms ? x : composer.sub(x, composer.reduce("Mean", x, axes, true));
  const variance = composer.reduce("Mean", composer.unary("Square", centred), axes, true);
  let result = composer.mul(centred, composer.unary("Rsqrt", composer.add(variance, epsilon)));
  for (const [name, combine] of [
    ["scale", composer.mul],
    ["gamma", composer.mul],
    ["beta", composer.add],
  ] as const) {
    if (!call.has(name)) continue;
    if (axes.length !== 1 || axes[0] !== x.shape.length - 1)
      throw new Untranslatable(`${name} along other axes than the last`);
    result = combine(result, cast(composer, call.tensor(name), "float32"));
  }
  return result;
}

function stepsBetween(composer: Composer, x: Symbolic, axis: number): Symbolic {
  const [size] = fixed([x.shape[axis]]);
  const from = (begin: number): Symbolic =>
    composer.slice(
      x,
      x.shape.map((_, each) => (each === axis ? begin : 0)),
      x.shape.map((_, each) => (each === axis ? size! - 1 : undefined)),
    );
  return composer.sub(from(1), from(0));
}

const difference: EmitFunction = (call) => {
  const x = call.tensor("x");
  const axis = call.axis("axis", x.shape.length, -1);
  return Array.from({ length: call.number("n", 1) }).reduce<Symbolic>(
    (each) => stepsBetween(call.composer, each, axis),
    x,
  );
};

/** The middle of the sorted elements, or the mean of the two in the middle. */
const median: EmitFunction = (call) => {
  const { composer } = call;
  const given = cast(composer, call.tensor("x"), "float32");
  const axes = call.ints("axis");
  if (axes === undefined || axes.length !== 1) throw new Untranslatable("a median over several axes");
  const axis = countedAxis(axes[0]!, given.shape.length);
  const last = given.shape.length - 1;
  const swap = given.shape.map((_, each) => (each === axis ? last : each === last ? axis : each));
  const x = composer.transpose(given, swap);
  const [size] = fixed([x.shape[last]]);
  const sorted = composer.op(
    "TopKV2",
    [x, composer.ints([size!], [])],
    { shape: x.shape },
    { sorted: attrs.bool(true) },
  );
  const middle = [Math.floor((size! - 1) / 2), Math.ceil((size! - 1) / 2)];
  const pair = composer.gather(sorted, composer.ints(middle), last);
  const result = composer.transpose(composer.reduce("Mean", pair, [last], true), swap);
  return call.boolean("keepdims", false) ? result : composer.squeeze(result, axis);
};

/** Functions of matrices and of neighbours along an axis. */
export const MATRICES: readonly (readonly [name: string, KerasFunction])[] = [
  [
    "tril",
    define(
      "x k",
      masked((row, column, k) => column - row <= k),
    ),
  ],
  [
    "triu",
    define(
      "x k",
      masked((row, column, k) => column - row >= k),
    ),
  ],
  ["diagonal", define("x offset axis1 axis2", diagonalOf)],
  ["trace", define("x offset axis1 axis2", trace)],
  ["rot90", define("x k axes", rotate)],
  ["cross", define("x1 x2 axis", cross)],
  ["band_part", define("x num_lower num_upper", band)],
  ["dot_product_attention", define("query key value", dotProductAttention)],
  ["rms_normalization", define("x scale axis epsilon", (call) => scaled(call, true))],
  ["layer_normalization", define("x gamma beta axis epsilon", (call) => scaled(call, false))],
  ["diff", define("x n axis", difference)],
  ["median", define("x axis keepdims", median)],
];
