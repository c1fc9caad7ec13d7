import type { FlatTable } from "./flat-table.js";
import { malformedTflite } from "./malformed-tflite.js";
import { BUFFER, MODEL, OPERATION, OPERATOR, SUBGRAPH, TENSOR } from "./schema.js";

/**
 * When the sizes of the tensors inside of a model are known: once those of its inputs are; only while it runs, from sizes of other tensors;
 * or only while it runs, from the values of its inputs.
 */
export type SizesKnown = "from-inputs" | "from-sizes" | "from-values";

/** Numbers of operations as in TensorFlow Lite's schema. The results of SHAPE and RANK are sizes of others. */
const [SHAPE, RANK] = [77, 110];
/** What else computes sizes, by its own means: custom operations, IF and WHILE. From STABLEHLO_LOGISTIC on, some are dynamic. */
const OPAQUE: ReadonlySet<number> = new Set([32, 118, 119]);
const FIRST_STABLEHLO = 162;
/** UNIQUE, WHERE, both versions of non-maximum suppression: how much they give depends on the values that they get. */
const SELECTING: ReadonlySet<number> = new Set([103, 109, 120, 121]);
/** Which inputs of an operation say how large its output is. */
const SIZE_INPUTS: Readonly<Record<number, readonly number[]>> = {
  // RESHAPE, both RESIZE, BROADCAST_TO, TILE, EXPAND_DIMS, TRANSPOSE, ONE_HOT, TOPK_V2, SPLIT_V, SPARSE_TO_DENSE.
  ...same([22, 23, 97, 130, 69, 70, 39, 85, 48, 102, 68], [1]),
  // PAD, PADV2, MIRROR_PAD, RFFT2D, MULTINOMIAL, SEGMENT_SUM.
  ...same([34, 60, 100, 131, 149, 125], [1]),
  // MEAN, SUM, REDUCE_PROD, _MAX, _MIN, _ANY and _ALL, ARG_MAX, ARG_MIN: the axes.
  ...same([40, 74, 81, 82, 89, 91, 140, 56, 79], [1]),
  // FILL, TRANSPOSE_CONV, CONV_3D_TRANSPOSE, both RANDOM.
  ...same([94, 67, 141, 146, 148], [0]),
  // SLICE, BATCH_TO_SPACE_ND, SPACE_TO_BATCH_ND.
  ...same([65, 37, 38], [1, 2]),
  // SCATTER_ND, UNSORTED_SEGMENT_PROD, _MAX, _SUM and _MIN.
  ...same([122, 153, 154, 155, 157], [2]),
  // STRIDED_SLICE, RANGE.
  ...{ 45: [1, 2, 3], 96: [0, 1, 2] },
};

function same(operations: readonly number[], inputs: readonly number[]): Record<number, readonly number[]> {
  return Object.fromEntries(operations.map((number) => [number, inputs]));
}

/** More than any operation has; a damaged file may claim millions. */
const MAX_OPERANDS = 10_000;
const MAX_OPERATORS = 1_000_000;
/** Of all operations together: a damaged file may have one long list many times. */
const MAX_ALL_OPERANDS = 5_000_000;
/** TensorFlow Lite's own limit is lower for most operations. */
const MAX_RANK = 16;

/** The number of a kind of operation. There were once so few that a byte was enough. */
export function numberOf(operation: FlatTable): number {
  return Math.max(operation.int8(OPERATION.code), operation.int32(OPERATION.laterCode));
}

/**
 * Whether what an operation makes is allocated anew whenever it runs. Such a tensor can't be an output of a model: LiteRT does not find it.
 * @param inputs its operands, -1 where one is left out.
 */
export function allocatesOutputs(
  number: number,
  inputs: readonly number[],
  isConstant: (tensor: number) => boolean,
): boolean {
  if (OPAQUE.has(number) || SELECTING.has(number)) return true;
  return SIZE_INPUTS[number]?.some((place) => (inputs[place] ?? -1) >= 0 && !isConstant(inputs[place]!)) === true;
}

/**
 * Follow the sizes that the operations of a model are given.
 * @param numbers of the kinds of operations in the file, in its order.
 * @throws ShardError "model-malformed"
 * O(the operands of all operations), of which there are at most 5,000,000.
 */
export function findSizesKnown(model: FlatTable, subgraph: FlatTable, numbers: readonly number[]): SizesKnown {
  requireFewOperands(subgraph);
  if (numbers.some((number) => SELECTING.has(number))) return "from-values";
  const isComputed = numbers.some((number) => number === SHAPE || OPAQUE.has(number) || number >= FIRST_STABLEHLO);
  return dependsOnValues(model, subgraph, numbers) ? "from-values" : isComputed ? "from-sizes" : "from-inputs";
}

/** Whoever reads a subgraph's operations after this reads no more than a file may have. @throws ShardError "model-malformed" */
function requireFewOperands(subgraph: FlatTable): void {
  const count = subgraph.lengthOf(SUBGRAPH.operators, 4);
  if (count > MAX_OPERATORS) throw malformedTflite(`${count} operations`, `a file with at most ${MAX_OPERATORS}`);
  let operandCount = 0;
  for (let position = 0; position < count; position++) {
    const operator = subgraph.tableAt(SUBGRAPH.operators, position);
    operandCount += operator.lengthOf(OPERATOR.inputs, 4) + operator.lengthOf(OPERATOR.outputs, 4);
    if (operandCount > MAX_ALL_OPERANDS) {
      throw malformedTflite("more", `a file with at most ${MAX_ALL_OPERANDS} operands of operations`);
    }
  }
}

/** Operations are in the order in which they run, so that one pass is enough. */
function dependsOnValues(model: FlatTable, subgraph: FlatTable, numbers: readonly number[]): boolean {
  /** Tensors whose values follow from constants and sizes. */
  const followed = new Map<number, boolean>();
  const isFollowed = (index: number): boolean => {
    const known = followed.get(index) ?? (index < 0 || isConstant(model, subgraph.tableAt(SUBGRAPH.tensors, index)));
    followed.set(index, known);
    return known;
  };
  const count = subgraph.lengthOf(SUBGRAPH.operators, 4);
  for (let position = 0; position < count; position++) {
    const operator = subgraph.tableAt(SUBGRAPH.operators, position);
    const number = numbers[operator.uint32(OPERATOR.operation)];
    if (number === undefined) throw malformedTflite("an operation of no kind", "operations of the kinds that it lists");
    const inputs = operator.int32s(OPERATOR.inputs, MAX_OPERANDS)?.values ?? [];
    const outputs = operator.int32s(OPERATOR.outputs, MAX_OPERANDS)?.values ?? [];
    if (SIZE_INPUTS[number]?.some((place) => !isFollowed(inputs[place] ?? -1)) === true) return true;
    const isSize = number === SHAPE || number === RANK;
    const follows = isSize || (!OPAQUE.has(number) && inputs.every(isFollowed));
    for (const output of outputs) followed.set(output, follows);
  }
  return false;
}

/** Its values are in the file, or it has none. */
function isConstant(model: FlatTable, tensor: FlatTable): boolean {
  const shape = tensor.int32s(TENSOR.shape, MAX_RANK)?.values ?? [];
  if (shape.includes(0)) return true;
  const buffer = model.tableAt(MODEL.buffers, tensor.uint32(TENSOR.buffer));
  // Large files have the data behind everything else, at an offset.
  return buffer.lengthOf(BUFFER.data, 1) > 0 || buffer.uint64(BUFFER.offset) > 1;
}
