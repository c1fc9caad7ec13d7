import { ShardError } from "../../core/errors.js";
import type { TfliteBinding } from "../../protocol/model-on-wire.js";
import { isTflite } from "../load/is-tflite.js";
import { findSizesKnown, numberOf } from "./computed-sizes.js";
import { elementOf } from "./element-types.js";
import { FlatTable } from "./flat-table.js";
import { malformedTflite } from "./malformed-tflite.js";
import { BUFFER, MODEL, OPERATION, QUANTIZATION, SIGNATURE, SUBGRAPH, TENSOR, TENSOR_MAP } from "./schema.js";

/** The subgraph that runs, and the tensors of its inputs and outputs, by index. */
export interface TfliteEnds {
  readonly subgraph: number;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/** What a `.tflite` file says about itself, without its operations. */
export interface TfliteInterface {
  readonly inputs: readonly TfliteBinding[];
  readonly outputs: readonly TfliteBinding[];
  /** The key of the signature that they belong to; `undefined` for a file without any. */
  readonly signature: string | undefined;
  /** Keys of all signatures. */
  readonly signatures: readonly string[];
  readonly operatorCount: number;
  /** Whether the sizes of tensors inside of it are known only while it runs. */
  readonly computesShapes: boolean;
  /** Bytes of all constants. */
  readonly weightBytes: number;
  readonly description: string | undefined;
  /** What runs, in the order of the inputs and outputs. */
  readonly ends: TfliteEnds;
  /** Of the kinds of operations, in the file's order. */
  readonly operationNumbers: readonly number[];
}

/** More than any model has; a damaged file may claim millions. */
const MAX_TENSORS = 1_000;
const MAX_SIGNATURES = 1_000;
const MAX_OPERATIONS = 10_000;
const MAX_SUBGRAPHS = 100_000;
const MAX_BUFFERS = 1_000_000;
/** TensorFlow Lite's own limit is lower for most operations. */
const MAX_RANK = 16;
/** What runs if nobody names another one: the signature that converters write. */
const USUAL_SIGNATURE = "serving_default";

/**
 * Read what a page has to know of a TensorFlow Lite model. Nothing that the file claims is believed before it is compared with the file's
 * size, so a damaged one is refused at once.
 *
 * @param wanted the key of the signature to run. Default: "serving_default", or else the first.
 * @throws ShardError "model-malformed", "invalid-options" for a key that no signature has, "model-unsupported" for
 *         inputs or outputs of a type that has no counterpart here, and for operations of TensorFlow itself.
 * O(subgraphs + buffers + the operands of all operations).
 */
export function readTfliteInterface(bytes: Uint8Array, wanted?: string): TfliteInterface {
  if (bytes.length < 8 || !isTflite(bytes)) {
    throw malformedTflite(
      bytes.length === 0 ? "an empty file" : "other bytes at its beginning",
      "a .tflite file, whose bytes 4 to 7 are TFL3",
    );
  }
  const model = FlatTable.rootOf(bytes);
  const numbers = readOperations(model);
  const { chosen, keys } = readSignatures(model, wanted);
  const subgraph = model.tableAt(MODEL.subgraphs, chosen?.uint32(SIGNATURE.subgraph) ?? 0);
  const found = chosen === undefined ? unsigned(subgraph) : signed(chosen, subgraph);
  if (found.inputs.length === 0 || found.outputs.length === 0) {
    throw malformedTflite(`${found.inputs.length} inputs and ${found.outputs.length} outputs`, "a model with both");
  }
  const sizes = findSizesKnown(model, subgraph, numbers);
  if (sizes !== "from-inputs") requireFixedSizes(found, sizes);
  return {
    inputs: found.inputs,
    outputs: found.outputs,
    ends: { subgraph: chosen?.uint32(SIGNATURE.subgraph) ?? 0, ...found.ends },
    operationNumbers: numbers,
    computesShapes: sizes !== "from-inputs",
    signature: chosen?.text(SIGNATURE.key),
    signatures: keys,
    operatorCount: countOperators(model),
    weightBytes: sumBuffers(model),
    description: model.text(MODEL.description),
  };
}

/**
 * What converters leave to TensorFlow itself (SELECT_TF_OPS), LiteRT on the web has not, and says so only when it runs.
 * @returns the numbers of the kinds of operations.
 * @throws ShardError "model-unsupported"
 */
function readOperations(model: FlatTable): number[] {
  const count = limited(model.lengthOf(MODEL.operations, 4), MAX_OPERATIONS, "kinds of operations");
  const operations = Array.from({ length: count }, (_, index) => model.tableAt(MODEL.operations, index));
  const names = operations.map((each) => each.text(OPERATION.custom) ?? "").filter((name) => name.startsWith("Flex"));
  if (names.length === 0) return operations.map(numberOf);
  const known = names.slice(0, 5).map((name) => name.slice("Flex".length, 80));
  throw new ShardError(
    "model-unsupported",
    `Expected operations of TensorFlow Lite alone, received some of TensorFlow (${known.join(", ")}): convert the model without SELECT_TF_OPS, or for TF.js.`,
  );
}

/**
 * LiteRT writes beyond an output whose size it learns while it runs. Where that follows from the batch, the worker can state it before.
 * @throws ShardError "model-unsupported"
 */
function requireFixedSizes({ inputs, outputs }: Interface, sizes: "from-sizes" | "from-values"): void {
  const isBatchFree = inputs.some(({ shape }) => shape?.[0] === -1) && sizes === "from-sizes";
  const isFree = ({ shape = [] }: TfliteBinding): boolean => shape.some((size, axis) => size === -1 && axis > 0);
  const isUnknown = outputs.find((output) => isFree(output) || (output.shape?.[0] === -1 && !isBatchFree));
  const free = isUnknown ?? (outputs.some(({ shape }) => shape?.includes(-1)) ? inputs.find(isFree) : undefined);
  if (free === undefined) return;
  const expected =
    sizes === "from-sizes"
      ? "fixed sizes, but for the batch, in a .tflite file whose operations compute sizes"
      : "outputs of fixed sizes from a .tflite file in which sizes depend on values";
  throw new ShardError(
    "model-unsupported",
    `Expected ${expected}, received "${free.name.slice(0, 80)}" of shape [${free.shape?.join(", ")}]: convert the model with fixed sizes, a fixed batch among them.`,
  );
}

function readSignatures(
  model: FlatTable,
  wanted: string | undefined,
): { readonly chosen: FlatTable | undefined; readonly keys: string[] } {
  const count = limited(model.lengthOf(MODEL.signatures, 4), MAX_SIGNATURES, "signatures");
  const signatures = Array.from({ length: count }, (_, index) => model.tableAt(MODEL.signatures, index));
  const keys = signatures.map((each) => each.text(SIGNATURE.key) ?? "");
  if (wanted !== undefined && !keys.includes(wanted)) {
    const known = keys.map((key) => `"${key.slice(0, 80)}"`).slice(0, 10);
    throw new ShardError(
      "invalid-options",
      `Expected "signature" to be one of ${known.join(", ") || "none: the file has no signatures"}, received "${wanted.slice(0, 80)}": name one of these, or leave it out.`,
    );
  }
  if (wanted !== undefined) return { chosen: signatures[keys.indexOf(wanted)], keys };
  return { chosen: signatures[Math.max(0, keys.indexOf(USUAL_SIGNATURE))], keys };
}

type Interface = Pick<TfliteInterface, "inputs" | "outputs"> & { readonly ends: Omit<TfliteEnds, "subgraph"> };

/** Names as the signature gives them. */
function signed(signature: FlatTable, subgraph: FlatTable): Interface {
  const indicesOf = (field: number): number[] =>
    Array.from({ length: signature.lengthOf(field, 4) }, (_, index) =>
      signature.tableAt(field, index).uint32(TENSOR_MAP.tensor),
    );
  const read = (field: number, what: string): TfliteBinding[] => {
    const count = limited(signature.lengthOf(field, 4), MAX_TENSORS, what);
    const entries = Array.from({ length: count }, (_, index) => signature.tableAt(field, index));
    const names = entries.map((entry) => entry.text(TENSOR_MAP.name) ?? "");
    if (new Set(names).size < names.length)
      throw malformedTflite(`two ${what} of one name`, `${what} of different names`);
    return entries.map((entry, index) =>
      readTensor(subgraph, entry.uint32(TENSOR_MAP.tensor), names[index]!, names[index]!),
    );
  };
  return {
    inputs: read(SIGNATURE.inputs, "inputs"),
    outputs: read(SIGNATURE.outputs, "outputs"),
    ends: { inputs: indicesOf(SIGNATURE.inputs), outputs: indicesOf(SIGNATURE.outputs) },
  };
}

/** Names of the tensors, or where these are missing or alike, of their positions. */
function unsigned(subgraph: FlatTable): Interface {
  const indicesOf = (field: number): number[] => subgraph.int32s(field, MAX_TENSORS)?.values ?? [];
  const read = (field: number, what: "input" | "output"): TfliteBinding[] => {
    const indices = indicesOf(field);
    const names = indices.map((index) => tensorAt(subgraph, index).text(TENSOR.name) ?? "");
    const areTelling = new Set(names).size === names.length && !names.includes("");
    return indices.map((index, position) =>
      readTensor(subgraph, index, areTelling ? names[position]! : `${what}_${position}`, String(position)),
    );
  };
  return {
    inputs: read(SUBGRAPH.inputs, "input"),
    outputs: read(SUBGRAPH.outputs, "output"),
    ends: { inputs: indicesOf(SUBGRAPH.inputs), outputs: indicesOf(SUBGRAPH.outputs) },
  };
}

function tensorAt(subgraph: FlatTable, index: number): FlatTable {
  if (index < 0) throw malformedTflite(`a tensor at ${index}`);
  return subgraph.tableAt(SUBGRAPH.tensors, index);
}

function readTensor(subgraph: FlatTable, index: number, name: string, tensorName: string): TfliteBinding {
  const tensor = tensorAt(subgraph, index);
  const { element, dtype } = elementOf(tensor.int8(TENSOR.type), `"${name.slice(0, 80)}"`);
  const quantization = readQuantization(tensor, element);
  const stated = tensor.int32s(TENSOR.shape, MAX_RANK) ?? { values: [], offset: 0 };
  // Where sizes are free, the first list has 1 in their place, and this one -1.
  const signature = tensor.int32s(TENSOR.shapeSignature, MAX_RANK);
  const isFree = signature !== undefined && signature.values.length === stated.values.length;
  const shape = isFree ? signature.values : stated.values;
  if (shape.some((size) => size < -1)) throw malformedTflite(`the shape [${shape.join()}] of "${name.slice(0, 80)}"`);
  const isQuantised = quantization !== undefined;
  return {
    ...{ name, tensorName, shape, element },
    dtype: isQuantised ? "float32" : dtype,
    quantization,
    shapeOffsets: shape.includes(-1) ? [stated.offset, ...(isFree ? [signature.offset] : [])] : undefined,
  };
}

/** One scale for the whole tensor: inputs and outputs have no others. */
function readQuantization(tensor: FlatTable, element: string): TfliteBinding["quantization"] {
  if (!/^u?int(8|16)$/.test(element)) return undefined;
  const table = tensor.table(TENSOR.quantization);
  const [scale, ...others] = table?.float32s(QUANTIZATION.scale, MAX_BUFFERS) ?? [];
  if (table === undefined || scale === undefined || scale === 0) return undefined;
  const [zeroPoint = 0] = table.int64s(QUANTIZATION.zeroPoint, MAX_BUFFERS);
  if (others.length === 0 && Number.isFinite(scale) && scale > 0 && Math.abs(zeroPoint) < 2 ** 31) {
    return { scale, zeroPoint };
  }
  if (others.length > 0) {
    throw new ShardError(
      "model-unsupported",
      `Expected inputs and outputs that are quantised as a whole, received one with ${others.length + 1} scales: convert the model with inputs and outputs of floats.`,
    );
  }
  throw malformedTflite(`a scale of ${scale} and a zero point of ${zeroPoint}`);
}

function countOperators(model: FlatTable): number {
  const count = limited(model.lengthOf(MODEL.subgraphs, 4), MAX_SUBGRAPHS, "subgraphs");
  let operators = 0;
  for (let index = 0; index < count; index++) {
    operators += model.tableAt(MODEL.subgraphs, index).lengthOf(SUBGRAPH.operators, 4);
  }
  return operators;
}

function sumBuffers(model: FlatTable): number {
  const count = limited(model.lengthOf(MODEL.buffers, 4), MAX_BUFFERS, "constants");
  let sum = 0;
  for (let index = 0; index < count; index++) {
    const buffer = model.tableAt(MODEL.buffers, index);
    // Large files have the data behind everything else, at an offset.
    const [offset, size] = [buffer.uint64(BUFFER.offset), buffer.uint64(BUFFER.size)];
    if (offset > 1 && offset + size > model.fileBytes) {
      throw malformedTflite(`a constant at bytes ${offset} to ${offset + size} of ${model.fileBytes}`);
    }
    sum += offset > 1 ? size : buffer.lengthOf(BUFFER.data, 1);
  }
  // Constants may share bytes, in a damaged file at least.
  return Math.min(sum, model.fileBytes);
}

function limited(count: number, most: number, what: string): number {
  if (count <= most) return count;
  throw malformedTflite(`${count} ${what}`, `a file with at most ${most} ${what}`);
}
