// Models of tests/fixtures/onnx and tests/fixtures/tflite, on workers that a test chooses, against what their own runtimes gave.
import { createSharder, type OutputValue, type Tensor } from "inference-sharder";
import type { SharderOptions } from "../../src/sharder/options.js";

export type SavedFormat = "onnx" | "tflite";

/** A tensor as the files beside the models have it. */
interface Saved {
  readonly dtype: Tensor["dtype"];
  readonly shape: number[];
  readonly data: (number | string)[];
}

export interface SavedCase {
  readonly inputs: Record<string, Tensor>;
  readonly outputs: Record<string, Tensor>;
}

const folderOf = (format: SavedFormat): string => `fixtures/${format}`;

/** @param repeat so many times the items, to have work for several shards. */
export async function savedCase(format: SavedFormat, name: string, repeat = 1): Promise<SavedCase> {
  const response = await fetch(`${folderOf(format)}/${name}.json`);
  const saved: Record<keyof SavedCase, Record<string, Saved>> = await response.json();
  const tensorsOf = (each: Record<string, Saved>): Record<string, Tensor> =>
    Object.fromEntries(Object.entries(each).map(([key, tensor]) => [key, tensorOf(tensor, repeat)]));
  return { inputs: tensorsOf(saved.inputs), outputs: tensorsOf(saved.outputs) };
}

function tensorOf({ dtype, shape: [items = 1, ...rest], data }: Saved, repeat: number): Tensor {
  const shape = [items * repeat, ...rest];
  const values = Array.from({ length: repeat }, () => data).flat();
  switch (dtype) {
    case "string":
      return { dtype, shape, data: values.map(String) };
    case "int32":
      return { dtype, shape, data: Int32Array.from(values, Number) };
    case "bool":
      return { dtype, shape, data: Uint8Array.from(values, Number) };
    case "float32":
      return { dtype, shape, data: Float32Array.from(values, Number) };
  }
}

/** @param file with its extension */
export async function savedBytes(format: SavedFormat, file: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await fetch(`${folderOf(format)}/${file}`)).arrayBuffer());
}

/** A file of the folder, as a user chooses it. */
export async function savedFile(format: SavedFormat, file: string): Promise<File> {
  return new File([await savedBytes(format, file)], file);
}

export interface SavedRun {
  readonly format: string;
  /** Before and after the run. */
  readonly modes: readonly (string | undefined)[];
  readonly layerCount: number;
  readonly weightBytes: number;
  readonly workers: readonly { readonly engine: string; readonly backend: string; readonly state: string }[];
  /** Of each output of numbers, as `harness.difference` has them; of texts, 0 if they are equal. */
  readonly gaps: readonly number[];
}

/** Load a file, run its items, and compare. @param difference as `harness.difference` */
export async function runSaved(
  [format, name]: readonly [SavedFormat, string],
  options: Partial<SharderOptions>,
  difference: (found: OutputValue | undefined, expected: Tensor) => number,
  repeat = 1,
): Promise<SavedRun> {
  const { inputs, outputs } = await savedCase(format, name, repeat);
  const sharder = await createSharder({ model: `${folderOf(format)}/${name}.${format}`, ...options });
  try {
    const { batchMode, layerCount, weightBytes } = sharder.model;
    const found = await sharder.predict(inputs);
    const workers = sharder.workers.map(({ engine, backend, state }) => ({ engine, backend, state }));
    const gaps = Object.entries(outputs).map(([key, expected]) =>
      expected.dtype === "string" ? textDifference(found[key], expected) : difference(found[key], expected),
    );
    const modes = [batchMode, sharder.model.batchMode];
    return { format: sharder.model.format, modes, layerCount, weightBytes, workers, gaps };
  } finally {
    await sharder.dispose();
  }
}

function textDifference(found: OutputValue | undefined, expected: Tensor): number {
  return JSON.stringify(found) === JSON.stringify(expected) ? 0 : Infinity;
}
