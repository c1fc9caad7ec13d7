// LiteRT's scripts are made for importScripts, which module workers lack: each leaves one function in the global scope. Here they are given
// an export, so that they are chunks of the build like any other.

const script = /@litertjs\/core\/wasm\/litert_wasm_\w*internal\.js$/;

/** @returns {import("vite").Plugin} */
export function litertPlugin() {
  return {
    name: "inference-sharder:litert",
    // Before anybody looks for the module's kind: a branch for Node makes it look like CommonJS.
    enforce: "pre",
    transform: (code, id) =>
      script.test(id) ? { code: `${code}\nexport default ModuleFactory;\n`, map: null } : undefined,
  };
}
