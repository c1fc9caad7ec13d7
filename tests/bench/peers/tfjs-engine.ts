import { loadGraphModel } from "@tensorflow/tfjs-converter";
import { ready, setBackend, tensor, zeros, type NamedTensorMap, type Tensor } from "@tensorflow/tfjs-core";
import { loadLayersModel } from "@tensorflow/tfjs-layers";
import { configureWasm } from "../tfjs-wasm.js";
import type { PeerEngine } from "./peer-engine.js";

export type TfjsBackend = "wasm" | "webgl" | "webgpu";

type Predict = (input: Tensor, itemCount: number) => Promise<Tensor>;

/** TF.js as its users call it, with one backend. It keeps its engine in a global, so a realm has one of these. */
export async function tfjsEngine(backend: TfjsBackend): Promise<PeerEngine> {
  configureWasm();
  if (backend === "webgl") await import("@tensorflow/tfjs-backend-webgl");
  if (backend === "webgpu") await import("@tensorflow/tfjs-backend-webgpu");
  if (!(await setBackend(backend))) throw new Error(`TF.js can't use ${backend} here.`);
  await ready();
  return {
    async load(url, itemShape, { format }) {
      const { predict, dispose } = await (format === "graph" ? loadGraph(url, itemShape) : loadLayers(url));
      return {
        async call(items, itemCount) {
          const input = tensor(items, [itemCount, ...itemShape]);
          const output = await predict(input, itemCount);
          const values = await output.data<"float32">();
          input.dispose();
          output.dispose();
          return values;
        },
        unload: dispose,
      };
    },
  };
}

interface LoadedTfjs {
  readonly predict: Predict;
  readonly dispose: () => void;
}

async function loadLayers(url: string): Promise<LoadedTfjs> {
  const model = await loadLayersModel(url);
  return {
    // By default, it would cut the call into batches of 32.
    predict: async (input, itemCount) => onlyOne(model.predict(input, { batchSize: itemCount })),
    dispose: () => void model.dispose(),
  };
}

/** A graph with loops runs asynchronously only, and says so when it is called otherwise. */
async function loadGraph(url: string, itemShape: readonly number[]): Promise<LoadedTfjs> {
  const model = await loadGraphModel(url);
  const predict: Predict = async (input) => onlyOne(model.predict(input));
  const predictInLoops: Predict = async (input) => onlyOne(await model.executeAsync(input));
  const dispose = (): void => model.dispose();
  const trial = zeros([1, ...itemShape]);
  try {
    (await predict(trial, 1)).dispose();
    return { predict, dispose };
  } catch (thrown) {
    if (!String(thrown).includes("dynamic op")) throw thrown;
    return { predict: predictInLoops, dispose };
  } finally {
    trial.dispose();
  }
}

function onlyOne(outputs: Tensor | Tensor[] | NamedTensorMap): Tensor {
  const all = Array.isArray(outputs) ? outputs : "dtype" in outputs ? [outputs as Tensor] : Object.values(outputs);
  if (all.length !== 1) throw new Error(`Expected a model with one output, received ${all.length}.`);
  return all[0]!;
}
