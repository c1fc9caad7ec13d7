import type { LoadNotice } from "../model/load/load-notice.js";
import type { EngineName, WorkerSpec } from "../pool/worker-entries.js";
import { isSoftwareAdapter } from "../protocol/software-device.js";

/** An adapter comes within a part of a second, or the browser has lost its GPU process and may never answer. */
const ADAPTER_LIMIT_MS = 5_000;

/** The smallest module: only its header. */
const EMPTY_MODULE = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

const SILENT: LoadNotice = {
  code: "gpu-silent",
  message: `The browser was asked for a GPU and did not answer within ${ADAPTER_LIMIT_MS / 1000} s: the workers do without. Restarting the browser may help.`,
};

export interface AutoWorkers {
  readonly specs: readonly WorkerSpec[];
  /** For where none of those starts. */
  readonly lastResort: readonly WorkerSpec[];
  /** What was done without. */
  readonly notice: LoadNotice | undefined;
}

/**
 * The workers for "auto": one on WebGPU if the adapter is a real GPU, and a WASM worker per core, or plain JavaScript where the browser
 * or the page's policy has no WASM. Software adapters are left out: they compete with the WASM workers for the same cores and lose.
 * LiteRT and ONNX Runtime get WASM workers alone.
 */
export async function chooseWorkers(engine: EngineName = "tfjs"): Promise<AutoWorkers> {
  const onCores = (backend: "wasm" | "cpu"): WorkerSpec[] => Array.from({ length: coreCount() }, () => ({ backend }));
  if (engine !== "tfjs") {
    return { specs: onCores("wasm").map((spec) => ({ ...spec, engine })), lastResort: [], notice: undefined };
  }
  const specs = onCores(allowsWasm() ? "wasm" : "cpu");
  const gpu = await findGpu();
  return {
    specs: gpu === "real" ? [{ backend: "webgpu" }, ...specs] : specs,
    lastResort: onCores("cpu"),
    notice: gpu === "silent" ? SILENT : undefined,
  };
}

export function coreCount(): number {
  return Math.max(1, navigator.hardwareConcurrency || 1);
}

/** A page's policy also holds in its workers, as far as the page can see. */
export function allowsWasm(): boolean {
  try {
    return typeof WebAssembly === "object" && new WebAssembly.Module(EMPTY_MODULE) instanceof WebAssembly.Module;
  } catch {
    return false;
  }
}

async function findGpu(): Promise<"real" | "none" | "silent"> {
  // The DOM types claim that every browser has it; some don't.
  const gpu = navigator.gpu as GPU | undefined;
  try {
    const adapter = await within(ADAPTER_LIMIT_MS, gpu?.requestAdapter({ powerPreference: "high-performance" }));
    if (adapter === "late") return "silent";
    if (!adapter) return "none";
    // Earlier versions of the standard have it on the adapter, or not at all. Then the worker finds out.
    const { info = {}, isFallbackAdapter } = adapter as Partial<GPUAdapter> & { readonly isFallbackAdapter?: boolean };
    return isFallbackAdapter !== true && !isSoftwareAdapter(info) ? "real" : "none";
  } catch {
    return "none";
  }
}

/** What the promise gives, or "late" if it takes too long. */
async function within<T>(limitMs: number, promise: Promise<T> | undefined): Promise<T | undefined | "late"> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<"late">((resolve) => (timer = setTimeout(() => resolve("late"), limitMs)));
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}
