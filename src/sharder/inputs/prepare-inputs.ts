import { ShardError } from "../../core/errors.js";
import { batchLayoutOf, mayCarryItems, type BatchLayout } from "../../model/batch/batch-layout.js";
import type { ModelInfo } from "../../model/inspect.js";
import type { BatchMode, TensorSpec } from "../../protocol/model-on-wire.js";
import { orShardError } from "../../protocol/raw-errors.js";
import { ownView, typedArrayName } from "../../protocol/realms.js";
import { copyTensor } from "../../protocol/rows.js";
import { elementCountOf, type InputTensor, type Uint8Tensor } from "../../protocol/tensors.js";

/** One tensor for a model with a single input, or tensors by input name. */
export type Inputs = InputTensor | Readonly<Record<string, InputTensor>>;

/** Inputs that were checked against the model. */
export interface PreparedInputs {
  readonly tensors: Readonly<Record<string, InputTensor>>;
  /** Rows along axis 0 of the batched inputs, ≥ 1. Without a batch, the call counts as one item. */
  readonly itemCount: number;
  readonly batchedNames: readonly string[];
  /** The mode, if the shapes of the model's inputs decide it; `undefined` where axis 0 is free. */
  readonly fixedMode: BatchMode | undefined;
  /** How many items a call takes where that is fixed; else 1. */
  readonly groupItemCount: number;
  /**
   * Shapes, dtypes and scaling of an item and of the side inputs. Throughput is learned per class, and only items of one class may
   * share a shard.
   */
  readonly shapeClass: string;
}

/** The platform's classes that hold each dtype. */
const DATA_TYPES = {
  float32: ["Float32Array"],
  int32: ["Int32Array"],
  bool: ["Uint8Array"],
  uint8: ["Uint8Array", "Uint8ClampedArray"],
  string: ["Array"],
} as const satisfies Readonly<Record<InputTensor["dtype"], readonly string[]>>;

/**
 * Check `inputs` against the model and find the batch.
 * @param sideNames for a model whose batch is fixed: the inputs that go with every call, as earlier chunks of a stream have shown. A
 *        chunk for a single call can't show it.
 * @throws ShardError "invalid-input" if a name, dtype, rank, size, batch or the data does not fit the model, or can't be read.
 */
export function prepareInputs(
  model: ModelInfo,
  inputs: Inputs,
  sideNames: ReadonlySet<string> = new Set(),
): PreparedInputs {
  return orShardError("invalid-input", "tensors that can be read", "pass plain objects and arrays", () =>
    checkInputs(model, inputs, sideNames),
  );
}

function checkInputs(model: ModelInfo, inputs: Inputs, sideNames: ReadonlySet<string>): PreparedInputs {
  const tensors = byName(model, inputs);
  const rowsOf = (spec: TensorSpec): number => tensors[spec.name]!.shape[0] ?? 0;
  const layout = batchLayoutOf(model.inputs);
  const carriers = model.inputs.filter(
    (spec) => mayCarryItems(spec, layout) && (spec.shape !== undefined || tensors[spec.name]!.shape.length > 0),
  );
  const groupItemCount = layout.kind === "fixed" ? layout.itemCount : 1;
  const itemCount = carriers.length === 0 ? 1 : Math.max(...carriers.map(rowsOf));
  // Where the batch is fixed, an input that is given once serves every call.
  const batched =
    layout.kind === "free"
      ? carriers
      : carriers.filter(
          (spec) => !sideNames.has(spec.name) && (itemCount === groupItemCount || rowsOf(spec) !== groupItemCount),
        );
  for (const spec of batched) {
    if (rowsOf(spec) !== itemCount) {
      throw invalid(
        `as many rows for "${spec.name}" as for the other inputs (${itemCount})`,
        String(rowsOf(spec)),
        "give every input the same number of items",
      );
    }
  }
  if (itemCount === 0) throw invalid("at least one item", "an empty batch", "skip the call");
  if (itemCount % groupItemCount !== 0) {
    throw invalid(
      `items in groups of ${groupItemCount}, at which the model fixes axis 0 of "${carriers[0]!.name}"`,
      `${itemCount}, which leaves a rest of ${itemCount % groupItemCount}`,
      "leave the rest out, or fill the last group up",
    );
  }
  for (const spec of model.inputs) {
    const rows = spec.shape?.[0];
    if (!batched.includes(spec) && rows !== undefined && rows !== -1 && rows !== rowsOf(spec)) {
      throw mismatch(spec, tensors[spec.name]!);
    }
  }
  const batchedNames = batched.map((spec) => spec.name);
  const shapeClass = model.inputs
    .map(({ name }) => {
      const tensor = tensors[name]!;
      const sizes = batchedNames.includes(name) ? tensor.shape.slice(1) : tensor.shape;
      const scaling = tensor.dtype === "uint8" ? `*${tensor.scale ?? 1}+${tensor.offset ?? 0}` : "";
      return `${name}:${tensor.dtype}${scaling}[${sizes.join(",")}]`;
    })
    .join(";");
  const fixedMode = carriers.length === 0 ? "whole" : modeOfLayout(layout);
  return { tensors, itemCount, batchedNames, fixedMode, groupItemCount, shapeClass };
}

