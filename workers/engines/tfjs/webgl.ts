import { MathBackendWebGL, setWebGLContext } from "@tensorflow/tfjs-backend-webgl";
import { backend, env } from "@tensorflow/tfjs-core";
import { ShardError } from "../../../src/core/errors.js";
import { isSoftwareRenderer } from "../../../src/protocol/software-device.js";
import type { BackendDriver, WatchCall } from "./driver.js";
import { activate } from "./activate.js";
import { createCanary, type Canary } from "./webgl-canary.js";
import { watchTextures } from "./webgl-memory.js";

/** What TF.js itself requests, except that a software rasteriser is accepted, because the caller chose WebGL. */
const CONTEXT_ATTRIBUTES: WebGLContextAttributes = {
  alpha: false,
  antialias: false,
  premultipliedAlpha: false,
  preserveDrawingBuffer: false,
  depth: false,
  stencil: false,
  failIfMajorPerformanceCaveat: false,
};

let context: WebGL2RenderingContext | undefined;
let canary: Canary | undefined;
let watch: WatchCall | undefined;
let callCount = 0;

/** How long a call may take to notice that its context was lost, and to be answered with the reason, ms. */
const LATEST_ANSWER_MS = 300;

/** TF.js WebGL 2 on our own OffscreenCanvas, so that the loss of its context is noticed. */
export const webglDriver: BackendDriver = {
  name: "webgl",
  traits: { readBackAliases: true, copiesUploads: false, isSynchronous: false },
  wantsPowersOfTwo: true,
  async start(_options, notify) {
    if (typeof OffscreenCanvas === "undefined") throw unavailable("OffscreenCanvas");
    const canvas = new OffscreenCanvas(300, 150);
    const gl = canvas.getContext("webgl2", CONTEXT_ATTRIBUTES);
    if (gl === null) throw unavailable("WebGL 2 in workers");
    context = gl;
    canvas.addEventListener("webglcontextlost", (event) => {
      event.preventDefault();
      // A context released by `stop` is not a fault. A call under way is answered first, if it notices.
      if (context !== gl) return;
      setTimeout(notify, callCount > 0 ? LATEST_ANSWER_MS : 0, {
        notice: "context-lost",
        message: "The WebGL context was lost.",
      });
    });
    env().set("SOFTWARE_WEBGL_ENABLED", true);
    setWebGLContext(2, gl as unknown as WebGLRenderingContext);
    await activate("webgl", "update the browser or the graphics driver");
    canary = createCanary(gl);
    watch = watchTextures(gl, { allocatedBytes: () => allocatedBytes() ?? 0, isIntact: canary });
    const device = rendererOf(gl);
    return { device, isSoftware: isSoftwareRenderer(device) };
  },
  isIntact: () => canary?.() ?? false,
  gpu: () => context,
  async watch(call) {
    if (watch === undefined) return call();
    callCount++;
    try {
      return await watch(call);
    } finally {
      callCount--;
    }
  },
  heapBytes: allocatedBytes,
  stop() {
    const owned = context;
    context = undefined;
    owned?.getExtension("WEBGL_lose_context")?.loseContext();
  },
};

/** Of all textures, those that are free for reuse included. */
function allocatedBytes(): number | undefined {
  const webgl = backend();
  return webgl instanceof MathBackendWebGL ? webgl.memory().numBytesInGPUAllocated : undefined;
}

function rendererOf(gl: WebGL2RenderingContext): string {
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  return String(gl.getParameter(info === null ? gl.RENDERER : info.UNMASKED_RENDERER_WEBGL));
}

function unavailable(missing: string): ShardError {
  return new ShardError(
    "backend-unavailable",
    `Expected ${missing} for the backend "webgl", but this browser offers none: use "wasm" here.`,
  );
}
