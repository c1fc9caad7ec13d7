import { ShardError } from "../../core/errors.js";
import type { OnnxElement } from "../../protocol/model-on-wire.js";
import type { DType } from "../../protocol/tensors.js";

interface ElementType {
  readonly element: OnnxElement;
  readonly dtype: DType;
}

/** What inputs and outputs may hold, by the file's number for the type. */
const ELEMENTS: Readonly<Record<number, ElementType>> = {
  1: { element: "float32", dtype: "float32" },
  2: { element: "uint8", dtype: "int32" },
  3: { element: "int8", dtype: "int32" },
  4: { element: "uint16", dtype: "int32" },
  5: { element: "int16", dtype: "int32" },
  6: { element: "int32", dtype: "int32" },
  7: { element: "int64", dtype: "int32" },
  8: { element: "string", dtype: "string" },
  9: { element: "bool", dtype: "bool" },
  10: { element: "float16", dtype: "float32" },
  11: { element: "float64", dtype: "float32" },
  12: { element: "uint32", dtype: "int32" },
  13: { element: "uint64", dtype: "int32" },
};

/** Those that have no counterpart here. */
const OTHERS: Readonly<Record<number, string>> = {
  14: "complex64",
  15: "complex128",
  16: "bfloat16",
  17: "float8e4m3fn",
  18: "float8e4m3fnuz",
  19: "float8e5m2",
  20: "float8e5m2fnuz",
  21: "uint4",
  22: "int4",
  23: "float4e2m1",
};

/**
 * The type of an input's or output's elements.
 * @param number as in the file.
 * @throws ShardError "model-unsupported" for one that has no counterpart here.
 */
export function elementOf(number: number, what: string): ElementType {
  const found = ELEMENTS[number];
  if (found !== undefined) return found;
  throw new ShardError(
    "model-unsupported",
    `Expected inputs and outputs of floats, integers, booleans or strings, received ${what} of type ${OTHERS[number] ?? `number ${number}`}: export the model with a Cast there.`,
  );
}