function modeOfLayout(layout: BatchLayout): BatchMode | undefined {
  if (layout.kind === "free") return undefined;
  if (layout.kind === "none") return "whole";
  return layout.itemCount === 1 ? "item-by-item" : "groups";
}

/** A copy with its own tensors, so that the caller may change theirs. O(bytes). @throws ShardError "out-of-memory", "invalid-input" */
export function copyInputs(inputs: PreparedInputs): PreparedInputs {
  return orShardError("invalid-input", "tensors that can be copied", "don't detach them before", () => {
    const tensors = Object.fromEntries(
      Object.entries(inputs.tensors).map(([name, tensor]) => [name, copyTensor(tensor)]),
    );
    return { ...inputs, tensors };
  });
}

function byName(model: ModelInfo, inputs: Inputs): Record<string, InputTensor> {
  const names = model.inputs.map((spec) => `"${spec.name}"`).join(", ");
  if (typeof inputs !== "object" || inputs === null || Array.isArray(inputs) || ArrayBuffer.isView(inputs)) {
    throw invalid(`tensors for ${names}`, show(inputs), "pass { dtype, shape, data }");
  }
  if (isTensor(inputs)) {
    if (model.inputs.length !== 1)
      throw invalid(`one tensor for each of ${names || "no inputs"}`, "a single tensor", "pass them by name");
    const spec = model.inputs[0]!;
    return Object.fromEntries([[spec.name, checkTensor(spec, inputs)]]);
  }
  const given = Object.keys(inputs);
  const missing = model.inputs.find(({ name }) => !given.includes(name) || inputs[name] === undefined);
  if (missing !== undefined) {
    const received = given.slice(0, 8).join(", ") || "nothing";
    throw invalid(`a tensor for "${missing.name}"`, `tensors for ${received}`, `the model's inputs are ${names}`);
  }
  const unknown = given.find((name) => !model.inputs.some((spec) => spec.name === name));
  if (unknown !== undefined)
    throw invalid(`tensors for ${names} alone`, `one for "${unknown}" too`, "correct the name");
  return Object.fromEntries(model.inputs.map((spec) => [spec.name, checkTensor(spec, inputs[spec.name]!)]));
}

function isTensor(value: Inputs): value is InputTensor {
  return "data" in value && "shape" in value && Array.isArray(value.shape);
}

