import { asJsonObject, type JsonObject } from "../artifacts.js";

/** A text attribute: base64 in a file, plain where somebody parsed a protocol buffer. */
export function textOf(value: unknown, fallback: string): string {
  const { s } = asJsonObject(value);
  if (typeof s !== "string") return fallback;
  try {
    return atob(s);
  } catch {
    return s;
  }
}

/** Whether a flag is there and set. */
export function isSet(value: unknown): boolean {
  return asJsonObject(value).b === true;
}

/** A list of whole numbers, which JSON has as text; empty where it is none. */
export function integersOf(value: unknown): number[] {
  const { i } = asJsonObject(asJsonObject(value).list);
  const numbers = Array.isArray(i) ? i.map(Number) : [];
  return numbers.every(Number.isSafeInteger) ? numbers : [];
}

/** Names in `fused_ops`, in order. */
export function fusedOps(attr: JsonObject): string[] {
  const { s } = asJsonObject(asJsonObject(attr.fused_ops).list);
  return Array.isArray(s) ? s.map((each: unknown) => textOf({ s: each }, "?")) : [];
}
