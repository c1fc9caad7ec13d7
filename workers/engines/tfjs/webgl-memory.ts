import { ShardError } from "../../../src/core/errors.js";
import { messageOf } from "../../../src/protocol/error-record.js";
import { EngineBroken } from "../../runtime/engine.js";
import type { WatchCall } from "./driver.js";

/** At most one error of each kind is pending; a lost context would report errors for ever. */
const MAX_PENDING = 8;

/** A context that is lost while a call takes more than this is put down to the want of memory. */
const MUCH_BYTES = 2 ** 29;

interface WatchedDevice {
  /** Of all textures at present. */
  allocatedBytes(): number;
  /** Whether what it reads back is real. A context that is about to be lost reads zeros. */
  isIntact(): boolean;
}

/**
 * Notices that a texture could not be allocated. WebGL sets an error flag for it, which TF.js never reads; drawing to such a texture does
 * nothing, and it reads back as zeros.
 */
export function watchTextures(gl: WebGL2RenderingContext, device: WatchedDevice): WatchCall {
  takeErrors(gl);
  return async (call) => {
    const bytesBefore = device.allocatedBytes();
    const check = (): void => {
      const errors = takeErrors(gl);
      const isFull = errors.has(gl.OUT_OF_MEMORY) || errors.has(gl.INVALID_FRAMEBUFFER_OPERATION);
      // Browsers also take the context away from a page that has filled the GPU's memory, and don't say so.
      const bytes = device.allocatedBytes();
      if (isFull || (bytes > MUCH_BYTES && bytes > bytesBefore && !device.isIntact())) throw ranOut(bytes);
    };
    try {
      const value = await call();
      check();
      return value;
    } catch (thrown) {
      if (thrown instanceof EngineBroken) throw thrown;
      check();
      throw isTooLarge(thrown) ? tooLarge(thrown) : thrown;
    }
  };
}

function ranOut(bytes: number): EngineBroken {
  return new EngineBroken(
    "out-of-memory",
    `Expected room on the GPU for the model's textures, but it failed with ${Math.ceil(bytes / 2 ** 20)} MB in use: use smaller items, or split the model by layers.`,
  );
}

function takeErrors(gl: WebGL2RenderingContext): Set<number> {
  const errors = new Set<number>();
  for (let count = 0; count < MAX_PENDING; count++) {
    const error = gl.getError();
    if (error === gl.NO_ERROR) break;
    errors.add(error);
  }
  return errors;
}

/** TF.js refuses a tensor that fits into no texture before it allocates anything. */
function isTooLarge(thrown: unknown): boolean {
  return messageOf(thrown).startsWith("Requested texture size ");
}

function tooLarge(cause: unknown): ShardError {
  return new ShardError(
    "out-of-memory",
    `Expected tensors that fit into the GPU's textures, but it refused: ${messageOf(cause)} Use smaller items, or a wasm worker.`,
    { cause },
  );
}
