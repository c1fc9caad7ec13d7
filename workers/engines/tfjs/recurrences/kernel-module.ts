import { ShardError } from "../../../../src/core/errors.js";
import { KERNEL_BASE64 } from "./kernel-binary.js";

/** The entries of workers/kernels/recurrences.ts. */
export type KernelName = "lstm" | "gruResetAfter" | "gruResetBefore" | "simple" | "activateFour";

/** Arguments by the names of the module's globals: counts, and addresses and distances in bytes. */
export type KernelArguments = Readonly<Record<string, number>>;

/** The compiled kernels, with a memory of their own. */
export class KernelModule {
  readonly memory: WebAssembly.Memory;
  readonly #exports: WebAssembly.Exports;

  private constructor({ exports }: WebAssembly.Instance) {
    if (!(exports.memory instanceof WebAssembly.Memory)) throw missing("memory");
    this.memory = exports.memory;
    this.#exports = exports;
  }

  /** @returns `undefined` where the browser has no WASM with SIMD. Compiling takes a few milliseconds. */
  static create(): KernelModule | undefined {
    const bytes = Uint8Array.from(atob(KERNEL_BASE64), (character) => character.charCodeAt(0));
    if (!WebAssembly.validate(bytes)) return undefined;
    return new KernelModule(new WebAssembly.Instance(new WebAssembly.Module(bytes)));
  }

  /** Set arguments. They stay until they are set again. */
  set(values: KernelArguments): void {
    for (const [name, value] of Object.entries(values)) {
      const variable = this.#exports[name];
      if (!(variable instanceof WebAssembly.Global)) throw missing(name);
      variable.value = value;
    }
  }

  run(name: KernelName): void {
    const kernel = this.#exports[name];
    if (typeof kernel !== "function") throw missing(name);
    Reflect.apply(kernel, undefined, []);
  }
}

function missing(name: string): ShardError {
  return new ShardError(
    "internal",
    `Expected the kernels to have "${name}", received none: run npm run build:kernels.`,
  );
}
