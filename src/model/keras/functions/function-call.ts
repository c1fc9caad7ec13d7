import { asNumber } from "../../artifacts.js";
import { show } from "../../malformed.js";
import { ConstantArgument, SliceArgument } from "../call-values.js";
import type { Composer, Size } from "../composer.js";
import { type Symbolic, Untranslatable } from "../emitter.js";
import { TensorArgument } from "../layer-call.js";

type DType = Symbolic["dtype"];

/** A call of a function, with its arguments by name. */
export class FunctionCall {
  readonly composer: Composer;
  readonly #values: ReadonlyMap<string, unknown>;

  constructor(composer: Composer, values: ReadonlyMap<string, unknown>) {
    this.composer = composer;
    this.#values = values;
  }

  value(name: string): unknown {
    return this.#values.get(name) ?? undefined;
  }

  has(name: string): boolean {
    return this.value(name) !== undefined;
  }

  /** @throws Untranslatable if the argument is missing, or is no tensor and can't become one. */
  tensor(name: string, dtype?: DType): Symbolic {
    const value = this.value(name);
    if (value === undefined) throw new Untranslatable(`a call without ${name}`);
    return toTensor(this.composer, value, dtype);
  }

  /** Tensors of a list. @throws Untranslatable */
  tensors(name: string): Symbolic[] {
    const given = this.value(name);
    // Keras 2 writes a list with one tensor as that tensor.
    const value: unknown = given instanceof TensorArgument ? [given] : given;
    if (!Array.isArray(value) || value.length === 0) throw new Untranslatable(`${name} that are no list of tensors`);
    const known = value.flatMap((each) => (each instanceof TensorArgument ? [each.tensor.dtype] : []));
    const dtype = known.includes("float32") ? "float32" : known[0];
    return value.map((each) => cast(this.composer, toTensor(this.composer, each, dtype), dtype));
  }

  number(name: string, fallback?: number): number {
    const value = plain(this.value(name)) ?? fallback;
    if (typeof value === "number" && Number.isFinite(value)) return value;
    throw this.#unreadable(name);
  }

  boolean(name: string, fallback: boolean): boolean {
    const value = plain(this.value(name)) ?? fallback;
    if (typeof value === "boolean") return value;
    throw this.#unreadable(name);
  }

  string(name: string, fallback?: string): string {
    const value = this.value(name) ?? fallback;
    if (typeof value === "string") return value;
    throw this.#unreadable(name);
  }

  /** Whole numbers; a single one counts as a list. `undefined` if the argument is missing. */
  ints(name: string): number[] | undefined {
    const value = plain(this.value(name));
    if (value === undefined || value === null) return undefined;
    const list: unknown[] = Array.isArray(value) ? value : [value];
    if (!list.every((each) => Number.isSafeInteger(each))) throw this.#unreadable(name);
    return list.map(asNumber);
  }

  /** Axes of `x`, counted from the start and in ascending order; all if the argument is missing. */
  axes(name: string, x: Symbolic): number[] {
    const rank = x.shape.length;
    const given = this.ints(name);
    if (given === undefined) return x.shape.map((_, axis) => axis);
    return given.map((axis) => countedAxis(axis, rank)).toSorted((a, b) => a - b);
  }

  axis(name: string, rank: number, fallback?: number): number {
    return countedAxis(this.number(name, fallback), rank);
  }

  /** @throws Untranslatable if an argument is set that isn't handled. */
  refuse(...names: readonly string[]): void {
    for (const name of names) {
      const value = this.value(name);
      if (value !== undefined && value !== false) throw new Untranslatable(`${name} = ${show(value, 40)}`);
    }
  }

  #unreadable(name: string): Untranslatable {
    return new Untranslatable(`${name} = ${show(this.value(name), 60)}`);
  }
}

/** @throws Untranslatable unless it is an axis of a tensor of that rank; negative ones count from the end. */
export function countedAxis(axis: number, rank: number): number {
  const counted = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(counted) || counted < 0 || counted >= rank) throw new Untranslatable(`axis ${axis} of ${rank}`);
  return counted;
}

function plain(value: unknown): unknown {
  return value instanceof ConstantArgument ? value.values : value;
}

/** The dtype of a name of Keras or TensorFlow. @throws Untranslatable */
export function dtypeOf(name: unknown): DType {
  const known = typeof name === "string" ? name.replace(/^(tf|keras)\./, "") : "";
  if (/^(b?float\d+|half|double)$/.test(known)) return "float32";
  if (/^u?int\d+$/.test(known)) return "int32";
  if (known === "bool" || known === "string") return known;
  throw new Untranslatable(`dtype ${show(name, 40)}`);
}

/** A tensor of a value: of a number, nested lists of numbers, or a list of numbers and scalars that are computed. */
export function toTensor(composer: Composer, value: unknown, dtype?: DType): Symbolic {
  if (value instanceof TensorArgument) return value.tensor;
  if (value instanceof ConstantArgument) return literal(composer, value.values, dtypeOf(value.dtype));
  if (value instanceof SliceArgument || value === undefined || value === null)
    throw new Untranslatable(`${show(value, 40)}, where a tensor is expected`);
  if (Array.isArray(value) && value.some((each) => each instanceof TensorArgument)) {
    const parts = value.map((each) => toTensor(composer, each, dtype));
    return stack(composer, parts, 0);
  }
  return literal(composer, value, dtype);
}

export function stack(composer: Composer, parts: readonly Symbolic[], axis: number): Symbolic {
  return composer.concat(
    parts.map((part) => composer.expand(part, axis)),
    axis,
  );
}

function literal(composer: Composer, value: unknown, dtype?: DType): Symbolic {
  const shape: number[] = [];
  for (let level = value; Array.isArray(level); level = level[0] as unknown) shape.push(level.length);
  const values = Array.isArray(value) ? (value as unknown[]).flat(Infinity) : [value];
  const isFlat = values.length === shape.reduce((total, size) => total * size, 1);
  const isKnown = values.every((each) => typeof each === "number" || typeof each === "boolean");
  if (!isFlat || !isKnown) throw new Untranslatable(`${show(value, 40)}, where a tensor is expected`);
  const own = values.every((each) => typeof each === "boolean")
    ? "bool"
    : values.every(Number.isSafeInteger)
      ? "int32"
      : "float32";
  return composer.literal(values.map(asNumber), shape, dtype === "string" ? own : (dtype ?? own));
}

export function cast(composer: Composer, x: Symbolic, dtype: DType | undefined): Symbolic {
  if (dtype === undefined || dtype === x.dtype) return x;
  if (dtype === "bool" && x.dtype !== "string") {
    const zero = composer.literal([0], [], x.dtype === "float32" ? "float32" : "int32");
    return composer.compare("NotEqual", x, zero);
  }
  return composer.cast(x, dtype);
}

/** Whole sizes of a shape. @throws Untranslatable if one is known only during the run. */
export function fixed(sizes: readonly Size[]): number[] {
  return sizes.map((size) => {
    if (size === undefined) throw new Untranslatable("a size that is not known before the run");
    return size;
  });
}

/** Computes a function. */
export type EmitFunction = (call: FunctionCall) => Symbolic | readonly Symbolic[];

/** A function, with the names of its parameters in order. */
export interface KerasFunction {
  readonly parameters: readonly string[];
  readonly emit: EmitFunction;
}

/** @param parameters names with spaces between them. */
export function define(parameters: string, emit: EmitFunction): KerasFunction {
  return { parameters: parameters.split(" "), emit };
}
