import type { WorkerSpec } from "../pool/worker-entries.js";
import { isSoftwareAdapter } from "../protocol/software-device.js";

/**
 * The workers for "auto": one on WebGPU if the adapter is a real GPU, and a WASM worker per core.
 * Software adapters are left out: they compete with the WASM workers for the same cores and lose.
 */
export async function chooseWorkers(): Promise<WorkerSpec[]> {
  const coreCount = Math.max(1, navigator.hardwareConcurrency || 1);
  const wasm = Array.from({ length: coreCount }, (): WorkerSpec => ({ backend: "wasm" }));
  return (await hasRealGpu()) ? [{ backend: "webgpu" }, ...wasm] : wasm;
}

async function hasRealGpu(): Promise<boolean> {
  // The DOM types claim that every browser has it; some don't.
  const gpu = navigator.gpu as GPU | undefined;
  try {
    const adapter = await gpu?.requestAdapter({ powerPreference: "high-performance" });
    if (!adapter) return false;
    return !isSoftwareAdapter(adapter.info);
  } catch {
    return false;
  }
}
