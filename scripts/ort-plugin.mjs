// ONNX Runtime's scripts name their .wasm files beside themselves, for pages that name none. Our workers always do, and Vite would write
// those addresses in a form that the bundlers of a library's users don't recognise. So they are left out.

const script = /onnxruntime-web\/dist\/ort\.\w+\.bundle\.min\.mjs$/;
const address = /new URL\("ort-wasm[\w.-]+\.wasm",\s*import\.meta\.url\)\.href/g;

/** @returns {import("vite").Plugin} */
export function ortPlugin() {
  return {
    name: "inference-sharder:ort",
    // Before Vite makes assets of them.
    enforce: "pre",
    transform(code, id) {
      if (!script.test(id)) return undefined;
      const without = code.replace(address, "undefined");
      if (without === code) throw new Error(`Expected ${id} to name its .wasm file, received none: adapt ortPlugin.`);
      return { code: without, map: null };
    },
  };
}
