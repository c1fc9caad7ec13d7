import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import simdUrl from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url";
import plainUrl from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url";
import { env } from "@tensorflow/tfjs-core";

/**
 * Call this before the backend is created. Threads are off, as in our own workers: TF.js 4.22 computes on one thread
 * anyway (tfjs#8513), and in a minified build on an isolated page its threaded binary never becomes ready.
 */
export function configureWasm(): void {
  env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  setWasmPaths({
    "tfjs-backend-wasm-simd.wasm": simdUrl,
    "tfjs-backend-wasm.wasm": plainUrl,
    "tfjs-backend-wasm-threaded-simd.wasm": simdUrl,
  });
}
