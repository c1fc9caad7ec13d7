import { asJsonObject, type JsonObject, asNumber } from "../artifacts.js";

/** Read a text attribute. It is base64 in a file, but plain text if the JSON was made from a parsed protocol buffer. */
export function textOf(value: unknown, fallback: string): string {
  const { s } = asJsonObject(value);
  if (typeof s !== "string") return fallback;
  try {
    return atob(s);
  } catch {
    return s;
  }
}

/** Whether a flag exists and is set. */
export function isSet(value: unknown): boolean {
  return asJsonObject(value).b === true;
}

/** Read a whole number, which is a string in JSON; `fallback` if it is not one. */
export function integerOf(value: unknown, fallback: number): number {
  const { i } = asJsonObject(value);
  const number = typeof i === "string" && i !== "" ? Number(i) : i;
  return Number.isSafeInteger(number) ? Number(number) : fallback;
}

/** Read a list of whole numbers, which are strings in JSON; empty if it is not such a list. */
export function integersOf(value: unknown): number[] {
  const { i } = asJsonObject(asJsonObject(value).list);
  const numbers = Array.isArray(i) ? i.map(asNumber) : [];
  return numbers.every(Number.isSafeInteger) ? numbers : [];
}

/** The names in `fused_ops`, in order. */
export function fusedOps(attr: JsonObject): string[] {
  const { s } = asJsonObject(asJsonObject(attr.fused_ops).list);
  return Array.isArray(s) ? s.map((each: unknown) => textOf({ s: each }, "?")) : [];
}
