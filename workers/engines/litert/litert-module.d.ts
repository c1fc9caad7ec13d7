/**
 * The scripts of LiteRT's builds, to which `scripts/litert-plugin.mjs` adds an export. Each makes an instance of LiteRT in WASM, whose
 * functions are declared by the package for its own use: its public API takes floats, int32 and uint8 only, and keeps memory when a load
 * fails.
 */
declare module "@litertjs/core/wasm/litert_wasm*internal.js" {
  const createModule: (options: {
    readonly locateFile: (file: string) => string;
    readonly mainScriptUrlOrBlob?: string;
    readonly print: (line: string) => void;
    readonly printErr: (line: string) => void;
  }) => Promise<import("@litertjs/core").LiteRt["liteRtWasm"]>;
  export default createModule;
}
