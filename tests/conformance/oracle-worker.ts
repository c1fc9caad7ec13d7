// TF.js alone, loaded and run like its users do. It uses nothing of this project but the types of tensors.
import * as tf from "@tensorflow/tfjs";
import "@tensorflow/tfjs-backend-webgpu";
import { expose } from "comlink";
import type { BackendName, InputTensor, Tensor, TensorSpec } from "inference-sharder";
import { configureWasm } from "../bench/tfjs-wasm.js";

let model: tf.GraphModel | tf.LayersModel | undefined;

const oracle = {
  /** @throws if TF.js refuses the backend or the model */
  async load(backend: BackendName, url: string): Promise<void> {
    configureWasm();
    tf.env().set("SOFTWARE_WEBGL_ENABLED", true);
    if (!(await tf.setBackend(backend))) throw new Error(`TF.js could not start ${backend}`);
    await tf.ready();
    const { modelTopology } = (await (await fetch(url)).json()) as { modelTopology: object };
    model = "node" in modelTopology ? await tf.loadGraphModel(url) : await tf.loadLayersModel(url);
  },

  /** Names and shapes as TF.js states them. */
  async describe() {
    const { inputs, outputs } = model!;
    const spec = ({ name, shape, dtype }: { name: string; shape?: (number | null)[]; dtype: string }): TensorSpec => ({
      name,
      shape: shape?.map((size) => size ?? -1),
      dtype: dtype as TensorSpec["dtype"],
    });
    return { inputs: inputs.map(spec), outputs: outputs.map(({ name }) => ({ name })) };
  },

  /**
   * Run the whole model once.
   * @param inputs by public name, in the model's order.
   * @returns outputs in the order of `outputNames`; a Keras model has that order anyway.
   */
  async run(inputs: Readonly<Record<string, InputTensor>>, outputNames: readonly string[]): Promise<Tensor[]> {
    const entries = Object.entries(inputs).map(([name, { data, shape, dtype }]): [string, tf.Tensor] => [
      name,
      tf.tensor(data, [...shape], dtype as "float32"),
    ]);
    let results: tf.Tensor[] = [];
    try {
      results = await callModel(entries, outputNames);
      return await Promise.all(results.map(read));
    } finally {
      for (const each of [...entries.map(([, tensor]) => tensor), ...results]) each.dispose();
    }
  },
};

async function callModel(entries: [string, tf.Tensor][], outputNames: readonly string[]): Promise<tf.Tensor[]> {
  if (model === undefined) throw new Error("no model is loaded");
  if (model instanceof tf.GraphModel) {
    const results = await model.executeAsync(Object.fromEntries(entries), [...outputNames]);
    return (Array.isArray(results) ? results : [results]).map((result) => result.clone());
  }
  const feeds = entries.map(([, tensor]) => tensor);
  const results = model.predict(feeds.length === 1 ? feeds[0]! : feeds, { batchSize: feeds[0]!.shape[0] ?? 1 });
  return Array.isArray(results) ? results : [results];
}

async function read(tensor: tf.Tensor): Promise<Tensor> {
  const data = await tensor.data();
  // WebGL returns booleans as floats.
  const own = Array.isArray(data) ? [...data] : tensor.dtype === "bool" ? Uint8Array.from(data) : data.slice();
  return { dtype: tensor.dtype, shape: tensor.shape.slice(), data: own } as unknown as Tensor;
}

export type OracleApi = typeof oracle;
expose(oracle);
