import type { LitertDriver } from "./driver.js";
import { hasRelaxedSimd, startLitert } from "./runtime.js";

/** LiteRT on the CPU (XNNPACK), on one thread unless more are asked for. */
export const wasmDriver: LitertDriver = {
  accelerator: "wasm",
  async start({ threads = 1 }) {
    const simd = hasRelaxedSimd() ? "WASM relaxed SIMD" : "WASM SIMD";
    return {
      litert: await startLitert(threads, null),
      threadCount: threads,
      device: threads === 1 ? simd : `${simd}, ${threads} threads`,
      isSoftware: false,
    };
  },
  isIntact: () => true,
  stop() {},
};
