import { asJsonObject, asText } from "../../artifacts.js";
import { elementCountOf } from "../../../protocol/tensors.js";
import { broadcastShape } from "../../constant-expression.js";
import type { NodeCall } from "../node-call.js";
import { concatenatedShape, openShape, squeezedShape } from "../shapes.js";
import { integerList, literal, type Value } from "../value.js";
import { sliceBounds, stridedBounds, type SliceBounds } from "./slice-bounds.js";

/** A constant of whole numbers. */
interface Integers {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** Computes from numbers that are known before the model runs. `undefined` where it doesn't cover what the node asks for. */
type Fold = (
  call: NodeCall,
  inputs: readonly Integers[],
) => Integers | { readonly all: readonly Integers[] } | undefined;

/** More than this is left to the model. */
const MAX_VALUES = 65_536;

const binary =
  (compute: (a: number, b: number) => number): Fold =>
  (_, [a, b]) => {
    const shape = a && b && broadcastShape(a.shape, b.shape);
    if (a === undefined || b === undefined || shape === undefined || elementCountOf(shape) > MAX_VALUES)
      return undefined;
    const [left, right] = [stretched(a, shape), stretched(b, shape)];
    return { shape, values: left.map((value, index) => compute(value, right[index]!) | 0) };
  };

const unary =
  (compute: (a: number) => number): Fold =>
  (_, [a]) =>
    a && { shape: a.shape, values: a.values.map((value) => compute(value) | 0) };

/** By op. What shapes are computed with, and a little more. */
const FOLDS: Readonly<Record<string, Fold>> = {
  Add: binary((a, b) => a + b),
  AddV2: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary(Math.imul),
  _IntegerMul: binary(Math.imul),
  FloorDiv: binary((a, b) => Math.floor(a / b)),
  FloorMod: binary((a, b) => a - b * Math.floor(a / b)),
  Maximum: binary(Math.max),
  Minimum: binary(Math.min),
  Neg: unary((a) => -a),
  Abs: unary(Math.abs),
  Square: unary((a) => Math.imul(a, a)),
  Cast: (call, [a]) =>
    /INT(32|64)$/.test(asText(asJsonObject(call.node.attr.DstT).type)) && a !== undefined ? a : undefined,
  Reshape: (call, [a]) => a && { shape: openShape(call, a.shape, call.integers(1, "a shape")), values: a.values },
  ExpandDims: (call, [a, axis]) => {
    if (a === undefined || axis === undefined) return undefined;
    const place = call.axisOf(axis.values[0] ?? 0, a.shape.length + 1);
    return { shape: a.shape.toSpliced(place, 0, 1), values: a.values };
  },
  Squeeze: (call, [a]) => a && { shape: squeezedShape(call, a.shape), values: a.values },
  StridedSlice: (call, [a]) => a && sliced(a, stridedBounds(call)),
  Slice: (call, [a]) => a && sliced(a, sliceBounds(call)),
  Pack: (call, parts) => joined(call, parts.map(widened(call.attrInteger("axis", 0))), call.attrInteger("axis", 0)),
  ConcatV2: (call, inputs) => joined(call, inputs.slice(0, -1), inputs.at(-1)?.values[0] ?? 0),
  GatherV2: (call, [a, indices, axis]) => {
    const isPlain = a?.shape.length === 1 && call.attrInteger("batch_dims", 0) === 0 && (axis?.values[0] ?? 0) === 0;
    if (!isPlain || indices === undefined) return undefined;
    return { shape: indices.shape, values: indices.values.map((index) => a.values[index] ?? 0) };
  },
  Prod: (call, [a]) => reduced(call, a, (sum, value) => Math.imul(sum, value), 1),
  Sum: (call, [a]) => reduced(call, a, (sum, value) => (sum + value) | 0, 0),
  Range: (_, [start, limit, delta]) => {
    const [first, end, step] = [start, limit, delta].map((each) => each?.values[0] ?? NaN);
    const count = Math.ceil((end! - first!) / step!);
    if (!(count >= 0 && count <= MAX_VALUES)) return undefined;
    return { shape: [count], values: Array.from({ length: count }, (_each, index) => first! + index * step!) };
  },
  Fill: (_, [dims, value]) => {
    if (dims === undefined || value === undefined || elementCountOf(dims.values) > MAX_VALUES) return undefined;
    return { shape: dims.values, values: Array.from({ length: elementCountOf(dims.values) }, () => value.values[0]!) };
  },
  Unpack: (_, [a]) => {
    if (a?.shape.length !== 1) return undefined;
    return { all: a.values.map((value) => ({ shape: [], values: [value] })) };
  },
};

/** Ops that are computed from shapes alone. */
const OF_SHAPES: Readonly<Record<string, (call: NodeCall) => readonly Value[]>> = {
  Shape: ({ inputs }) => [integerList(inputs[0]?.shape ?? [])],
  ShapeN: ({ inputs }) => inputs.map(({ shape }) => integerList(shape)),
  Rank: ({ inputs }) => [literal("int32", [], [inputs[0]?.shape.length ?? 0])],
  Size: ({ inputs }) => [literal("int32", [], [elementCountOf(inputs[0]?.shape ?? [])])],
};

/** Whether an op is computed where its inputs are known. */
export function isFoldable(op: string): boolean {
  return Object.hasOwn(OF_SHAPES, op) || Object.hasOwn(FOLDS, op);
}

/**
 * Compute what depends on nothing but the sizes of the inputs and on constants of whole numbers: the shapes and bounds that graphs work out
 * while they run. `undefined` for all other nodes.
 * @throws ShardError "model-unsupported"
 */
export function foldNode(call: NodeCall): readonly Value[] | undefined {
  const { op } = call.node;
  if (Object.hasOwn(OF_SHAPES, op)) return OF_SHAPES[op]!(call);
  if (!Object.hasOwn(FOLDS, op)) return undefined;
  const inputs: Integers[] = [];
  for (const value of call.inputs) {
    const values = value.element === "int32" ? call.integersOf(value) : undefined;
    if (values === undefined) return undefined;
    inputs.push({ shape: value.shape, values });
  }
  const result = FOLDS[op]!(call, inputs);
  if (result === undefined) return undefined;
  const results = "all" in result ? result.all : [result];
  return results.map(({ shape, values }) => literal("int32", shape, values));
}

function stretched({ shape, values }: Integers, target: readonly number[]): number[] {
  const missing = target.length - shape.length;
  return Array.from({ length: elementCountOf(target) }, (_, index) => {
    let [rest, place, stride] = [index, 0, 1];
    for (let axis = target.length - 1; axis >= 0; axis--) {
      const size = shape[axis - missing] ?? 1;
      place += (size === 1 ? 0 : rest % target[axis]!) * stride;
      rest = Math.floor(rest / target[axis]!);
      stride *= size;
    }
    return values[place]!;
  });
}

function sliced({ shape, values }: Integers, { begin, strides, sizes, shape: result }: SliceBounds): Integers {
  const picked = Array.from({ length: elementCountOf(sizes) }, (_, index) => {
    let [rest, place, stride] = [index, 0, 1];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place += (begin[axis]! + (rest % sizes[axis]!) * strides[axis]!) * stride;
      rest = Math.floor(rest / sizes[axis]!);
      stride *= shape[axis]!;
    }
    return values[place]!;
  });
  return { shape: result, values: picked };
}

