import { ShardError } from "../core/errors.js";
import type { StoredWeight } from "../protocol/weight-recipe.js";
import { elementCountOf } from "../protocol/tensors.js";
import type { WeightSpec } from "./artifacts.js";
import { malformed } from "./malformed.js";
import { storedByteLength } from "./weights.js";

/** In a weight file, each string is preceded by its length in bytes as a little-endian uint32. */
const STRING_PREFIX_BYTES = 4;

/**
 * Find where each weight lies in the joined weight data, by name. O(weights), and O(strings) for string weights.
 * @throws ShardError "weights-truncated" if the data ends before a weight does, "model-malformed" if two weights have one name.
 */
export function locateWeights(
  specs: readonly WeightSpec[],
  data: ArrayBuffer | SharedArrayBuffer,
): Map<string, StoredWeight> {
  const located = new Map<string, StoredWeight>();
  let byteOffset = 0;
  for (const { name, shape, dtype, quantization } of specs) {
    if (located.has(name)) throw malformed(`one weight "${name.slice(0, 80)}"`, "two");
    const byteLength =
      storedByteLength({ name, shape, dtype, quantization }) ?? stringsByteLength(shape, data, byteOffset);
    if (byteOffset + byteLength > data.byteLength) throw truncated(name, byteOffset + byteLength, data.byteLength);
    located.set(name, { kind: "stored", shape, dtype, quantization, byteOffset, byteLength });
    byteOffset += byteLength;
  }
  return located;
}

function stringsByteLength(
  shape: readonly number[],
  data: ArrayBuffer | SharedArrayBuffer,
  byteOffset: number,
): number {
  const view = new DataView(data);
  const count = elementCountOf(shape);
  let end = byteOffset;
  for (let index = 0; index < count; index++) {
    if (end + STRING_PREFIX_BYTES > data.byteLength)
      throw truncated("strings", end + STRING_PREFIX_BYTES, data.byteLength);
    end += STRING_PREFIX_BYTES + view.getUint32(end, true);
  }
  return end - byteOffset;
}

function truncated(name: string, expectedBytes: number, receivedBytes: number): ShardError {
  return new ShardError(
    "weights-truncated",
    `Expected at least ${expectedBytes} bytes of weights for "${name.slice(0, 80)}", received ${receivedBytes}: the weight files are incomplete; download or export the model again.`,
  );
}
