import { ShardError } from "../core/errors.js";
import { elementCountOf } from "../protocol/tensors.js";
import { isJsonObject, type WeightSpec } from "./artifacts.js";

const BYTES_PER_ELEMENT: Readonly<Record<string, number>> = {
  float32: 4,
  int32: 4,
  bool: 1,
  complex64: 8,
  uint8: 1,
  uint16: 2,
  float16: 2,
};

/**
 * Check the weight list of a model file.
 * @throws ShardError "model-malformed" naming the entry and what is wrong with it.
 */
export function readWeightSpecs(entries: unknown, where: string): WeightSpec[] {
  if (!Array.isArray(entries)) throw malformed(`a list of weights in ${where}`, typeof entries);
  return entries.map((entry, index) => {
    const at = `${where}[${index}]`;
    if (!isJsonObject(entry)) throw malformed(`an object in ${at}`, JSON.stringify(entry));
    const { name, shape, dtype, quantization } = entry;
    if (typeof name !== "string" || name === "") throw malformed(`a name in ${at}`, JSON.stringify(name));
    if (!Array.isArray(shape) || !shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
      throw malformed(`a shape of whole numbers ≥ 0 for weight "${name}"`, JSON.stringify(shape));
    }
    if (dtype !== "string" && !(typeof dtype === "string" && dtype in BYTES_PER_ELEMENT)) {
      throw malformed(`a known dtype for weight "${name}"`, JSON.stringify(dtype));
    }
    if (quantization !== undefined) {
      const stored = isJsonObject(quantization) ? quantization.dtype : quantization;
      if (stored !== "uint8" && stored !== "uint16" && stored !== "float16") {
        throw malformed(`quantisation to uint8, uint16 or float16 of weight "${name}"`, JSON.stringify(stored));
      }
    }
    return entry as unknown as WeightSpec;
  });
}

/** Bytes the weights take in the file; `undefined` where strings make it unknowable before reading. */
export function weightFileBytes(specs: readonly WeightSpec[]): number | undefined {
  let total = 0;
  for (const { dtype, shape, quantization } of specs) {
    if (dtype === "string") return undefined;
    total += elementCountOf(shape) * BYTES_PER_ELEMENT[quantization?.dtype ?? dtype]!;
  }
  return total;
}

/**
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

function malformed(expected: string, received: string): ShardError {
  return new ShardError(
    "model-malformed",
    `Expected ${expected}, received ${received}: the model.json is damaged; export the model again.`,
  );
}
