/** What software renderers call themselves: Chromium's SwiftShader, Mesa's llvmpipe, and the "Microsoft Basic Render Driver". */
const SOFTWARE_RENDERER = /swiftshader|llvmpipe|software|basic render/i;

/** Whether a GPU of this name is really a program on the CPU. @param name WebGL's renderer string, or the device of a worker's report. */
export function isSoftwareRenderer(name: string): boolean {
  return SOFTWARE_RENDERER.test(name);
}

/** The part of a `GPUAdapterInfo` that matters here; browsers leave out what they don't know. */
interface AdapterInfo {
  readonly isFallbackAdapter?: boolean;
  readonly architecture?: string;
}

/** Whether a WebGPU adapter computes on the CPU. Some versions of Chromium do not call SwiftShader a fallback. */
export function isSoftwareAdapter({ isFallbackAdapter, architecture }: AdapterInfo): boolean {
  return isFallbackAdapter === true || architecture === "swiftshader";
}
