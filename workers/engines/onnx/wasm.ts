import wasmUrl from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import type { OnnxDriver } from "./driver.js";
import { startOrt } from "./runtime.js";

/** ONNX Runtime on the CPU, on one thread unless more are asked for. */
export const wasmDriver: OnnxDriver = {
  async start({ threads = 1 }) {
    const provider = "wasm";
    const ort = await startOrt({
      load: () => import("onnxruntime-web/wasm"),
      ...{ wasmUrl, threadCount: threads, provider },
    });
    const facts = { backend: "wasm", hasFloat16: true, isSoftware: false } as const;
    return { ...facts, ort, provider, device: threads === 1 ? "WASM SIMD" : `WASM SIMD, ${threads} threads` };
  },
  isIntact: () => true,
  stop() {},
};
