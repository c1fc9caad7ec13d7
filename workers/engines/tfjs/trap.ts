/** Whether WASM code broke off in the middle. Emscripten's aborts are traps, too. */
export function isTrap(thrown: unknown): boolean {
  return thrown instanceof WebAssembly.RuntimeError;
}
