import { attrs, type Emitter, FLOAT, requireFloat, type Symbolic, Untranslatable } from "./emitter.js";
import { show } from "../malformed.js";
import type { EmitLayer } from "./convolutions.js";
import type { LayerConfig } from "./layer-config.js";

type Size = number | undefined;

/** Add, Multiply, Maximum, Minimum, Subtract. Inputs are merged pair by pair, as in TF.js's layers. */
export function emitPairwise(op: "AddV2" | "Mul" | "Maximum" | "Minimum" | "Sub"): EmitLayer {
  return (emitter, _, inputs, name) => chain(emitter, name, inputs, op);
}

export const emitAverage: EmitLayer = (emitter, _, inputs, name) => {
  inputs.forEach(requireFloat);
  const sum = chain(emitter, `${name}/sum`, inputs, "AddV2");
  const scale = emitter.float32(`${name}/scale`, [1 / inputs.length], []);
  return { ...sum, reference: emitter.node(name, "Mul", [scale, sum.reference], FLOAT) };
};

function chain(emitter: Emitter, name: string, inputs: readonly Symbolic[], op: string): Symbolic {
  if (inputs.length < 2) throw new Untranslatable("a merge of a single input");
  if (new Set(inputs.map(({ dtype }) => dtype)).size > 1) throw new Untranslatable("a merge of several dtypes");
  const rank = Math.max(...inputs.map(({ shape }) => shape.length));
  const [first, ...others] = inputs.map((input, index) => widen(emitter, `${name}/input_${index}`, input, rank));
  let merged = first!;
  for (const [index, other] of others.entries()) {
    const last = index === others.length - 1 ? name : `${name}/${op}_${index}`;
    const reference = emitter.node(last, op, [merged.reference, other.reference], FLOAT);
    merged = { ...merged, reference, shape: stretch(merged.shape, other.shape) };
  }
  return merged;
}

/** Add axes of size 1 right after the batch, where Keras adds them, until the rank is `rank`. */
function widen(emitter: Emitter, name: string, x: Symbolic, rank: number): Symbolic {
  let wide = x;
  for (let count = x.shape.length; count < rank; count++) {
    const axis = emitter.int32(`${name}/axis_${count}`, [1], []);
    const reference = emitter.node(`${name}/wide_${count}`, "ExpandDims", [wide.reference, axis], FLOAT);
    wide = { ...wide, reference, shape: [wide.shape[0], 1, ...wide.shape.slice(1)] };
  }
  return wide;
}

function stretch(a: readonly Size[], b: readonly Size[]): Size[] {
  return a.map((size, axis) => {
    const other = b[axis];
    if (axis === 0 || other === 1 || size === other) return size;
    if (size === 1) return other;
    if (size === undefined || other === undefined) return undefined;
    throw new Untranslatable(`a merge of ${size} with ${other} along axis ${axis}`);
  });
}

export const emitConcatenate: EmitLayer = (emitter, layer, inputs, name) => {
  const [first] = inputs;
  const rank = first!.shape.length;
  const given = layer.number("axis", -1);
  // TF.js treats every negative axis as the last one.
  if (given < -1) throw new Untranslatable(`axis ${given}`);
  const axis = given < 0 ? rank - 1 : given;
  const isAlike = inputs.every(
    ({ shape, dtype }) =>
      dtype === first!.dtype &&
      shape.length === rank &&
      shape.every((size, each) => each === axis || size === first!.shape[each]),
  );
  if (inputs.length < 2 || !isAlike || !(Number.isInteger(axis) && axis > 0 && axis < rank)) {
    throw new Untranslatable("a concatenation of different shapes");
  }
  const sizes = inputs.map(({ shape }) => shape[axis]);
  const size = sizes.reduce((sum, each) => (sum === undefined || each === undefined ? undefined : sum + each), 0);
  const references = [...inputs.map(({ reference }) => reference), emitter.int32(`${name}/axis`, [axis], [])];
  const reference = emitter.node(name, "ConcatV2", references, { ...FLOAT, N: attrs.int(inputs.length) });
  return { ...first!, reference, shape: first!.shape.map((each, index) => (index === axis ? size : each)) };
};

/** Products of two tensors of rank 2 or 3 along one axis each. Those that are not matrix products are not translated. */
export const emitDot: EmitLayer = (emitter, layer, inputs, name) => {
  const [x, y] = inputs;
  if (x === undefined || y === undefined || inputs.length !== 2) throw new Untranslatable(`${inputs.length} inputs`);
  const rank = requireFloat(x).shape.length;
  if (requireFloat(y).shape.length !== rank || rank < 2 || rank > 3)
    throw new Untranslatable("inputs whose ranks differ, or are not 2 or 3");
  const axes = dotAxes(layer, rank);
  const isNormalised = layer.boolean("normalize", false);
  const [a, b] = [x, y].map((input, index) =>
    isNormalised ? normalise(emitter, `${name}/input_${index}`, input.reference, axes[index]!) : input.reference,
  ) as [string, string];
  if (rank === 2) {
    const product = emitter.node(`${name}/Mul`, "Mul", [a, b], FLOAT);
    const keep = { ...FLOAT, keep_dims: attrs.bool(true) };
    const reference = emitter.node(name, "Sum", [product, emitter.int32(`${name}/axes`, [1])], keep);
    return { ...x, reference, shape: [x.shape[0], 1] };
  }
  const attr = { ...FLOAT, adj_x: attrs.bool(axes[0] === 1), adj_y: attrs.bool(axes[1] === 2) };
  const reference = emitter.node(name, "BatchMatMulV2", [a, b], attr);
  return { ...x, reference, shape: [x.shape[0], x.shape[3 - axes[0]!], y.shape[3 - axes[1]!]] };
};

function dotAxes({ config }: LayerConfig, rank: number): number[] {
  const given: unknown[] = Array.isArray(config.axes) ? config.axes : [config.axes, config.axes];
  const axes = given.map((axis) => (Number(axis) < 0 ? Number(axis) + rank : Number(axis)));
  const isFitting = axes.length === 2 && axes.every((axis) => Number.isInteger(axis) && axis > 0 && axis < rank);
  if (!isFitting) throw new Untranslatable(`axes ${show(config.axes, 40)}`);
  return axes;
}

/** Divide by the length along an axis. As in TF.js, the squared length is at least 1e-7. */
function normalise(emitter: Emitter, name: string, x: string, axis: number): string {
  const keep = { ...FLOAT, keep_dims: attrs.bool(true) };
  const squared = emitter.node(`${name}/Square`, "Square", [x], FLOAT);
  const sum = emitter.node(`${name}/Sum`, "Sum", [squared, emitter.int32(`${name}/axis`, [axis])], keep);
  const bounded = emitter.node(
    `${name}/Maximum`,
    "Maximum",
    [sum, emitter.float32(`${name}/least`, [1e-7], [])],
    FLOAT,
  );
  const length = emitter.node(`${name}/Sqrt`, "Sqrt", [bounded], FLOAT);
  return emitter.node(`${name}/RealDiv`, "RealDiv", [x, length], FLOAT);
}
