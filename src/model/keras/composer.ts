import type { WeightRecipe } from "../../protocol/weight-recipe.js";
import type { JsonObject } from "../artifacts.js";
import { attrs, castAttrs, type Emitter, type Symbolic, typeOf, Untranslatable } from "./emitter.js";

export type Size = number | undefined;
type DType = Symbolic["dtype"];

/** Writes the nodes of one layer, keeping shapes and dtypes with them. Operations have TensorFlow's semantics. */
export class Composer {
  readonly emitter: Emitter;
  readonly name: string;
  readonly #made = new Set<string>();

  /** @param name of the layer's call; its nodes are named `name/Op`. */
  constructor(emitter: Emitter, name: string) {
    this.emitter = emitter;
    this.name = name;
  }

  /** Emit any op. `T` is the dtype of its first input. */
  op(
    op: string,
    inputs: readonly Symbolic[],
    result: Pick<Symbolic, "shape"> & { readonly dtype?: DType },
    attr: JsonObject = {},
  ): Symbolic {
    const dtype = result.dtype ?? inputs[0]?.dtype ?? "float32";
    const type = { T: { type: typeOf(inputs[0]?.dtype ?? dtype) } };
    const references = inputs.map(({ reference }) => reference);
    const reference = this.emitter.node(`${this.name}/${op}`, op, references, { ...type, ...attr });
    this.#made.add(reference);
    return { reference, shape: result.shape, dtype };
  }

