import * as tf from "@tensorflow/tfjs";
import "@tensorflow/tfjs-backend-webgpu";
import type { ModelArtifacts, Tensor } from "inference-sharder";
import { configureWasm } from "../bench/tfjs-wasm.js";

configureWasm();
tf.env().set("SOFTWARE_WEBGL_ENABLED", true);

/**
 * Run a model with TF.js alone on this page. It is the oracle of every sharded result.
 * @param inputs by the model's own tensor or layer names.
 * @returns the outputs in the model's order.
 */
export async function runWhole(
  backend: string,
  model: string | ModelArtifacts,
  inputs: readonly Tensor[],
): Promise<Tensor[]> {
  await tf.setBackend(backend);
  await tf.ready();
  const source =
    typeof model === "string"
      ? new URL(model, document.baseURI).href
      : tf.io.fromMemory(model as unknown as tf.io.ModelArtifacts);
  const isLayers = await isLayersModel(model);
  const loaded = isLayers ? await tf.loadLayersModel(source) : await tf.loadGraphModel(source);
  const feeds = inputs.map((input) => tf.tensor(input.data, input.shape, input.dtype));
  const batchSize = Math.max(1, inputs[0]!.shape[0]!);
  const results =
    loaded instanceof tf.GraphModel
      ? await loaded.executeAsync(
          Object.fromEntries(loaded.inputs.map((input, i) => [input.name, feeds[i]!])),
          loaded.outputs.map((output) => output.name),
        )
      : loaded.predict(feeds.length === 1 ? feeds[0]! : feeds, { batchSize });
  const list = (Array.isArray(results) ? results : [results]) as tf.Tensor[];
  const read = await Promise.all(
    list.map(
      async (result) =>
        ({
          dtype: result.dtype,
          shape: result.shape.slice(),
          data: (await result.data()).slice(),
        }) as unknown as Tensor,
    ),
  );
  for (const each of [...feeds, ...list]) each.dispose();
  loaded.dispose();
  return read;
}

/** Save a model with TF.js itself, as its users do. @param address such as "indexeddb://NAME" */
export async function saveModel(model: ModelArtifacts, address: string): Promise<void> {
  await tf.setBackend("cpu");
  const source = tf.io.fromMemory(model as unknown as tf.io.ModelArtifacts);
  const loaded = (await isLayersModel(model)) ? await tf.loadLayersModel(source) : await tf.loadGraphModel(source);
  await loaded.save(address);
  loaded.dispose();
}

async function isLayersModel(model: string | ModelArtifacts): Promise<boolean> {
  const topology =
    typeof model === "string"
      ? ((await (await fetch(model)).json()) as { modelTopology: object }).modelTopology
      : model.modelTopology;
  return !("node" in topology);
}
