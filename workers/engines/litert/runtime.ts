import type { LiteRt } from "@litertjs/core";
import compatUrl from "@litertjs/core/wasm/litert_wasm_compat_internal.wasm?url";
import plainUrl from "@litertjs/core/wasm/litert_wasm_internal.wasm?url";
import threadedScriptUrl from "@litertjs/core/wasm/litert_wasm_threaded_internal.js?url";
import threadedUrl from "@litertjs/core/wasm/litert_wasm_threaded_internal.wasm?url";
import { ShardError } from "../../../src/core/errors.js";
import { messageOf } from "../../../src/protocol/error-record.js";

/** LiteRT in WASM, as the package declares its functions. */
export type LitertModule = LiteRt["liteRtWasm"];
export type TensorBuffer = InstanceType<LitertModule["LiteRtTensorBuffer"]>;
export type Environment = ReturnType<LitertModule["LiteRtEnvironment"]["create"]>;
export type LitertModel = ReturnType<LitertModule["loadModel"]>;
export type CompiledModel = Awaited<ReturnType<LitertModule["compileModel"]>>;

/** An instance of LiteRT. There is one in a worker. */
export interface Litert {
  readonly module: LitertModule;
  readonly environment: Environment;
  /** What it has printed as errors since the last time it was asked. */
  takeErrors(): string;
}

/** A module that the browser takes if it has relaxed SIMD: a function that swizzles a vector with `i8x16.relaxed_swizzle`. */
const RELAXED_SIMD = new Uint8Array([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  // Its type: no parameters, one vector.
  ...[1, 5, 1, 0x60, 0, 1, 0x7b],
  ...[3, 2, 1, 0],
  // i32.const 0, i8x16.splat, twice; i8x16.relaxed_swizzle; end.
  ...[10, 15, 1, 13, 0, 0x41, 0, 0xfd, 15, 0x41, 0, 0xfd, 15, 0xfd, 0x80, 2, 0x0b],
]);

/** Longer reports are cut off. */
const MAX_ERRORS_LENGTH = 600;

/**
 * Start LiteRT.
 * @param threadCount more than 1 needs shared memory and relaxed SIMD.
 * @param device what the accelerator "webgpu" computes on.
 * @throws ShardError "backend-unavailable" saying what the browser lacks.
 */
export async function startLitert(threadCount: number, device: GPUDevice | null): Promise<Litert> {
  const build = await buildFor(threadCount);
  let errors = "";
  try {
    const { default: createModule } = await build.load();
    const module = await createModule({
      locateFile: () => build.wasmUrl,
      ...(build.scriptUrl === undefined ? {} : { mainScriptUrlOrBlob: build.scriptUrl }),
      print: () => {},
      // It reports its progress there, too.
      printErr: (line) => {
        if (/^ERROR|^Aborted|RAW:/.test(line)) errors = `${errors}${line}\n`.slice(-MAX_ERRORS_LENGTH);
      },
    });
    const environment = module.LiteRtEnvironment.create(device);
    const takeErrors = (): string => {
      const taken = errors.trim();
      errors = "";
      return taken;
    };
    return { module, environment, takeErrors };
  } catch (cause) {
    throw new ShardError(
      "backend-unavailable",
      `Expected the engine LiteRT to start in a worker, but it refused (${messageOf(cause)}): check that the page may fetch the scripts and .wasm files of the build, or convert the model for TF.js.`,
      { cause },
    );
  }
}

export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(RELAXED_SIMD);
}

interface Build {
  readonly load: () => Promise<{
    readonly default: typeof import("@litertjs/core/wasm/litert_wasm_internal.js").default;
  }>;
  readonly wasmUrl: string;
  /** Of the script that threads start with. */
  readonly scriptUrl?: string;
}

async function buildFor(threadCount: number): Promise<Build> {
  if (threadCount > 1) {
    const lacks = !hasRelaxedSimd()
      ? "this browser has no relaxed SIMD"
      : globalThis.crossOriginIsolated === true
        ? undefined
        : "this page is not cross-origin isolated";
    if (lacks !== undefined) {
      throw new ShardError(
        "backend-unavailable",
        `Expected a page in which LiteRT can have ${threadCount} threads, but ${lacks}: leave "threads" out, and start several workers instead.`,
      );
    }
    return {
      load: () => import("@litertjs/core/wasm/litert_wasm_threaded_internal.js"),
      wasmUrl: threadedUrl,
      scriptUrl: new URL(threadedScriptUrl, import.meta.url).href,
    };
  }
  return hasRelaxedSimd()
    ? { load: () => import("@litertjs/core/wasm/litert_wasm_internal.js"), wasmUrl: plainUrl }
    : { load: () => import("@litertjs/core/wasm/litert_wasm_compat_internal.js"), wasmUrl: compatUrl };
}
