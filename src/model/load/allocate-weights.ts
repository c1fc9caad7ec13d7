import { ShardError } from "../../core/errors.js";

/** Allocate room for a model's weights. @throws ShardError "out-of-memory" */
export function allocateWeights(byteLength: number, isShared: boolean): ArrayBuffer | SharedArrayBuffer {
  try {
    return isShared ? new SharedArrayBuffer(byteLength) : new ArrayBuffer(byteLength);
  } catch (cause) {
    throw new ShardError(
      "out-of-memory",
      `Expected room for ${byteLength} bytes of weights, received "${String(cause)}": close other tabs or use a smaller model.`,
      { cause },
    );
  }
}
