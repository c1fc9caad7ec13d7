import { loadAndCompile, loadLiteRt, supportsFeature, Tensor } from "@litertjs/core";
import { fetchFile } from "./peer-model.js";
import type { PeerEngine } from "./peer-engine.js";

/**
 * LiteRT.js on the CPU, in a module worker. Its loader calls `importScripts`, which throws there. So its script is imported as a module
 * instead, with an export added to its text, and `importScripts` only hands over what that exports.
 *
 * @param folderUrl the package's `wasm`, with a slash at the end.
 * @param threadCount 1 takes the build without threads.
 */
export async function litertEngine(folderUrl: string, threadCount: number): Promise<PeerEngine> {
  const script = folderUrl + (await scriptName(threadCount));
  const factory = await importFactory(script);
  // What LiteRT's loader and its script leave in the global scope for each other.
  Object.assign(globalThis, {
    importScripts: () => Object.assign(globalThis, { ModuleFactory: factory }),
    Module: { locateFile: (file: string) => folderUrl + file, mainScriptUrlOrBlob: script },
  });
  await loadLiteRt(script);
  return {
    async load(url, itemShape, { callItemCount }) {
      const file = new Uint8Array(await (await fetchFile(url)).arrayBuffer());
      const model = await loadAndCompile(file, { accelerator: "wasm", cpuOptions: { numThreads: threadCount } });
      const itemLength = itemShape.reduce((product, size) => product * size, 1);
      return {
        async call(items, itemCount) {
          // The file fixes the batch, so a call of fewer items is filled up.
          const filled = itemCount === callItemCount ? items : new Float32Array(callItemCount * itemLength);
          if (filled !== items) filled.set(items);
          const input = new Tensor(filled, [callItemCount, ...itemShape]);
          const [output] = await model.run([input]);
          const values = output!.toTypedArray();
          if (!(values instanceof Float32Array)) throw new Error("Expected float32 values.");
          // A view of the engine's memory would change with the next call.
          const kept = values.slice(0, (values.length / callItemCount) * itemCount);
          input.delete();
          output!.delete();
          return kept;
        },
        unload: () => model.delete(),
      };
    },
  };
}

/** Of the builds that the package has, the one that its own loader would take. */
async function scriptName(threadCount: number): Promise<string> {
  const relaxedSimd = await supportsFeature("relaxedSimd");
  if (threadCount === 1) return relaxedSimd ? "litert_wasm_internal.js" : "litert_wasm_compat_internal.js";
  if (!relaxedSimd) throw new Error("LiteRT.js has threads only with relaxed SIMD, which this browser lacks.");
  return "litert_wasm_threaded_internal.js";
}

async function importFactory(scriptUrl: string): Promise<unknown> {
  const text = await (await fetchFile(scriptUrl)).text();
  const moduleUrl = URL.createObjectURL(
    new Blob([text, "\nexport default ModuleFactory;"], { type: "text/javascript" }),
  );
  try {
    const { default: factory }: { default: unknown } = await import(/* @vite-ignore */ moduleUrl);
    return factory;
  } finally {
    URL.revokeObjectURL(moduleUrl);
  }
}