const widened =
  (axis: number) =>
  ({ shape, values }: Integers): Integers => ({
    shape: shape.toSpliced(axis < 0 ? axis + shape.length + 1 : axis, 0, 1),
    values,
  });

function joined(call: NodeCall, parts: readonly Integers[], given: number): Integers | undefined {
  if (parts.reduce((sum, { values }) => sum + values.length, 0) > MAX_VALUES) return undefined;
  const rank = parts[0]?.shape.length ?? 0;
  const axis = call.axisOf(given, rank);
  const shape = concatenatedShape(
    call,
    parts.map((part) => part.shape),
    axis,
  );
  const blockCount = elementCountOf(shape.slice(0, axis));
  const values = Array.from({ length: blockCount }, (_, block) =>
    parts.flatMap((part) => {
      const size = part.values.length / blockCount;
      return part.values.slice(block * size, (block + 1) * size);
    }),
  );
  return { shape, values: values.flat() };
}

/** Over a list only: shapes are lists. */
function reduced(
  call: NodeCall,
  a: Integers | undefined,
  combine: (sum: number, value: number) => number,
  first: number,
): Integers | undefined {
  if (a?.shape.length !== 1) return undefined;
  if (call.integers(1, "an axis").length === 0) return a;
  return { shape: call.attrFlag("keep_dims") ? [1] : [], values: [a.values.reduce(combine, first)] };
}
