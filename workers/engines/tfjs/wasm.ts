import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import simdUrl from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url";
import plainUrl from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url";
import { env } from "@tensorflow/tfjs-core";
import type { BackendDriver } from "./driver.js";
import { activate } from "./activate.js";
import { compiledRecurrences, offerKernels } from "./recurrences/start-compiled.js";
import { viewOnHeap, wasmHeap } from "./wasm-heap.js";
import { limitKernels } from "./wasm-kernel-limits.js";
import { MAX_HEAP_BYTES, WasmMemory } from "./wasm-memory.js";
import { findWasmRefusal } from "./wasm-refusal.js";

const memory = new WasmMemory();

/** TF.js WASM on one SIMD thread. The sharder provides the parallelism, with one worker per core. */
export const wasmDriver: BackendDriver = {
  name: "wasm",
  traits: {
    readBackAliases: false,
    copiesUploads: true,
    isSynchronous: true,
    view: viewOnHeap,
    maxTensorBytes: MAX_HEAP_BYTES,
  },
  wantsPowersOfTwo: false,
  async start() {
    // TF.js 4.22 starts pthread workers on an isolated page and still computes on one thread (tfjs#8513);
    // in a minified build those workers throw and the backend never becomes ready. So threads are always off.
    env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
    setWasmPaths({
      "tfjs-backend-wasm-simd.wasm": simdUrl,
      "tfjs-backend-wasm.wasm": plainUrl,
      // TF.js requires all three paths, but never fetches this one.
      "tfjs-backend-wasm-threaded-simd.wasm": simdUrl,
    });
    limitKernels();
    offerKernels(() => import("./recurrences/compiled-recurrence.js"));
    await memory.attach(() =>
      activate("wasm", "check that the page may fetch the .wasm files served beside it", () =>
        findWasmRefusal(simdUrl),
      ),
    );
    const hasSimd = await env().getAsync("WASM_HAS_SIMD_SUPPORT");
    return { device: hasSimd ? "WASM SIMD" : "WASM", isSoftware: false };
  },
  isIntact: () => true,
  watch: memory.watch,
  heapBytes: () => (wasmHeap()?.HEAPU8.byteLength ?? 0) + (compiledRecurrences()?.heapBytes ?? 0),
  stop() {},
};
