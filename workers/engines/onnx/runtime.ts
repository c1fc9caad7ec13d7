import type { Env, InferenceSession, Tensor } from "onnxruntime-web/wasm";
import { ShardError } from "../../../src/core/errors.js";
import { messageOf } from "../../../src/protocol/error-record.js";

/** The parts of the package's module that are used; each of its builds has them. */
export interface OrtModule {
  readonly env: Env;
  readonly InferenceSession: typeof InferenceSession;
  readonly Tensor: typeof Tensor;
}

/** An instance of ONNX Runtime. There is one in a worker. */
export interface Ort {
  readonly module: OrtModule;
  /** Bytes of its memory, which grows and never shrinks. */
  heapBytes(): number;
}

export interface OrtBuild {
  /** Its script is a chunk of its own, which threads run, too. */
  readonly load: () => Promise<OrtModule>;
  readonly wasmUrl: string;
  readonly threadCount: number;
  readonly provider: InferenceSession.ExecutionProviderConfig;
}

/** A model that returns its input, in ONNX. With a session of it, the runtime starts at once instead of with the first model. */
const IDENTITY = new Uint8Array([
  // The version of the format, and the graph.
  ...[0x08, 8, 0x3a, 47],
  // Its node: x, y and "Identity".
  ...[0x0a, 16, 0x0a, 1, 0x78, 0x12, 1, 0x79, 0x22, 8, 0x49, 0x64, 0x65, 0x6e, 0x74, 0x69, 0x74, 0x79],
  // Its name, "g".
  ...[0x12, 1, 0x67],
  // The input x and the output y: float32, no axes.
  ...[0x5a, 11, 0x0a, 1, 0x78, 0x12, 6, 0x0a, 4, 0x08, 1, 0x12, 0],
  ...[0x62, 11, 0x0a, 1, 0x79, 0x12, 6, 0x0a, 4, 0x08, 1, 0x12, 0],
  // Version 13 of ONNX's operations.
  ...[0x42, 4, 0x0a, 0, 0x10, 13],
]);

/**
 * Start ONNX Runtime.
 * @throws ShardError "backend-unavailable" saying what the browser lacks.
 */
export async function startOrt({ load, wasmUrl, threadCount, provider }: OrtBuild): Promise<Ort> {
  if (threadCount > 1 && globalThis.crossOriginIsolated !== true) {
    throw new ShardError(
      "backend-unavailable",
      `Expected a page in which ONNX Runtime can have ${threadCount} threads, but this page is not cross-origin isolated: leave "threads" out, and start several workers instead.`,
    );
  }
  const watched = watchMemory();
  try {
    const module = await load();
    const { env } = module;
    // What fails is thrown, too.
    env.logLevel = "fatal";
    Object.assign(env.wasm, { numThreads: threadCount, wasmPaths: { wasm: new URL(wasmUrl, import.meta.url).href } });
    const session = await module.InferenceSession.create(IDENTITY, { executionProviders: [provider] });
    await session.release();
    return { module, heapBytes: () => watched.memory()?.buffer.byteLength ?? 0 };
  } catch (cause) {
    throw new ShardError(
      "backend-unavailable",
      `Expected the engine ONNX Runtime to start in a worker, but it refused (${messageOf(cause)}): check that the page may fetch the scripts and .wasm files of the build.`,
      { cause },
    );
  } finally {
    watched.stop();
  }
}

/** The package shows nobody the memory that it makes for itself, so it is caught when it is made. */
function watchMemory(): { readonly memory: () => WebAssembly.Memory | undefined; readonly stop: () => void } {
  const { Memory } = WebAssembly;
  let latest: WebAssembly.Memory | undefined;
  WebAssembly.Memory = new Proxy(Memory, {
    construct(target, [descriptor]: [WebAssembly.MemoryDescriptor]) {
      const made = new target(descriptor);
      // One without pages only serves to ask for its kind.
      if (descriptor.initial > 0) latest = made;
      return made;
    },
  });
  return { memory: () => latest, stop: () => void (WebAssembly.Memory = Memory) };
}
