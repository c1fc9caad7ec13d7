import type { InputTensor, TensorSpec } from "../../../index.js";
import { itemCountOf } from "./fit-tensor.js";
import { readTensor } from "./read-tensor.js";

/** Files that were read, for the run that follows; released with the file. */
const read = new WeakMap<File, { readonly input: string; readonly tensor: Promise<InputTensor> }>();

/** Read a file once, though it is checked when it is chosen and used when the model runs. */
export function readTensorOnce(file: File, spec: TensorSpec): Promise<InputTensor> {
  const known = read.get(file);
  const input = `${spec.name} ${spec.dtype} ${spec.shape?.join() ?? ""}`;
  if (known?.input === input) return known.tensor;
  const tensor = readTensor(file, spec);
  read.set(file, { input, tensor });
  return tensor;
}

/** @throws ShardError "invalid-input" if the file doesn't fit the input. */
export async function checkTensorFile(
  file: File,
  spec: TensorSpec,
): Promise<{ readonly itemCount: number; readonly shape: readonly number[] }> {
  const tensor = await readTensorOnce(file, spec);
  return { itemCount: itemCountOf(tensor, spec), shape: tensor.shape };
}
