import { ShardError } from "../../../src/core/errors.js";
import { messageOf } from "../../../src/protocol/error-record.js";
import { EngineBroken } from "../../runtime/engine.js";
import type { WatchCall } from "./driver.js";

/** At most one error of each kind is pending; a lost context would report errors for ever. */
const MAX_PENDING = 8;

/**
 * Notices that a texture could not be allocated. WebGL sets an error flag for it, which TF.js never reads; drawing to such a texture does
 * nothing, and it reads back as zeros.
 */
export function watchTextures(gl: WebGL2RenderingContext): WatchCall {
  takeErrors(gl);
  return async (call) => {
    let value;
    try {
      value = await call();
    } catch (thrown) {
      takeErrors(gl);
      throw isTooLarge(thrown) ? tooLarge(thrown) : thrown;
    }
    const errors = takeErrors(gl);
    if (errors.has(gl.OUT_OF_MEMORY) || errors.has(gl.INVALID_FRAMEBUFFER_OPERATION)) {
      throw new EngineBroken(
        "out-of-memory",
        "Expected room on the GPU for the model's textures, but it failed to allocate one: use smaller items, or split the model by layers.",
      );
    }
    return value;
  };
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
