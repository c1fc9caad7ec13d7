// LiteRT's scripts are made for importScripts, which module workers lack: each leaves one function in the global scope. Here they get an
// export instead of what they end with for other kinds of modules, so that they are chunks of the build like any other.

const script = /@litertjs\/core\/wasm\/litert_wasm_\w*internal\.js$/;
const otherExports = "if (typeof exports === 'object' && typeof module === 'object')";

/** @returns {import("vite").Plugin} */
export function litertPlugin() {
  return {
    name: "inference-sharder:litert",
    // Before anybody looks for the module's kind.
    enforce: "pre",
    transform(code, id) {
      if (!script.test(id)) return undefined;
      const end = code.lastIndexOf(otherExports);
      if (end < 0)
        throw new Error(`Expected ${id} to end with "${otherExports}", received another end: adapt litertPlugin.`);
      // What only Node would run asks for modules that browsers lack, and bundlers warn of that.
      const forBrowsers = code.slice(0, end).replace(/\brequire\("node:\w+"\)/g, "undefined");
      return { code: `${forBrowsers}\nexport default ModuleFactory;\n`, map: null };
    },
  };
}
