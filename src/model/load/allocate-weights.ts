import { ShardError } from "../../core/errors.js";

/** Allocate room for a model's weights. @throws ShardError "out-of-memory" */
export function allocateWeights(byteLength: number, isShared: boolean): ArrayBuffer | SharedArrayBuffer {
  return isShared ? orOutOfMemory(byteLength, () => new SharedArrayBuffer(byteLength)) : allocateBytes(byteLength);
}

/** Allocate room for a model or a part of it. @throws ShardError "out-of-memory" */
export function allocateBytes(byteLength: number): ArrayBuffer {
  return orOutOfMemory(byteLength, () => new ArrayBuffer(byteLength));
}

function orOutOfMemory<T>(byteLength: number, allocate: () => T): T {
  try {
    return allocate();
  } catch (cause) {
    throw new ShardError(
      "out-of-memory",
      `Expected room for ${byteLength} bytes of the model, received "${String(cause)}": close other tabs or use a smaller model.`,
      { cause },
    );
  }
}
