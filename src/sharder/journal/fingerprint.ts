import type { WireModel } from "../../protocol/model-on-wire.js";
import type { PreparedInputs } from "../inputs/prepare-inputs.js";
import { digestOf, type Hashable } from "./digest.js";

/** Raise it when a change makes the same model give other values. */
const VERSION = 1;

/**
 * Hash a model as the workers get it, so that everything that changes its values counts: the topology, optimised or not, the recipes of its
 * weights, their bytes, and what was declared about its inputs.
 */
export function digestModel({ weightData, ...described }: WireModel, options: unknown): Promise<string> {
  return digestOf([writeAll([VERSION, described, options]), weightData]);
}

/** Hash the inputs of a call or of a stream's chunk: names, dtypes, shapes, scaling, which are batched, and the values. */
export function digestInputs({ tensors, batchedNames, itemCount }: PreparedInputs): Promise<string> {
  const parts: Hashable[] = [writeAll([itemCount, batchedNames])];
  for (const [name, { data, ...described }] of Object.entries(tensors)) {
    parts.push(writeAll([name, described]), Array.isArray(data) ? JSON.stringify(data) : (data as Float32Array));
  }
  return digestOf(parts);
}

/** JSON that also tells apart the numbers that JSON has no words for. */
function writeAll(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => {
    if (typeof each === "number" && (!Number.isFinite(each) || Object.is(each, -0)))
      return `number ${Object.is(each, -0) ? "-0" : each}`;
    if (ArrayBuffer.isView(each)) return Array.from(each as Uint8Array);
    return each;
  });
}
