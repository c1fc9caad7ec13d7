import { isJsonObject } from "../../artifacts.js";

/** Every float is computed as float32, which is as exact as these or more, but for float64. */
const FLOATS = new Set(["float16", "bfloat16", "float64", "mixed_float16", "mixed_bfloat16", "half", "double"]);
const WHOLE = new Set(["int8", "uint8", "int16", "uint16", "uint32", "int64", "uint64"]);

/**
 * The dtype to compute with here, for a dtype or a policy of Keras: a name, or `{ class_name, config: { name } }`. Unknown ones
 * (weights that Keras has quantised) keep their names.
 */
export function computedDtype(value: unknown): unknown {
  const name = isJsonObject(value) && isJsonObject(value.config) ? value.config.name : value;
  if (typeof name !== "string") return value;
  if (FLOATS.has(name)) return "float32";
  return WHOLE.has(name) ? "int32" : name;
}
