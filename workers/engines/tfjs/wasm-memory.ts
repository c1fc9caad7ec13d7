import { ShardError } from "../../../src/core/errors.js";
import { messageOf } from "../../../src/protocol/error-record.js";
import { EngineBroken } from "../../runtime/engine.js";
import { isTrap } from "./trap.js";
import { wasmHeap } from "./wasm-heap.js";

/** How far a memory of 32-bit addresses can grow; Emscripten's limit, one page below 4 GiB. */
export const MAX_HEAP_BYTES = 2 ** 32 - 2 ** 16;
/** XNNPACK's status for a failed allocation. One beyond the end of 32-bit addresses fails without an attempt to grow. */
const OUT_OF_MEMORY = /Got status 6\b/;
const MAX_LINE_LENGTH = 300;
/** A trap in a heap that is fuller than this is put down to the want of memory. */
const NEARLY_FULL = 0.9;

/**
 * Notices that TF.js's WASM backend runs short of memory. By itself it doesn't: a failed `malloc` returns the address 0, at which TF.js
 * writes; a kernel that can't allocate prints a warning and leaves its output as it was, and a trap leaves the heap in any state.
 */
export class WasmMemory {
  readonly #maxBytes: number;
  /** Code in the WASM binary wanted memory that it didn't get. From then on nothing can be trusted. */
  #brokenBy: EngineBroken | undefined;
  /** TF.js wants room for a tensor. */
  #isAllocatingTensor = false;
  /** What the binary has printed, in the present call. */
  #printed: string[] | undefined;

  /** @param maxBytes how far the heap may grow; less than the default only in tests. */
  constructor(maxBytes: number = MAX_HEAP_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** Start the backend, so that its memory is watched from its first moment. @param start makes WASM the backend of TF.js. */
  async attach(start: () => Promise<void>): Promise<void> {
    const restore = [this.#tapOutput(), this.#tapGrowth("instantiate"), this.#tapGrowth("instantiateStreaming")];
    try {
      await start();
    } finally {
      for (const each of restore) each();
    }
    this.#checkAllocations();
  }

  /**
   * Run a call of TF.js.
   * @throws EngineBroken if code in the binary ran out of memory or trapped; ShardError "out-of-memory" if a tensor found no room (the
   *         backend is whole), "model-failed" if a kernel has printed that it failed; whatever `call` throws.
   */
  readonly watch = async <T>(call: () => Promise<T>): Promise<T> => {
    const printed: string[] = [];
    this.#printed = printed;
    try {
      const value = await call();
      if (this.#brokenBy !== undefined) throw this.#brokenBy;
      if (printed.length > 0) throw kernelFailed(printed.join(" "));
      return value;
    } catch (thrown) {
      if (this.#brokenBy !== undefined) throw this.#brokenBy;
      throw isTrap(thrown) ? this.#trapped(thrown) : thrown;
    } finally {
      this.#printed = undefined;
    }
  };

  /** Emscripten binds the console's function when its module is made, and prints through it from then on. */
  #tapOutput(): () => void {
    const { warn } = console;
    let isStarting = true;
    console.warn = (...parts: unknown[]): void => {
      const line = parts.map(String).join(" ").slice(0, MAX_LINE_LENGTH);
      if (isStarting || this.#printed === undefined) warn.apply(console, parts);
      else if (OUT_OF_MEMORY.test(line)) this.#break(line);
      else this.#printed.push(line);
    };
    return () => {
      isStarting = false;
      console.warn = warn;
    };
  }

  /** Every allocation that needs more memory than there is goes through one import of the binary. */
  #tapGrowth(name: "instantiate" | "instantiateStreaming"): () => void {
    const original: unknown = Reflect.get(WebAssembly, name);
    // Some browsers don't stream.
    if (typeof original !== "function") return () => {};
    Reflect.set(WebAssembly, name, (source: unknown, imports?: WebAssembly.Imports): unknown =>
      Reflect.apply(original, WebAssembly, [source, imports === undefined ? imports : this.#watched(imports)]),
    );
    return () => Reflect.set(WebAssembly, name, original);
  }

  #watched(imports: WebAssembly.Imports): WebAssembly.Imports {
    const grow = imports.env?.emscripten_resize_heap;
    if (typeof grow !== "function") return imports;
    const watched = (byteCount: number): boolean => {
      // Addresses above 2 GiB arrive as negative numbers.
      const hasGrown = byteCount >>> 0 <= this.#maxBytes && Boolean(Reflect.apply(grow, undefined, [byteCount]));
      if (!hasGrown && !this.#isAllocatingTensor) this.#break(`${inMb(byteCount >>> 0)} in all`);
      return hasGrown;
    };
    return { ...imports, env: { ...imports.env, emscripten_resize_heap: watched } };
  }

  /** TF.js allocates its tensors with `_malloc`, and takes the address 0 for a tensor's place. */
  #checkAllocations(): void {
    const heap = wasmHeap();
    if (heap === undefined) throw new ShardError("internal", "Expected a WASM heap after the start, received none.");
    // Emscripten replaces the function by the binary's own when it is called for the first time.
    heap._free(heap._malloc(1));
    const malloc = heap._malloc.bind(heap);
    heap._malloc = (byteCount) => {
      this.#isAllocatingTensor = true;
      // A larger number would be taken modulo 2³².
      const address = byteCount > this.#maxBytes ? 0 : malloc(byteCount);
      this.#isAllocatingTensor = false;
      if (address !== 0 || byteCount === 0) return address;
      // Nothing in the binary has been disturbed.
      throw new ShardError("out-of-memory", this.#describe(`${inMb(byteCount)} for a tensor`));
    };
  }

  /** End the call in the middle of the kernel, before it computes with what it didn't get. @throws EngineBroken */
  #break(reason: string): never {
    this.#brokenBy ??= this.#ranOut(reason);
    throw this.#brokenBy;
  }

  #ranOut(reason: string, cause?: unknown): EngineBroken {
    return new EngineBroken("out-of-memory", this.#describe(`what a kernel needs besides its tensors (${reason})`), {
      cause,
    });
  }

  #trapped(thrown: unknown): EngineBroken {
    const usedBytes = wasmHeap()?.HEAPU8.byteLength ?? 0;
    if (usedBytes > NEARLY_FULL * this.#maxBytes) return this.#ranOut(messageOf(thrown), thrown);
    const message = `Expected the model's kernels to run to their end, but it failed with a trap (${messageOf(thrown)}): run these items on another backend.`;
    return new EngineBroken("trapped", message, { cause: thrown });
  }

  #describe(what: string): string {
    const used = inMb(wasmHeap()?.HEAPU8.byteLength ?? 0);
    return `Expected room in the WASM memory for ${what}, but it failed with ${used} of at most ${inMb(this.#maxBytes)} reserved: use smaller items, or split the model by layers.`;
  }
}

function kernelFailed(printed: string): ShardError {
  const message = `Expected every kernel to succeed, but it failed (${printed}): run the model on another backend, since this one would return wrong numbers.`;
  return new ShardError("model-failed", message);
}

function inMb(byteCount: number): string {
  return `${Math.ceil(byteCount / 2 ** 20)} MB`;
}
