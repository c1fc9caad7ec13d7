import { EngineBroken } from "../../runtime/engine.js";
import type { WatchCall } from "./driver.js";

/** What validation says of a buffer that is larger than the device allows. */
const TOO_LARGE = /max ?buffer ?size|max(imum)? ?(storage ?)?(buffer )?binding size|maxStorageBufferBindingSize/i;

/**
 * Notices that a buffer could not be allocated. The device reports it as an event, TF.js doesn't listen, and what was computed with such
 * a buffer reads back as zeros.
 */
export class WebgpuMemory {
  /** A call may begin while the one before is read back. */
  #callCount = 0;
  #failure: string | undefined;

  /** Whether the device's error was about memory. Inside a call, `watch` throws it. */
  notice(error: GPUError): "in-call" | "between-calls" | undefined {
    const isOutOfMemory = error instanceof GPUOutOfMemoryError || TOO_LARGE.test(error.message);
    // Whatever uses the missing buffer fails, too.
    if (!isOutOfMemory && this.#failure === undefined) return undefined;
    this.#failure ??= error.message;
    return this.#callCount > 0 ? "in-call" : "between-calls";
  }

  /** Errors arrive in the order of the device's work, so those of a call have arrived when its outputs have been read back. */
  readonly watch: WatchCall = async (call) => {
    this.#callCount++;
    try {
      const value = await call();
      if (this.#failure !== undefined) throw ranOut(this.#failure);
      return value;
    } catch (thrown) {
      if (this.#failure === undefined || thrown instanceof EngineBroken) throw thrown;
      throw ranOut(this.#failure, thrown);
    } finally {
      this.#callCount--;
    }
  };
}

function ranOut(reason: string, cause?: unknown): EngineBroken {
  return new EngineBroken(
    "out-of-memory",
    `Expected room on the GPU for the model's buffers, but it failed (${reason.slice(0, 200)}): use smaller items, or split the model by layers.`,
    { cause },
  );
}
