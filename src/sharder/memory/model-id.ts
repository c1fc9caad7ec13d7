import type { WireModel } from "../../protocol/model-on-wire.js";
import { digestModel } from "../journal/fingerprint.js";

/** So much of the weights counts from their beginning, and as much from their end, bytes. */
const SAMPLE_BYTES = 1024;

/**
 * What a model's measurements are kept under: the digest of its topology as workers get it, of the names, shapes and places of its weights,
 * of their length, and of their first and last kilobytes.
 *
 * Hashing all weights would take seconds for a large model, and only a journal needs it. How fast a model runs depends on its operations
 * and shapes, hardly on the values of its weights: two models that this takes for one cost each other a few calls of another size.
 *
 * @returns 64 hexadecimal digits.
 * @throws ShardError "storage-unavailable" in a page that is not secure.
 */
export function identifyModel(wire: WireModel): Promise<string> {
  const { weightData } = wire;
  const bytes = new Uint8Array(weightData);
  const sample = new Uint8Array(Math.min(bytes.length, 2 * SAMPLE_BYTES));
  sample.set(bytes.subarray(0, SAMPLE_BYTES));
  if (bytes.length > SAMPLE_BYTES)
    sample.set(bytes.subarray(Math.max(SAMPLE_BYTES, bytes.length - SAMPLE_BYTES)), SAMPLE_BYTES);
  return digestModel({ ...wire, weightData: sample.buffer }, bytes.length);
}
