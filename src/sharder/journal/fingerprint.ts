import type { WireModel } from "../../protocol/model-on-wire.js";
import type { PreparedInputs } from "../inputs/prepare-inputs.js";
import { digestOf, type Hashable } from "./digest.js";

/** Raise it when a change makes the same model give other values. */
const VERSION = 1;

/** How much text is written in one go, characters: the page's thread must stay free while a model of many nodes is written. */
const PIECE_LENGTH = 200_000;
/** As deep as a graph's nodes and a Keras model's layers are. */
const PIECE_DEPTH = 5;

/**
 * Hash a model as the workers get it, so that everything that changes its values counts: the topology, optimised or not, the recipes of its
 * weights, their bytes, and what was declared about its inputs.
 */
export async function digestModel({ weightData, ...described }: WireModel, options: unknown): Promise<string> {
  const digests: string[] = [];
  let text = "";
  for (const piece of piecesOf([VERSION, described, options], PIECE_DEPTH)) {
    text += piece;
    if (text.length < PIECE_LENGTH) continue;
    digests.push(await digestOf([text]));
    text = "";
  }
  return digestOf([digests.join(), text, weightData]);
}

/** JSON in pieces; those of the value's parts down to some depth are apart. */
function* piecesOf(value: unknown, depth: number): Generator<string, void, undefined> {
  if (depth === 0 || typeof value !== "object" || value === null || ArrayBuffer.isView(value)) {
    yield writeAll(value);
    return;
  }
  const isList = Array.isArray(value);
  yield isList ? "[" : "{";
  for (const [key, part] of Object.entries(value)) {
    if (part === undefined) continue;
    if (!isList) yield `${JSON.stringify(key)}:`;
    yield* piecesOf(part, depth - 1);
    yield ",";
  }
  yield isList ? "]" : "}";
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
  // There is no JSON for `undefined`.
  if (value === undefined) return "undefined";
  return JSON.stringify(value, (_, each: unknown) => {
    if (typeof each === "number" && (!Number.isFinite(each) || Object.is(each, -0)))
      return `number ${Object.is(each, -0) ? "-0" : each}`;
    if (ArrayBuffer.isView(each)) return Array.from(each as Uint8Array);
    return each;
  });
}
