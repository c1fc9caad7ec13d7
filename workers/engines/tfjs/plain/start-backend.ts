import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import simdUrl from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url";
import plainUrl from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url";
import { env } from "@tensorflow/tfjs-core";
import { ShardError } from "../../../../src/core/errors.js";
import type { PlainBackend, PlainDevice } from "../../../../src/protocol/plain-api.js";
import { isSoftwareAdapter, isSoftwareRenderer } from "../../../../src/protocol/software-device.js";
import { activate } from "../activate.js";

/**
 * Start a backend of TF.js with its own defaults. The one exception is WASM's threads: TF.js 4.22 computes on one thread anyway
 * (tfjs#8513), and its threaded binary never becomes ready in a minified build on an isolated page.
 * @throws ShardError "backend-unavailable"
 */
export async function startBackend(backend: PlainBackend, acceptsSoftware: boolean): Promise<PlainDevice> {
  const found = await deviceOf(backend);
  if (found.isSoftware && !acceptsSoftware) {
    throw new ShardError(
      "backend-unavailable",
      `Expected a real GPU for the backend "${backend}", received a program on the CPU (${found.device}): use "wasm" here.`,
    );
  }
  switch (backend) {
    case "wasm":
      env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
      setWasmPaths({
        "tfjs-backend-wasm-simd.wasm": simdUrl,
        "tfjs-backend-wasm.wasm": plainUrl,
        "tfjs-backend-wasm-threaded-simd.wasm": simdUrl,
      });
      break;
    case "webgl":
      await import("@tensorflow/tfjs-backend-webgl");
      break;
    case "webgpu":
      await import("@tensorflow/tfjs-backend-webgpu");
      break;
    case "cpu":
      await import("@tensorflow/tfjs-backend-cpu");
      break;
  }
  await activate(backend, "the browser may not offer it in workers");
  return found;
}

async function deviceOf(backend: PlainBackend): Promise<PlainDevice> {
  if (backend === "webgpu") {
    const adapter = await (navigator as Navigator & { gpu?: GPU }).gpu?.requestAdapter();
    // Browsers with an earlier version of the standard leave it out.
    const info: Partial<GPUAdapterInfo> = (adapter as Partial<GPUAdapter> | null | undefined)?.info ?? {};
    const { vendor, architecture, description } = info;
    const device = description || [vendor, architecture].filter(Boolean).join(" ") || "GPU";
    return { device, isSoftware: isSoftwareAdapter(info) };
  }
  if (backend === "webgl") {
    const gl = new OffscreenCanvas(1, 1).getContext("webgl2");
    const info = gl?.getExtension("WEBGL_debug_renderer_info");
    const device = String(gl?.getParameter(info?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER) ?? "WebGL");
    return { device, isSoftware: isSoftwareRenderer(device) };
  }
  return { device: backend === "wasm" ? "WASM" : "JavaScript", isSoftware: false };
}