  /** Give the node that was made last the layer's own name, if it makes `x` and was made here. */
  named(x: Symbolic): Symbolic {
    if (!this.#made.has(x.reference)) return x;
    return { ...x, reference: this.emitter.renameLast(x.reference, this.name) };
  }

  unary(op: string, x: Symbolic, attr: JsonObject = {}): Symbolic {
    return this.op(op, [x], { shape: x.shape }, attr);
  }

  /** An operation of two tensors that broadcast. */
  binary(op: string, a: Symbolic, b: Symbolic, dtype: DType = a.dtype): Symbolic {
    if (a.dtype !== b.dtype) throw new Untranslatable(`${op} of ${a.dtype} and ${b.dtype}`);
    return this.op(op, [a, b], { shape: broadcastSizes(a.shape, b.shape), dtype });
  }

  add = (a: Symbolic, b: Symbolic): Symbolic => this.binary("AddV2", a, b);
  sub = (a: Symbolic, b: Symbolic): Symbolic => this.binary("Sub", a, b);
  mul = (a: Symbolic, b: Symbolic): Symbolic => this.binary("Mul", a, b);
  div = (a: Symbolic, b: Symbolic): Symbolic => this.binary("RealDiv", a, b);

  /** @param op such as "Greater". */
  compare(op: string, a: Symbolic, b: Symbolic): Symbolic {
    return this.binary(op, a, b, "bool");
  }

  select(condition: Symbolic, a: Symbolic, b: Symbolic): Symbolic {
    const shape = broadcastSizes(condition.shape, broadcastSizes(a.shape, b.shape));
    return this.op("SelectV2", [condition, a, b], { shape, dtype: a.dtype }, { T: { type: typeOf(a.dtype) } });
  }

  scalar(value: number, dtype: "float32" | "int32" = "float32"): Symbolic {
    return this.literal([value], [], dtype);
  }

  literal(values: readonly number[], shape: readonly number[] = [values.length], dtype: DType = "float32"): Symbolic {
    if (dtype === "string") throw new Untranslatable("a constant of strings");
    return this.recipe("Const", {
      kind: "computed",
      shape,
      dtype,
      value: { op: "literal", tensor: { shape, values } },
    });
  }

  /** A constant with a stored or computed weight. @param suffix of its name. */
  recipe(suffix: string, recipe: WeightRecipe): Symbolic {
    const { shape, dtype } = recipe;
    if (dtype === "complex64") throw new Untranslatable("a complex weight");
    return { reference: this.emitter.constant(`${this.name}/${suffix}`, recipe), shape, dtype };
  }

  ints(values: readonly number[], shape: readonly number[] = [values.length]): Symbolic {
    return this.literal(values, shape, "int32");
  }

  cast(x: Symbolic, dtype: DType): Symbolic {
    if (x.dtype === dtype) return x;
    return this.op("Cast", [x], { shape: x.shape, dtype }, castAttrs(x.dtype, dtype));
  }

  transpose(x: Symbolic, permutation: readonly number[]): Symbolic {
    if (permutation.every((axis, index) => axis === index)) return x;
    const shape = permutation.map((axis) => x.shape[axis]);
    return this.op("Transpose", [x, this.ints(permutation)], { shape });
  }

  /** @param axes ≥ 0 */
  reduce(
    op: "Sum" | "Mean" | "Max" | "Min" | "Prod" | "Any" | "All",
    x: Symbolic,
    axes: readonly number[],
    keep = false,
  ): Symbolic {
    const shape = x.shape.flatMap((size, axis) => (axes.includes(axis) ? (keep ? [1] : []) : [size]));
    return this.op(op, [x, this.ints(axes)], { shape }, { keep_dims: attrs.bool(keep) });
  }

  expand(x: Symbolic, axis: number): Symbolic {
    const shape = [...x.shape.slice(0, axis), 1, ...x.shape.slice(axis)];
    return this.op("ExpandDims", [x, this.ints([axis], [])], { shape });
  }

  squeeze(x: Symbolic, axis: number): Symbolic {
    const shape = x.shape.filter((_, each) => each !== axis);
    return this.op("Squeeze", [x], { shape }, { squeeze_dims: attrs.ints([axis]) });
  }

  /** @param counts elements along each axis; `undefined`: all that follow. */
  slice(x: Symbolic, begin: readonly number[], counts: readonly Size[]): Symbolic {
    const shape = x.shape.map((size, axis) => counts[axis] ?? (size === undefined ? undefined : size - begin[axis]!));
    return this.op("Slice", [x, this.ints(begin), this.ints(counts.map((count) => count ?? -1))], { shape });
  }

  /** Take every `stride`-th of `count` elements along one axis. */
  stride(x: Symbolic, axis: number, begin: number, count: number, stride: number): Symbolic {
    const at = (value: number, other: number): Symbolic =>
      this.ints(x.shape.map((_, each) => (each === axis ? value : other)));
    const shape = x.shape.map((size, each) => (each === axis ? count : size));
    const others = x.shape.reduce<number>((mask, _, each) => (each === axis ? mask : mask | (1 << each)), 0);
    const masks = { begin_mask: attrs.int(others), end_mask: attrs.int(others) };
    const none = { ellipsis_mask: attrs.int(0), new_axis_mask: attrs.int(0), shrink_axis_mask: attrs.int(0) };
    const bounds = [at(begin, 0), at(begin + (count - 1) * stride + 1, 0), at(stride, 1)];
    return this.op("StridedSlice", [x, ...bounds], { shape }, { ...masks, ...none });
  }

  /** @param sides elements before and after, for each axis. */
  pad(x: Symbolic, sides: readonly (readonly [number, number])[], value = 0): Symbolic {
    if (sides.every(([before, after]) => before === 0 && after === 0)) return x;
    const paddings = this.ints(sides.flat(), [sides.length, 2]);
    const shape = x.shape.map((size, axis) =>
      size === undefined ? undefined : size + sides[axis]![0] + sides[axis]![1],
    );
    if (value === 0) return this.op("Pad", [x, paddings], { shape });
    return this.op("PadV2", [x, paddings, this.scalar(value, x.dtype === "int32" ? "int32" : "float32")], { shape });
  }

  concat(parts: readonly Symbolic[], axis: number): Symbolic {
    if (parts.length === 1) return parts[0]!;
    const sizes = parts.map(({ shape }) => shape[axis]);
    const size = sizes.reduce((sum, each) => (sum === undefined || each === undefined ? undefined : sum + each), 0);
    const shape = parts[0]!.shape.map((each, index) => (index === axis ? size : each));
    return this.op("ConcatV2", [...parts, this.ints([axis], [])], { shape }, { N: attrs.int(parts.length) });
  }

  tile(x: Symbolic, multiples: readonly number[]): Symbolic {
    if (multiples.every((each) => each === 1)) return x;
    const shape = x.shape.map((size, axis) => (size === undefined ? undefined : size * multiples[axis]!));
    return this.op("Tile", [x, this.ints(multiples)], { shape });
  }

  gather(x: Symbolic, indices: Symbolic, axis: number): Symbolic {
    const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
    const attr = { Tparams: { type: typeOf(x.dtype) }, batch_dims: attrs.int(0) };
    return this.op("GatherV2", [x, indices, this.ints([axis], [])], { shape }, attr);
  }

  /** Multiply the matrices in the last two axes; the axes before broadcast. */
  matmul(a: Symbolic, b: Symbolic, { adjointA = false, adjointB = false } = {}): Symbolic {
    const rows = a.shape.at(adjointA ? -1 : -2);
    const columns = b.shape.at(adjointB ? -2 : -1);
    const shape = [...broadcastSizes(a.shape.slice(0, -2), b.shape.slice(0, -2)), rows, columns];
    const attr = { adj_x: attrs.bool(adjointA), adj_y: attrs.bool(adjointB) };
    return this.op("BatchMatMulV2", [a, b], { shape }, attr);
  }

  /** @param equation of two operands, such as `bij,bjk->bik`. */
  einsum(equation: string, a: Symbolic, b: Symbolic): Symbolic {
    const [operands, output] = equation.split("->") as [string, string];
    const labels = operands.split(",");
    const sizes = new Map<string, Size>();
    [a, b].forEach(({ shape }, index) =>
      shape.forEach((size, axis) => {
        const label = labels[index]![axis]!;
        sizes.set(label, sizes.get(label) ?? size);
      }),
    );
    const shape = output.split("").map((label) => sizes.get(label));
    return this.op("Einsum", [a, b], { shape }, { equation: attrs.string(equation), N: attrs.int(2) });
  }

  /** The sizes of `x` during the run, as a tensor of rank 1. */
  shapeOf(x: Symbolic): Symbolic {
    return this.op("Shape", [x], { shape: [x.shape.length], dtype: "int32" }, { out_type: { type: "DT_INT32" } });
  }

  /**
   * Reshape.
   * @param sizes whole numbers, "rest" for at most one axis that takes what is left, or the size of an axis of a tensor.
   */
  reshape(x: Symbolic, sizes: readonly (number | "rest" | AxisOf)[]): Symbolic {
    const known = sizes.map((size) => (typeof size === "object" ? size.of.shape[size.axis] : size));
    const open = known.filter((size) => size === undefined || size === "rest").length;
    const total = product(x.shape);
    const fixed = product(known.map((size) => (typeof size === "number" ? size : 1)));
    const rest = total !== undefined && fixed !== undefined && open === 1 ? total / fixed : undefined;
    const shape = known.map((size) => (size === "rest" ? rest : size));
    if (fixed === 0) throw new Untranslatable("an empty tensor");
    if (open <= 1) {
      const target = this.ints(known.map((size) => (typeof size === "number" ? size : -1)));
      return this.op("Reshape", [x, target], { shape });
    }
    const parts = sizes.map((size, index): Symbolic => {
      const value = known[index];
      if (typeof value === "number") return this.ints([value]);
      if (typeof size !== "object") return this.ints([-1]);
      return this.slice(this.shapeOf(size.of), [size.axis], [1]);
    });
    return this.op("Reshape", [x, this.concat(parts, 0)], { shape });
  }
}

/** The size that a tensor has along an axis during the run. */
export interface AxisOf {
  readonly of: Symbolic;
  readonly axis: number;
}

function product(sizes: readonly Size[]): Size {
  return sizes.reduce((total, size) => (total === undefined || size === undefined ? undefined : total * size), 1);
}

/** The shape that two shapes broadcast to. @throws Untranslatable if they don't. */
export function broadcastSizes(a: readonly Size[], b: readonly Size[]): Size[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, index) => {
    const sizeA = index < rank - a.length ? 1 : a[index - rank + a.length];
    const sizeB = index < rank - b.length ? 1 : b[index - rank + b.length];
    if (sizeA === 1) return sizeB;
    if (sizeB === 1 || sizeA === sizeB) return sizeA;
    if (sizeA === undefined || sizeB === undefined) return sizeA ?? sizeB;
    throw new Untranslatable(`sizes ${sizeA} and ${sizeB}, which don't broadcast`);
  });
}
