import { messageOf } from "../../../src/protocol/error-record.js";
import type { RefusalCause } from "./activate.js";

/** The shortest WebAssembly module: its magic number and version. */
const EMPTY_MODULE = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

/**
 * Find out why a WebAssembly binary does not start: the browser or the page's policy allows none, or the server sends something else.
 * @returns `undefined` if nothing is wrong with the binary.
 */
export async function findWasmRefusal(url: string): Promise<RefusalCause | undefined> {
  try {
    await WebAssembly.compile(EMPTY_MODULE);
  } catch (thrown) {
    return {
      what: `WebAssembly is not allowed here: ${messageOf(thrown)}`,
      advice:
        "add 'wasm-unsafe-eval' to script-src in the Content-Security-Policy of the page and of its worker scripts",
    };
  }
  const { href } = new URL(url, self.location.href);
  try {
    const response = await fetch(href);
    const head = new Uint8Array(await response.arrayBuffer()).subarray(0, 64);
    const isWasm = EMPTY_MODULE.subarray(0, 4).every((byte, index) => head[index] === byte);
    if (response.ok && isWasm) return undefined;
    const text = new TextDecoder().decode(head);
    const received = !response.ok
      ? `HTTP ${response.status}`
      : /^\s*</.test(text)
        ? "an HTML page"
        : text.startsWith("version https://git-lfs")
          ? "a Git LFS pointer"
          : "something else than WebAssembly";
    return {
      what: `${received} at ${response.redirected ? `${href}, redirected to ${response.url}` : href}`,
      advice: "serve the .wasm files of the build beside its scripts",
    };
  } catch (thrown) {
    return {
      what: `${href} can't be fetched: ${messageOf(thrown)}`,
      advice:
        "check that the page may fetch the .wasm files served beside it (connect-src in its Content-Security-Policy, CORS)",
    };
  }
}
