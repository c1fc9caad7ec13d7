import { ShardError } from "../core/errors.js";
import type { ModelInfo } from "../model/inspect.js";
import type { BatchMode, TensorSpec } from "../protocol/model-on-wire.js";
import { elementCountOf, type InputTensor } from "../protocol/tensors.js";

/** One tensor for a model with a single input, or tensors by input name. */
export type Inputs = InputTensor | Readonly<Record<string, InputTensor>>;

/** Inputs that have been checked against the model. */
export interface PreparedInputs {
  readonly tensors: Readonly<Record<string, InputTensor>>;
  /** Rows along axis 0 of the batched inputs, ≥ 1. */
  readonly itemCount: number;
  readonly batchedNames: readonly string[];
  readonly mode: BatchMode;
  /** Throughput is learned per class: shapes and dtypes of an item and of the side inputs. */
  readonly shapeClass: string;
}

const DATA_TYPES: Readonly<Record<string, readonly (abstract new (...args: never[]) => object)[]>> = {
  float32: [Float32Array],
  int32: [Int32Array],
  bool: [Uint8Array],
  uint8: [Uint8Array, Uint8ClampedArray],
  string: [Array],
};

/**
 * Check `inputs` against the model and find the batch.
 * @throws ShardError "invalid-input": name, dtype, data, rank, size or batch are not the model's.
 */
export function prepareInputs(model: ModelInfo, inputs: Inputs): PreparedInputs {
  const tensors = byName(model, inputs);
  for (const spec of model.inputs) checkTensor(spec, tensors[spec.name]!);

  const rowsOf = (spec: TensorSpec): number => tensors[spec.name]!.shape[0] ?? 0;
  const carriers = model.inputs.filter((spec) =>
    model.batchMode === "batched" ? spec.shape === undefined || spec.shape[0] === -1 : spec.shape?.[0] === 1,
  );
  const itemCount = Math.max(...carriers.map(rowsOf));
  // In a model fixed at batch 1, an input given once serves every item.
  const batched =
    model.batchMode === "batched" ? carriers : carriers.filter((spec) => itemCount === 1 || rowsOf(spec) !== 1);
  for (const spec of batched) {
    if (rowsOf(spec) !== itemCount) {
      throw invalid(
        `as many rows for "${spec.name}" as for the other inputs (${itemCount})`,
        String(rowsOf(spec)),
        "give every input the same number of items",
      );
    }
  }
  if (itemCount === 0) throw invalid("at least one item", "an empty batch", "leave the call out");
  for (const spec of model.inputs) {
    const rows = spec.shape?.[0];
    if (!batched.includes(spec) && rows !== undefined && rows !== -1 && rows !== rowsOf(spec)) {
      throw mismatch(spec, tensors[spec.name]!);
    }
  }
  const batchedNames = batched.map((spec) => spec.name);
  const shapeClass = model.inputs
    .map(({ name }) => {
      const { dtype, shape } = tensors[name]!;
      return `${name}:${dtype}[${(batchedNames.includes(name) ? shape.slice(1) : shape).join(",")}]`;
    })
    .join(";");
  return { tensors, itemCount, batchedNames, mode: model.batchMode, shapeClass };
}

function byName(model: ModelInfo, inputs: Inputs): Record<string, InputTensor> {
  const names = model.inputs.map((spec) => `"${spec.name}"`).join(", ");
  if (typeof inputs !== "object" || inputs === null) {
    throw invalid(`tensors for ${names}`, String(inputs), "pass { dtype, shape, data }");
  }
  if (isTensor(inputs)) {
    if (model.inputs.length === 1) return { [model.inputs[0]!.name]: inputs };
    throw invalid(`one tensor for each of ${names}`, "a single tensor", "pass them by name");
  }
  const tensors: Record<string, InputTensor> = {};
  for (const { name } of model.inputs) {
    const tensor = inputs[name];
    if (tensor === undefined) {
      throw invalid(`a tensor for "${name}"`, `tensors for ${Object.keys(inputs).join(", ") || "nothing"}`, `the model's inputs are ${names}`);
    }
    tensors[name] = tensor;
  }
  const unknown = Object.keys(inputs).find((name) => !(name in tensors));
  if (unknown !== undefined) throw invalid(`tensors for ${names} alone`, `one for "${unknown}" too`, "correct the name");
  return tensors;
}

function isTensor(value: Inputs): value is InputTensor {
  return "data" in value && "shape" in value && Array.isArray(value.shape);
}

function checkTensor(spec: TensorSpec, tensor: InputTensor): void {
  const input = `input "${spec.name}"`;
  if (typeof tensor !== "object" || tensor === null || !isTensor(tensor)) {
    throw invalid(`a tensor { dtype, shape, data } for ${input}`, JSON.stringify(tensor)?.slice(0, 60), "wrap the data");
  }
  const { dtype, shape, data } = tensor;
  const isBytes = dtype === "uint8" && (spec.dtype === "float32" || spec.dtype === "int32");
  if (dtype !== spec.dtype && !isBytes) {
    throw invalid(`${input} of dtype ${spec.dtype}`, dtype, "convert the data");
  }
  if (!DATA_TYPES[dtype]!.some((type) => data instanceof type)) {
    const expected = DATA_TYPES[dtype]!.map((type) => type.name).join(" or ");
    throw invalid(`${expected} data for ${input} of dtype ${dtype}`, data?.constructor?.name ?? String(data), "convert the data");
  }
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw invalid(`a shape of whole numbers ≥ 0 for ${input}`, JSON.stringify(shape), "give the true sizes");
  }
  if (elementCountOf(shape) !== data.length) {
    throw invalid(`${elementCountOf(shape)} elements for ${input} of shape ${JSON.stringify(shape)}`, String(data.length), "make shape and data agree");
  }
  if (shape.length === 0 && spec.shape === undefined) throw invalid(`${input} with a batch axis`, "a scalar", "add axis 0");
  const expected = spec.shape;
  if (expected === undefined) return;
  // Axis 0 is looked at with the batch.
  if (shape.length !== expected.length || expected.some((size, axis) => axis > 0 && size !== -1 && size !== shape[axis])) {
    throw mismatch(spec, tensor);
  }
}

function mismatch(spec: TensorSpec, tensor: InputTensor): ShardError {
  const expected = spec.shape!;
  const lacksBatch = tensor.shape.length === expected.length - 1;
  return invalid(
    `input "${spec.name}" of shape ${JSON.stringify(expected)}`,
    JSON.stringify(tensor.shape),
    lacksBatch ? "add the batch as axis 0" : "resize or reshape the items first",
  );
}

function invalid(expected: string, received: string, advice: string): ShardError {
  return new ShardError("invalid-input", `Expected ${expected}, received ${received}: ${advice}.`);
}
