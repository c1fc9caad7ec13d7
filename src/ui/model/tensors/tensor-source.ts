import { randomInputs, ShardError, type InputTensor, type Inputs, type ModelInfo } from "../../../index.js";
import { freeSizeFor, type FreeSizes, type RunRequest } from "../model-request.js";
import { readTensorOnce } from "./check-tensor-file.js";
import { isBatched } from "./fit-tensor.js";

/** Items that are given to the sharder at a time. */
const STEP = 32;

/**
 * The number of items in the tensors that were read.
 * @throws ShardError "invalid-input" if they differ.
 */
export function commonItemCount(
  model: Pick<ModelInfo, "inputs">,
  tensors: Readonly<Record<string, InputTensor>>,
): number {
  const counts = model.inputs.flatMap((spec) => {
    const rows = isBatched(spec) ? tensors[spec.name]?.shape[0] : undefined;
    return rows === undefined ? [] : [{ name: spec.name, rows }];
  });
  const [first, ...others] = counts;
  const odd = others.find(({ rows }) => rows !== first!.rows);
  if (odd === undefined) return first?.rows ?? 1;
  throw new ShardError(
    "invalid-input",
    `Expected as many items for "${odd.name}" as for "${first!.name}", which has ${first!.rows}, received ${odd.rows}: choose files with a row for each item.`,
  );
}

/**
 * Read the files of a run.
 * @throws ShardError "invalid-input" if one doesn't fit its input, or their numbers of items differ.
 */
export async function openTensors(
  model: Pick<ModelInfo, "inputs">,
  { files, sizes }: Extract<RunRequest, { kind: "tensors" }>,
): Promise<Iterable<Inputs>> {
  const entries = await Promise.all(
    model.inputs.flatMap((spec) => {
      const file = files[spec.name];
      return file === undefined
        ? []
        : [readTensorOnce(file, spec).then((tensor): [string, InputTensor] => [spec.name, tensor])];
    }),
  );
  const tensors = Object.fromEntries(entries);
  commonItemCount(model, tensors);
  return tensorBatches(model, tensors, sizes);
}

/** The model's inputs, some items at a time. An input without a tensor gets random numbers. */
export function* tensorBatches(
  model: Pick<ModelInfo, "inputs">,
  tensors: Readonly<Record<string, InputTensor>>,
  sizes: FreeSizes,
): Generator<Inputs, void, undefined> {
  const itemCount = commonItemCount(model, tensors);
  const isSingle = model.inputs.some((spec) => isBatched(spec) && spec.shape?.[0] === 1);
  const step = isSingle ? 1 : STEP;
  const others = model.inputs.filter(({ name }) => tensors[name] === undefined);
  for (let first = 0; first < itemCount; first += step) {
    const count = Math.min(step, itemCount - first);
    const random = randomInputs(
      { inputs: others },
      { itemCount: count, freeSize: freeSizeFor(sizes), seed: first + 1 },
    );
    const given = model.inputs.flatMap((spec): [string, InputTensor][] => {
      const tensor = tensors[spec.name];
      if (tensor === undefined) return [];
      return [[spec.name, isBatched(spec) ? rowsOf(tensor, first, count) : tensor]];
    });
    yield { ...random, ...Object.fromEntries(given) };
  }
}

function rowsOf(tensor: InputTensor, first: number, count: number): InputTensor {
  const size = tensor.data.length / Math.max(1, tensor.shape[0] ?? 1);
  const shape = [count, ...tensor.shape.slice(1)];
  const [from, to] = [first * size, (first + count) * size];
  switch (tensor.dtype) {
    case "string":
      return { ...tensor, shape, data: tensor.data.slice(from, to) };
    case "float32":
      return { ...tensor, shape, data: tensor.data.subarray(from, to) };
    case "int32":
      return { ...tensor, shape, data: tensor.data.subarray(from, to) };
    case "bool":
      return { ...tensor, shape, data: tensor.data.subarray(from, to) };
    case "uint8":
      return { ...tensor, shape, data: tensor.data.subarray(from, to) };
  }
}
