import type { Tensor } from "inference-sharder";

/** What a framework computed for a small model: the contents of a `case.json`. */
export interface StoredCase {
  readonly name: string;
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** By the names that the case gives them. A Keras model's own names differ, so they are compared in order. */
  readonly outputs: readonly (readonly [name: string, tensor: Tensor | { readonly dtype: "complex64" }])[];
  /** Matches the reason for which an honest refusal counts as right; `undefined` where the model must run. */
  readonly refused: RegExp | undefined;
  /** Of a `.tflite` file that has several. */
  readonly signature?: string | undefined;
}

/** A tensor as `case.json` has it. */
export interface Saved {
  readonly dtype: string;
  readonly shape: number[];
  readonly data: (number | string | boolean)[];
}

/**
 * @param text a `case.json`: tests/cases/make/README.md describes it; or values beside another fixture, by name or in order.
 * @param name in place of one that the file does not have.
 */
export function readCaseFile(text: string, name = ""): StoredCase {
  const saved = JSON.parse(text) as Record<"inputs" | "outputs", Record<string, Saved> | Saved[]> & {
    readonly name?: string;
    readonly refused?: string;
    readonly signature?: string;
  };
  return {
    name: saved.name ?? name,
    inputs: Object.fromEntries(Object.entries(saved.inputs).map(([key, tensor]) => [key, readTensor(tensor)])),
    outputs: Object.entries(saved.outputs).map(([key, tensor]) => [
      key,
      tensor.dtype === "complex64" ? { dtype: "complex64" } : readTensor(tensor),
    ]),
    refused: saved.refused === undefined ? undefined : new RegExp(saved.refused, "i"),
    signature: saved.signature,
  };
}

/** JSON has no numbers for these. */
const NON_FINITE: Readonly<Record<string, number>> = { nan: NaN, inf: Infinity, "-inf": -Infinity };

export function readTensor({ dtype, shape, data }: Saved): Tensor {
  if (dtype === "string") return { dtype, shape, data: data.map(String) };
  const values = data.map((value) => (typeof value === "string" ? NON_FINITE[value]! : Number(value)));
  if (dtype === "int32") return { dtype, shape, data: Int32Array.from(values) };
  if (dtype === "bool") return { dtype, shape, data: Uint8Array.from(values) };
  return { dtype: "float32", shape, data: Float32Array.from(values) };
}

/**
 * The case's inputs by the model's own names. Keras 3 calls a tensor otherwise than the layer that gives it: then the order says
 * which is which.
 */
export function nameInputs(
  inputs: StoredCase["inputs"],
  specs: readonly { readonly name: string }[],
): Record<string, Tensor> {
  const names = Object.keys(inputs);
  if (names.every((name) => specs.some((spec) => spec.name === name))) return { ...inputs };
  return Object.fromEntries(names.map((name, index) => [specs[index]?.name ?? name, inputs[name]!]));
}
