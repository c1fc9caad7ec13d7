import { ShardError } from "../core/errors.js";
import { elementCountOf } from "../protocol/tensors.js";
import type { WeightRecipe } from "../protocol/weight-recipe.js";
import { asJsonObject, isJsonObject, type WeightSpec } from "./artifacts.js";
import { malformed, show } from "./malformed.js";

const BYTES_PER_ELEMENT = { float32: 4, int32: 4, bool: 1, complex64: 8 } as const;
const QUANTISED_BYTES_PER_ELEMENT = { uint8: 1, uint16: 2, float16: 2 } as const;

/**
 * Check the weight list of a model file. TF.js can decode every list that passes, given the bytes.
 * @throws ShardError "model-malformed" naming the entry and what is wrong with it.
 */
export function readWeightSpecs(entries: unknown, where: string): WeightSpec[] {
  if (!Array.isArray(entries)) throw malformed(`a list of weights in ${where}`, typeof entries);
  return entries.map((entry: unknown, index) => {
    const at = `${where}[${index}]`;
    if (!isJsonObject(entry)) throw malformed(`an object in ${at}`, show(entry));
    const { quantization, ...plain } = entry;
    const { name, shape, dtype } = plain;
    if (typeof name !== "string" || name === "") throw malformed(`a name in ${at}`, show(name));
    if (!Array.isArray(shape) || !shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
      throw malformed(`a shape of whole numbers ≥ 0 for weight "${name.slice(0, 80)}"`, show(shape));
    }
    if (dtype !== "string" && !isKeyOf(BYTES_PER_ELEMENT, dtype)) {
      throw malformed(`a known dtype for weight "${name.slice(0, 80)}"`, show(dtype));
    }
    // TF.js checks whether the key exists, not what it holds.
    if (quantization === undefined) return plain as unknown as WeightSpec;
    checkQuantization(name, dtype, quantization);
    return entry as unknown as WeightSpec;
  });
}

function checkQuantization(name: string, dtype: string, quantization: unknown): void {
  const { dtype: stored, scale, min } = asJsonObject(quantization);
  if (!isKeyOf(QUANTISED_BYTES_PER_ELEMENT, stored)) {
    throw malformed(`quantisation to uint8, uint16 or float16 of weight "${name.slice(0, 80)}"`, show(quantization));
  }
  if (dtype !== "float32" && !(dtype === "int32" && stored !== "float16")) {
    throw malformed(
      `weight "${name.slice(0, 80)}" of dtype ${dtype} not to be quantised to ${stored}`,
      show(quantization),
    );
  }
  if (stored !== "float16" && !(Number.isFinite(scale) && Number.isFinite(min))) {
    throw malformed(`scale and min for the quantised weight "${name.slice(0, 80)}"`, show(quantization));
  }
}

/** Bytes that the weights take in the file; `undefined` if there are strings, whose size is unknown before they are read. */
export function weightFileBytes(specs: readonly WeightSpec[]): number | undefined {
  let total = 0;
  for (const spec of specs) {
    const bytes = storedByteLength(spec);
    if (bytes === undefined) return undefined;
    total += bytes;
  }
  return total;
}

/** Bytes that one weight takes in the file; `undefined` for strings. */
export function storedByteLength({ dtype, shape, quantization }: WeightSpec): number | undefined {
  if (dtype === "string") return undefined;
  const bytes = quantization ? QUANTISED_BYTES_PER_ELEMENT[quantization.dtype] : BYTES_PER_ELEMENT[dtype];
  return elementCountOf(shape) * bytes;
}

/** Bytes that a weight takes in a worker, where quantised weights are expanded to four bytes per value. */
export function residentBytes({ shape, dtype }: Pick<WeightRecipe, "shape" | "dtype">): number {
  const bytes = dtype === "string" ? 8 : BYTES_PER_ELEMENT[dtype];
  return elementCountOf(shape) * bytes;
}

/**
 * Check that the weight files have the length that model.json states.
 * @throws ShardError "weights-truncated" (too short) or "model-malformed" (too long).
 */
export function checkWeightLength(specs: readonly WeightSpec[], receivedBytes: number): void {
  const expectedBytes = weightFileBytes(specs);
  if (expectedBytes === undefined || expectedBytes === receivedBytes) return;
  throw new ShardError(
    receivedBytes < expectedBytes ? "weights-truncated" : "model-malformed",
    `Expected ${expectedBytes} bytes of weights for ${specs.length} tensors, received ${receivedBytes}: ` +
      `the weight files are incomplete or belong to another model.json; download or export the model again.`,
  );
}

function isKeyOf<T extends object>(table: T, key: unknown): key is keyof T {
  return typeof key === "string" && Object.hasOwn(table, key);
}
