import { ShardError } from "../core/errors.js";
import { seededRandom } from "../core/random.js";
import { batchLayoutOf, mayCarryItems } from "../model/batch/batch-layout.js";
import type { ModelInfo } from "../model/inspect.js";
import type { TensorSpec } from "../protocol/model-on-wire.js";
import { elementCountOf, type InputTensor } from "../protocol/tensors.js";

/**
 * What is used for the sizes that the model leaves free, except the batch's: one number for all, or one for each input and axis (from 0,
 * the batch's included); whole, ≥ 1.
 */
export type FreeSize = number | ((input: string, axis: number) => number);

export interface RandomInputOptions {
  /** Items, whole, ≥ 1; more if the model takes them in groups only. */
  readonly itemCount: number;
  readonly freeSize: FreeSize;
  readonly seed?: number;
}

/** 1 GB of float32. More would not fit into a tab beside the model. */
const MAX_ELEMENTS = 2 ** 28;
/** Below the vocabulary of any token model, so that look-ups stay inside their tables. */
const INT_RANGE = 10;

/**
 * Make random inputs for a model: float32 uniform in 0 ≤ x < 1, int32 from 0 to 9, bool 0 or 1, strings "item 0" ….
 * The same seed gives the same inputs.
 *
 * @returns tensors by input name; inputs without a batch get one tensor for all items.
 * @throws ShardError "invalid-options", "out-of-memory", "model-unsupported" if an input's rank is unknown.
 */
export function randomInputs(
  { inputs }: Pick<ModelInfo, "inputs">,
  { itemCount, freeSize, seed = 1 }: RandomInputOptions,
): Record<string, InputTensor> {
  checkCount("itemCount", itemCount);
  if (typeof freeSize === "number") checkCount("freeSize", freeSize);
  const random = seededRandom(seed);
  const layout = batchLayoutOf(inputs);
  const groupItemCount = layout.kind === "fixed" ? layout.itemCount : 1;
  const rows = Math.ceil(itemCount / groupItemCount) * groupItemCount;
  return Object.fromEntries(
    inputs.map((spec) => {
      const isBatched = mayCarryItems(spec, layout);
      return [spec.name, fill(spec, isBatched ? rows : undefined, freeSize, random)];
    }),
  );
}

/** @throws ShardError "invalid-options" */
export function checkCount(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 1) return;
  throw new ShardError(
    "invalid-options",
    `Expected ${name} to be a whole number ≥ 1, received ${String(value)}: correct it.`,
  );
}

function fill(spec: TensorSpec, rows: number | undefined, freeSize: FreeSize, random: () => number): InputTensor {
  if (spec.shape === undefined) {
    throw new ShardError(
      "model-unsupported",
      `Expected the model to state the shape of input "${spec.name}", received none: pass tensors of your own.`,
    );
  }
  const shape = spec.shape.map((size, axis) =>
    axis === 0 && rows !== undefined ? rows : size === -1 ? freeSizeOf(freeSize, spec.name, axis) : size,
  );
  const length = elementCountOf(shape);
  if (length > MAX_ELEMENTS) {
    throw new ShardError(
      "out-of-memory",
      `Expected at most ${MAX_ELEMENTS} random numbers for input "${spec.name}", received shape ${JSON.stringify(shape)}: choose fewer items.`,
    );
  }
  switch (spec.dtype) {
    case "float32":
      return { dtype: "float32", shape, data: filled(new Float32Array(length), random) };
    case "int32":
      return { dtype: "int32", shape, data: filled(new Int32Array(length), () => Math.floor(random() * INT_RANGE)) };
    case "bool":
      return { dtype: "bool", shape, data: filled(new Uint8Array(length), () => Math.round(random())) };
    case "string":
      return { dtype: "string", shape, data: Array.from({ length }, (_, i) => `item ${i}`) };
  }
}

function freeSizeOf(freeSize: FreeSize, input: string, axis: number): number {
  if (typeof freeSize === "number") return freeSize;
  const size = freeSize(input, axis);
  checkCount(`the free size of axis ${axis} of input "${input}"`, size);
  return size;
}

/** `from({ length }, …)` would take five times as long, on the page's thread. */
function filled<T extends Float32Array | Int32Array | Uint8Array>(data: T, next: () => number): T {
  for (let i = 0; i < data.length; i++) data[i] = next();
  return data;
}
