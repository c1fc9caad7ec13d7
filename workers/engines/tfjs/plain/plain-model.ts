import { GraphModel, loadGraphModel } from "@tensorflow/tfjs-converter";
import { add, cast, dispose, io, mul, Tensor, tensor, tidy, type NamedTensorMap } from "@tensorflow/tfjs-core";
import { loadLayersModel, type LayersModel } from "@tensorflow/tfjs-layers";
import type { PlainDevice, PlainLoad, PlainRun, PlainValues } from "../../../../src/protocol/plain-api.js";
import type { InputTensor } from "../../../../src/protocol/tensors.js";
import { startBackend } from "./start-backend.js";

/** Start the backend and load the model, as the guide of TF.js shows it. */
export async function loadPlain({
  backend,
  format,
  model,
  acceptsSoftware,
}: PlainLoad<File>): Promise<{ readonly model: PlainModel; readonly device: PlainDevice }> {
  const device = await startBackend(backend, acceptsSoftware);
  const source = typeof model === "string" ? model : io.browserFiles(jsonFirst(model));
  const loaded = format === "graph-model" ? await loadGraphModel(source) : await loadLayersModel(source);
  return { model: new PlainModel(loaded), device };
}

/** TF.js wants model.json before the weights. */
function jsonFirst(files: readonly File[]): File[] {
  return [...files].sort((a, b) => Number(b.name.endsWith(".json")) - Number(a.name.endsWith(".json")));
}

/** A model of TF.js: `predict`, then `data()`, call by call. */
export class PlainModel {
  readonly #model: GraphModel | LayersModel;
  /** Graphs with control flow or with outputs of unknown size run only so. */
  #isAsync = false;

  constructor(model: GraphModel | LayersModel) {
    this.#model = model;
  }

  async run({ inputs, itemCount, itemsPerCall }: PlainRun): Promise<PlainValues[]> {
    const outputs: PlainValues[] = [];
    for (let first = 0; first < itemCount; first += itemsPerCall) {
      const count = Math.min(itemsPerCall, itemCount - first);
      const tensors = Object.entries(inputs).map(([name, value]) => ({
        name,
        value: toTensor(value.shape[0] === itemCount ? rowsOf(value, first, count) : value),
      }));
      const predicted = await this.#predict(tensors, count);
      outputs.push(...(await Promise.all(predicted.map((output) => output.data() as Promise<PlainValues>))));
      dispose([...tensors.map(({ value }) => value), ...predicted]);
    }
    return outputs;
  }

  async #predict(tensors: readonly NamedTensor[], batchSize: number): Promise<Tensor[]> {
    const inputs = this.#inputsOf(tensors);
    if (!(this.#model instanceof GraphModel)) {
      // By default, a layers model would cut the call into batches of 32.
      return listOf(this.#model.predict(Array.isArray(inputs) ? inputs : Object.values(inputs), { batchSize }));
    }
    if (!this.#isAsync) {
      try {
        return listOf(this.#model.predict(inputs));
      } catch (thrown) {
        if (!/executeAsync/.test(String(thrown))) throw thrown;
        this.#isAsync = true;
      }
    }
    return listOf(await this.#model.executeAsync(inputs));
  }

  /** In the model's order, or by node where a graph has several inputs. */
  #inputsOf(tensors: readonly NamedTensor[]): Tensor[] | NamedTensorMap {
    if (!(this.#model instanceof GraphModel) || tensors.length === 1) return tensors.map(({ value }) => value);
    const signature = (this.#model.modelSignature as Signature | undefined)?.inputs;
    return Object.fromEntries(tensors.map(({ name, value }) => [signature?.[name]?.name ?? name, value]));
  }
}

interface NamedTensor {
  readonly name: string;
  readonly value: Tensor;
}

interface Signature {
  readonly inputs?: Readonly<Record<string, { readonly name?: string }>>;
}

function listOf(predicted: Tensor | Tensor[] | NamedTensorMap): Tensor[] {
  if (predicted instanceof Tensor) return [predicted];
  return Array.isArray(predicted) ? predicted : Object.values(predicted);
}

/** `count` rows from `first` on. */
function rowsOf(value: InputTensor, first: number, count: number): InputTensor {
  const length = value.data.length / (value.shape[0] ?? 1);
  const shape = [count, ...value.shape.slice(1)];
  // One member of the union at a time, so that dtype and data stay together.
  const [from, to] = [first * length, (first + count) * length];
  switch (value.dtype) {
    case "float32":
      return { dtype: value.dtype, shape, data: value.data.subarray(from, to) };
    case "int32":
      return { dtype: value.dtype, shape, data: value.data.subarray(from, to) };
    case "bool":
      return { dtype: value.dtype, shape, data: value.data.subarray(from, to) };
    case "string":
      return { dtype: value.dtype, shape, data: value.data.slice(from, to) };
    case "uint8":
      return { ...value, shape, data: value.data.subarray(from, to) };
  }
}

function toTensor(value: InputTensor): Tensor {
  const shape = [...value.shape];
  if (value.dtype !== "uint8") return tensor(value.data, shape, value.dtype);
  const { data, scale = 1, offset = 0 } = value;
  return tidy(() => add(mul(cast(tensor(new Uint8Array(data), shape, "int32"), "float32"), scale), offset));
}
