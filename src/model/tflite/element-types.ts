import { ShardError } from "../../core/errors.js";
import type { TfliteElement } from "../../protocol/model-on-wire.js";
import type { DType } from "../../protocol/tensors.js";

/** What inputs and outputs may hold, by the file's number for the type. */
const ELEMENTS: Readonly<Record<number, { readonly element: TfliteElement; readonly dtype: DType }>> = {
  0: { element: "float32", dtype: "float32" },
  2: { element: "int32", dtype: "int32" },
  3: { element: "uint8", dtype: "int32" },
  4: { element: "int64", dtype: "int32" },
  6: { element: "bool", dtype: "bool" },
  7: { element: "int16", dtype: "int32" },
  9: { element: "int8", dtype: "int32" },
  15: { element: "uint32", dtype: "int32" },
  16: { element: "uint16", dtype: "int32" },
};

/** Those that have no counterpart here. */
const OTHERS: Readonly<Record<number, string>> = {
  1: "float16",
  5: "string",
  8: "complex64",
  10: "float64",
  11: "complex128",
  12: "uint64",
  13: "resource",
  14: "variant",
  17: "int4",
  18: "bfloat16",
};

/**
 * The type of an input's or output's elements.
 * @param number as in the file.
 * @throws ShardError "model-unsupported" for one that has no counterpart here.
 */
export function elementOf(number: number, what: string): { readonly element: TfliteElement; readonly dtype: DType } {
  const found = ELEMENTS[number];
  if (found !== undefined) return found;
  throw new ShardError(
    "model-unsupported",
    `Expected inputs and outputs of floats, integers or booleans, received ${what} of type ${OTHERS[number] ?? `number ${number}`}: convert the model with another type there.`,
  );
}

/** The number of int64, which travels as int32. */
export const WIDE = 4;
/** int32, uint8, bool, int16, int8, uint16: whole numbers that fit into 32 bits. */
export const NARROW: ReadonlySet<number> = new Set([2, 3, 6, 7, 9, 16]);
/** float32, int32, uint8, bool, int16, int8, uint16: all that they can hold is the same after it has been a float32, an int32 or a bool. */
const UNCHANGED: ReadonlySet<number> = new Set([0, 2, 3, 6, 7, 9, 16]);

/** Whether tensors of a type can go from one worker to another without change. @param number as in the file. */
export function isCuttableElement(number: number): boolean {
  return UNCHANGED.has(number);
}
