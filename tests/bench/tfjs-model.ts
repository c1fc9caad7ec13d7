import { loadGraphModel, type GraphModel } from "@tensorflow/tfjs-converter";
import { io, tensor, type Tensor } from "@tensorflow/tfjs-core";
import { loadLayersModel, type LayersModel } from "@tensorflow/tfjs-layers";
import type { Batch, ModelSource } from "./bench-models.js";
import type { Values } from "./statistics.js";

/** TF.js as its users call it: load, then `predict` and `data()` on slices of the batch. */
export interface TfjsModel {
  /**
   * @param chunkItemCount items per `predict`; with the batch's own count, it runs whole.
   * @returns the outputs of the whole batch, in the model's order.
   */
  run(batch: Batch, chunkItemCount: number): Promise<Values[]>;
  dispose(): void;
}

/** Load a model into the engine's current backend. */
export async function loadTfjsModel(source: ModelSource): Promise<TfjsModel> {
  const topology =
    typeof source === "string"
      ? ((await (await fetch(source)).json()) as { modelTopology: object }).modelTopology
      : source.modelTopology;
  const handler = typeof source === "string" ? source : io.fromMemory(source as unknown as io.ModelArtifacts);
  const model: GraphModel | LayersModel =
    "node" in topology ? await loadGraphModel(handler) : await loadLayersModel(handler);
  const predict = predictorOf(model, topology);
  return {
    run: (batch, chunkItemCount) => runInChunks(predict, batch, chunkItemCount),
    dispose: () => void model.dispose(),
  };
}

type Predict = (input: Tensor, batchSize: number) => Promise<Tensor | Tensor[] | Record<string, Tensor>>;

/** TF.js runs loops only asynchronously. */
function predictorOf(model: GraphModel | LayersModel, topology: object): Predict {
  const hasLoops = JSON.stringify(topology).includes('"op":"LoopCond"');
  if (hasLoops && "executeAsync" in model) return (input) => model.executeAsync(input);
  // By default, a layers model would cut the chunk into batches of 32.
  return async (input, batchSize) => model.predict(input, { batchSize });
}

async function runInChunks(predict: Predict, batch: Batch, chunkItemCount: number): Promise<Values[]> {
  const { itemCount } = batch;
  if (chunkItemCount >= itemCount) return runChunk(predict, batch, 0, itemCount);
  let gathered: Values[] | undefined;
  for (let first = 0; first < itemCount; first += chunkItemCount) {
    const count = Math.min(chunkItemCount, itemCount - first);
    const outputs = await runChunk(predict, batch, first, count);
    gathered ??= outputs.map((output) => allocate(output, (output.length / count) * itemCount));
    gathered.forEach((target, index) => {
      const output = outputs[index]!;
      target.set(output, (output.length / count) * first);
    });
  }
  return gathered!;
}

async function runChunk(predict: Predict, { itemShape, data }: Batch, first: number, count: number): Promise<Values[]> {
  const itemLength = itemShape.reduce((product, size) => product * size, 1);
  const input = tensor(data.subarray(first * itemLength, (first + count) * itemLength), [count, ...itemShape]);
  const predicted = await predict(input, count);
  const outputs: Tensor[] = Array.isArray(predicted)
    ? predicted
    : predicted instanceof Object && "dtype" in predicted
      ? [predicted as Tensor]
      : Object.values(predicted);
  const values = await Promise.all(outputs.map((output) => output.data() as Promise<Values>));
  input.dispose();
  for (const output of outputs) output.dispose();
  return values;
}

function allocate(like: Values, length: number): Values {
  if (like instanceof Float32Array) return new Float32Array(length);
  return like instanceof Int32Array ? new Int32Array(length) : new Uint8Array(length);
}
