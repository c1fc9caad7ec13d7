// TensorFlow Lite files of tests/fixtures/tflite, on workers that a test chooses, against what TensorFlow's own interpreter gave.
import { createSharder, type OutputValue, type Tensor } from "inference-sharder";
import type { SharderOptions } from "../../src/sharder/options.js";

/** A tensor as the files beside the models have it. */
interface Saved {
  readonly dtype: "float32" | "int32";
  readonly shape: number[];
  readonly data: number[];
}

export interface TfliteCase {
  readonly inputs: Record<string, Tensor>;
  readonly outputs: Record<string, Tensor>;
}

const addressOf = (name: string): string => `fixtures/tflite/${name}`;

/** @param repeat so many times the items, to have work for several shards. */
export async function tfliteCase(name: string, repeat = 1): Promise<TfliteCase> {
  const saved: Record<keyof TfliteCase, Record<string, Saved>> = await (await fetch(`${addressOf(name)}.json`)).json();
  const tensorsOf = (each: Record<string, Saved>): Record<string, Tensor> =>
    Object.fromEntries(Object.entries(each).map(([key, tensor]) => [key, tensorOf(tensor, repeat)]));
  return { inputs: tensorsOf(saved.inputs), outputs: tensorsOf(saved.outputs) };
}

function tensorOf({ dtype, shape: [items = 1, ...rest], data }: Saved, repeat: number): Tensor {
  const shape = [items * repeat, ...rest];
  const values = Array.from({ length: repeat }, () => data).flat();
  return dtype === "int32"
    ? { dtype, shape, data: Int32Array.from(values) }
    : { dtype, shape, data: Float32Array.from(values) };
}

export async function tfliteBytes(name: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await fetch(`${addressOf(name)}.tflite`)).arrayBuffer());
}

export interface TfliteRun {
  readonly format: string;
  /** Before and after the run. */
  readonly modes: readonly (string | undefined)[];
  readonly layerCount: number;
  readonly weightBytes: number;
  readonly workers: readonly { readonly engine: string; readonly backend: string; readonly state: string }[];
  /** Of each output, as `harness.difference` has them. */
  readonly gaps: readonly number[];
}

/** Load a file, run its items, and compare. @param difference as `harness.difference` */
export async function runTflite(
  name: string,
  options: Partial<SharderOptions>,
  difference: (found: OutputValue | undefined, expected: Tensor) => number,
  repeat = 1,
): Promise<TfliteRun> {
  const { inputs, outputs } = await tfliteCase(name, repeat);
  const sharder = await createSharder({ model: `${addressOf(name)}.tflite`, ...options });
  try {
    const { format, batchMode, layerCount, weightBytes } = sharder.model;
    const found = await sharder.predict(inputs);
    const workers = sharder.workers.map(({ engine, backend, state }) => ({ engine, backend, state }));
    const gaps = Object.entries(outputs).map(([key, expected]) => difference(found[key], expected));
    return { format, modes: [batchMode, sharder.model.batchMode], layerCount, weightBytes, workers, gaps };
  } finally {
    await sharder.dispose();
  }
}