/** @returns only the fields of a tensor: whatever else the caller's object carries might not be cloneable. */
function checkTensor(spec: TensorSpec, tensor: InputTensor): InputTensor {
  const input = `input "${spec.name}"`;
  if (typeof tensor !== "object" || tensor === null || !isTensor(tensor)) {
    throw invalid(`a tensor { dtype, shape, data } for ${input}`, show(tensor), "wrap the data");
  }
  const { dtype } = tensor;
  const shape = Array.from(tensor.shape);
  const isBytes = dtype === "uint8" && (spec.dtype === "float32" || spec.dtype === "int32");
  if (dtype !== spec.dtype && !isBytes) {
    throw invalid(`${input} of dtype ${spec.dtype}`, String(dtype), "convert the data");
  }
  const data = checkData(input, tensor);
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw invalid(`a shape of whole numbers ≥ 0 for ${input}`, JSON.stringify(shape), "give the true sizes");
  }
  if (elementCountOf(shape) !== data.length) {
    throw invalid(
      `${elementCountOf(shape)} elements for ${input} of shape ${JSON.stringify(shape)}`,
      String(data.length),
      "make shape and data agree",
    );
  }
  if (shape.some((size, axis) => axis > 0 && size === 0)) {
    throw invalid(
      `items with at least one element for ${input}`,
      `shape ${JSON.stringify(shape)}`,
      "leave empty items out",
    );
  }
  if (dtype === "string" && Array.isArray(data)) checkStrings(input, data);
  if (dtype === "uint8" && spec.dtype === "int32" && ((tensor.scale ?? 1) !== 1 || (tensor.offset ?? 0) !== 0)) {
    throw invalid(`unscaled bytes for ${input} of dtype int32`, "a scale or an offset", "leave them out");
  }
  const checked = { dtype, shape, data, ...(dtype === "uint8" ? scalingOf(input, tensor) : {}) } as InputTensor;
  // Axis 0 is checked together with the batch.
  const fits = (size: number, axis: number): boolean => axis === 0 || size === -1 || size === shape[axis];
  if (spec.shape !== undefined && !(shape.length === spec.shape.length && spec.shape.every(fits)))
    throw mismatch(spec, checked);
  return checked;
}

/** @returns the data as arrays of this frame's classes: they may come from another one. */
function checkData(input: string, { dtype, data }: InputTensor): InputTensor["data"] {
  const types: readonly string[] = DATA_TYPES[dtype];
  if (dtype === "string" && Array.isArray(data)) return data;
  const name = typedArrayName(data);
  if (name !== undefined && types.includes(name) && !Array.isArray(data)) return ownView(data);
  const expected = types.join(" or ");
  if (typeof data === "function") {
    throw invalid(
      `${expected} data for ${input}`,
      "a TF.js tensor",
      "pass { dtype, shape, data: await tensor.data() }",
    );
  }
  const received = name ?? (data as object | undefined)?.constructor?.name ?? String(data);
  // Frameworks that observe objects wrap them.
  const isWrapped = name === undefined && types.includes(received);
  throw invalid(
    `${expected} data for ${input} of dtype ${dtype}`,
    isWrapped ? `a Proxy of a ${received}` : received,
    isWrapped ? "pass the array itself (Vue's toRaw returns it)" : "convert the data",
  );
}

function checkStrings(input: string, data: readonly unknown[]): void {
  const wrong = data.findIndex((value) => typeof value !== "string");
  if (wrong >= 0) throw invalid(`strings for ${input}`, `${String(data[wrong])} at ${wrong}`, "convert the data");
}

function scalingOf(input: string, { scale, offset }: Uint8Tensor): Pick<Uint8Tensor, "scale" | "offset"> {
  for (const [name, value] of Object.entries({ scale, offset })) {
    if (value !== undefined && !Number.isFinite(value)) {
      throw invalid(`a finite ${name} for the bytes of ${input}`, String(value), "correct it or leave it out");
    }
  }
  return { ...(scale === undefined ? {} : { scale }), ...(offset === undefined ? {} : { offset }) };
}

/** Describe what was passed instead of tensors. It may be anything, even a cyclic object or an element of the page. */
function show(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value).slice(0, 60);
  const { name } = (value as Partial<object>).constructor ?? {};
  return `a bare ${typeof name === "string" ? name : "object"}`;
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
