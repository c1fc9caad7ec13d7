import { ShardError } from "../core/errors.js";
import type { TfjsWire } from "../protocol/model-on-wire.js";
import { elementCountOf } from "../protocol/tensors.js";
import type { ComputedWeight, StoredWeight, WeightRecipe } from "../protocol/weight-recipe.js";
import type { WeightSpec } from "./artifacts.js";
import { evaluateConstant } from "./constant-expression.js";
import { malformed, show } from "./malformed.js";

export interface MaterialisedWeights {
  readonly weightSpecs: WeightSpec[];
  /** In the order of the specs. Stored weights keep their stored form, quantised or not. */
  readonly weightData: ArrayBuffer;
}

/**
 * Make a stage's weights from its recipes, on the worker. Copies only the bytes that this stage needs from the shared data.
 *
 * @throws ShardError "weights-truncated" if a recipe reads past the data, "model-malformed" if one gives a wrong number of values.
 */
export function materialise({ weights, weightData }: Pick<TfjsWire, "weights" | "weightData">): MaterialisedWeights {
  const entries = Object.entries(weights);
  const byteLengths = entries.map(([name, recipe]) => byteLengthOf(name, recipe, weightData.byteLength));
  const bytes = new Uint8Array(byteLengths.reduce((total, length) => total + length, 0));
  let offset = 0;
  const weightSpecs = entries.map(([name, recipe], index) => {
    bytes.set(bytesOf(recipe, weightData), offset);
    offset += byteLengths[index]!;
    return specOf(name, recipe);
  });
  return { weightSpecs, weightData: bytes.buffer };
}

function byteLengthOf(name: string, recipe: WeightRecipe, availableBytes: number): number {
  if (recipe.kind === "computed") {
    return elementCountOf(recipe.shape) * (recipe.dtype === "bool" ? 1 : 4);
  }
  const { byteOffset, byteLength } = recipe;
  if (byteOffset + byteLength <= availableBytes) return byteLength;
  throw new ShardError(
    "weights-truncated",
    `Expected ${byteOffset + byteLength} bytes of weights for "${name.slice(0, 80)}", received ${availableBytes}: load the model again.`,
  );
}

function bytesOf(recipe: WeightRecipe, data: ArrayBuffer | SharedArrayBuffer): Uint8Array {
  if (recipe.kind === "stored") return new Uint8Array(data, recipe.byteOffset, recipe.byteLength);
  return computedBytes(recipe, data);
}

function computedBytes({ shape, dtype, value }: ComputedWeight, data: ArrayBuffer | SharedArrayBuffer): Uint8Array {
  const { values } = evaluateConstant(value, data);
  const expected = elementCountOf(shape);
  if (values.length !== expected) {
    throw malformed(`${expected} values for a computed weight of shape ${show(shape)}`, String(values.length));
  }
  const typed = dtype === "float32" ? new Float32Array(values) : dtype === "int32" ? new Int32Array(values) : undefined;
  return typed === undefined ? new Uint8Array(values) : new Uint8Array(typed.buffer);
}

function specOf(name: string, recipe: WeightRecipe): WeightSpec {
  const { shape, dtype } = recipe;
  const quantization = recipe.kind === "stored" ? (recipe satisfies StoredWeight).quantization : undefined;
  // TF.js checks whether the key exists, not what it holds.
  return quantization === undefined ? { name, shape, dtype } : { name, shape, dtype, quantization };
}
