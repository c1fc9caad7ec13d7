import type * as Ort from "onnxruntime-web";
import { fetchFile } from "./peer-model.js";
import type { PeerEngine } from "./peer-engine.js";

/**
 * ONNX Runtime Web's WASM build, one session at a time. It is loaded as its package has it, unbundled, since it starts its threads from its
 * own file.
 * @param folderUrl the package's `dist`, with a slash at the end.
 */
export async function onnxEngine(folderUrl: string, threadCount: number): Promise<PeerEngine> {
  const ort: typeof Ort = await import(/* @vite-ignore */ `${folderUrl}ort.wasm.bundle.min.mjs`);
  ort.env.wasm.wasmPaths = folderUrl;
  ort.env.wasm.numThreads = threadCount;
  return {
    async load(url, itemShape) {
      const file = new Uint8Array(await (await fetchFile(url)).arrayBuffer());
      const session = await ort.InferenceSession.create(file, {
        executionProviders: ["wasm"],
        graphOptimizationLevel: "all",
      });
      const inputName = session.inputNames[0]!;
      const outputName = session.outputNames[0]!;
      return {
        async call(items, itemCount) {
          const input = new ort.Tensor("float32", items, [itemCount, ...itemShape]);
          const output = (await session.run({ [inputName]: input }))[outputName]!;
          const { data } = output;
          if (!(data instanceof Float32Array)) throw new Error(`Expected float32 values, received ${output.type}.`);
          return data;
        },
        unload: () => session.release(),
      };
    },
  };
}
