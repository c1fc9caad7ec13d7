export interface AdapterReport {
  /** Vendor and architecture of the WebGPU adapter; "none" if there is none. */
  readonly webgpu: string;
  /** WebGL renderer; "none" if there is none. */
  readonly webgl: string;
  readonly hasRealWebGpu: boolean;
}

let report: Promise<AdapterReport> | undefined;

/** The devices on which the browser computes graphics. */
export function readAdapter(): Promise<AdapterReport> {
  report ??= read();
  return report;
}

async function read(): Promise<AdapterReport> {
  // Not every browser has it, although the DOM types say so.
  const gpu = navigator.gpu as GPU | undefined;
  const adapter = await gpu?.requestAdapter({ powerPreference: "high-performance" }).catch(() => null);
  const info = adapter?.info;
  const isSoftware = info === undefined || info.isFallbackAdapter || info.architecture === "swiftshader";
  const name = [info?.vendor, info?.architecture, info?.description].filter(Boolean).join(" ");
  return { webgpu: info === undefined ? "none" : name || "unnamed", webgl: rendererName(), hasRealWebGpu: !isSoftware };
}

function rendererName(): string {
  const gl = new OffscreenCanvas(1, 1).getContext("webgl2");
  if (gl === null) return "none";
  const extension = gl.getExtension("WEBGL_debug_renderer_info");
  const name = String(gl.getParameter(extension === null ? gl.RENDERER : extension.UNMASKED_RENDERER_WEBGL));
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return name;
}
