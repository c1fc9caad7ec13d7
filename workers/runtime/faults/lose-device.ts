import type { ShardErrorCode } from "../../../src/core/errors.js";
import type { GpuHandle } from "../engine.js";

/** Makes a `ShardError`. */
export type MakeError = (code: ShardErrorCode, message: string) => Error;

/**
 * Lose what a worker computes on: `GPUDevice.destroy`, or `WEBGL_lose_context`.
 * @throws ShardError "invalid-options" without a GPU, "backend-unavailable" where the browser lacks the extension.
 */
export function loseDevice(gpu: GpuHandle | undefined, makeError: MakeError): void {
  if (gpu === undefined)
    throw makeError(
      "invalid-options",
      "Expected a worker with a GPU device or a WebGL context to lose, received one without: choose a webgpu or webgl worker.",
    );
  if ("destroy" in gpu) {
    gpu.destroy();
    return;
  }
  const extension = gpu.getExtension("WEBGL_lose_context");
  if (extension === null)
    throw makeError("backend-unavailable", "Expected the WebGL extension WEBGL_lose_context, received none.");
  extension.loseContext();
}
