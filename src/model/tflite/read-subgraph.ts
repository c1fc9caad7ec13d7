import type { FileNode, NodeList } from "../file-cut/node-list.js";
import type { Uncuttable } from "../file-cut/stage-parts.js";
import type { TensorKey } from "../graph/graph.js";
import { isCuttableElement, WIDE } from "./element-types.js";
import type { FlatTable } from "./flat-table.js";
import { COUNTING, isLight, isPure, KEEPING, keepsWhole, opName, runsSubgraphs } from "./op-names.js";
import { BUFFER, MODEL, OPERATOR, SUBGRAPH, TENSOR } from "./schema.js";

/** Stands for the constants of all other subgraphs, which operations with branches and bodies read. */
export const BODIES: TensorKey = "bodies";

/** A tensor of a subgraph, as far as cutting has to know it. */
export interface TfliteTensor {
  readonly name: string;
  /** The number of its type in the file. */
  readonly type: number;
  /** -1 for free sizes. */
  readonly shape: readonly number[];
  /** Where the file states its shape. */
  readonly shapeOffsets: readonly number[];
  readonly buffer: number;
}

export interface TfliteSubgraph {
  readonly list: NodeList;
  readonly tensors: readonly TfliteTensor[];
  /** The places of nodes among the subgraph's operators. */
  readonly placeOf: (node: FileNode) => number;
}

/** The number of float32. */
const FLOAT = 0;
const MAX_OPERANDS = 10_000;
const MAX_RANK = 16;

export function keyOf(index: number): TensorKey {
  return `t${index}`;
}

export function indexOf(key: TensorKey): number {
  return Number(key.slice(1));
}

/**
 * Read a subgraph as a list of operations.
 * @param chosen the index of the subgraph.
 * @param numbers of the kinds of operations in the file, in its order.
 * @param computesShapes whether sizes are known only while it runs.
 * O(operands).
 */
export function readSubgraph(
  model: FlatTable,
  chosen: number,
  numbers: readonly number[],
  computesShapes: boolean,
): TfliteSubgraph | Uncuttable {
  if (numbers.some(keepsWhole)) return { reason: "it has operations that share a state, or that run others" };
  const subgraph = model.tableAt(MODEL.subgraphs, chosen);
  const tensors = Array.from({ length: subgraph.lengthOf(SUBGRAPH.tensors, 4) }, (_, index) =>
    readTensor(subgraph.tableAt(SUBGRAPH.tensors, index)),
  );
  const bytesOf = (buffer: number): number => model.tableAt(MODEL.buffers, buffer).lengthOf(BUFFER.data, 1);
  const ends = [SUBGRAPH.inputs, SUBGRAPH.outputs].map((field) => subgraph.int32s(field, MAX_OPERANDS)?.values ?? []);
  const [inputs = [], outputs = []] = ends;
  const known = new Set(inputs);
  const variables = new Set<number>();
  const constants = new Map<TensorKey, number>();
  for (const [index, { buffer, shape }] of tensors.entries()) {
    const bytes = bytesOf(buffer);
    const isVariable = subgraph.tableAt(SUBGRAPH.tensors, index).int8(TENSOR.isVariable) !== 0;
    if (isVariable) variables.add(index);
    else if (bytes > 0 || (shape.includes(0) && !known.has(index))) constants.set(keyOf(index), bytes);
  }
  constants.set(BODIES, otherBytes(model, chosen, bytesOf));

  const isFree = inputs.some((index) => tensors[index]?.shape.includes(-1) === true);
  if (computesShapes && isFree) return { reason: "sizes of its tensors are known only while it runs" };
  const nodes: FileNode[] = [];
  const places = new Map<FileNode, number>();
  const isWhole = (index: number): boolean => tensors[index]?.type !== FLOAT;
  // The caller gives inputs as numbers of 32 bits at most.
  const small = new Set(inputs.filter(isWhole));
  const made = new Set<number>();
  const shared = new Set<number>();
  for (let place = 0; place < subgraph.lengthOf(SUBGRAPH.operators, 4); place++) {
    const operator = subgraph.tableAt(SUBGRAPH.operators, place);
    const number = numbers[operator.uint32(OPERATOR.operation)] ?? -1;
    const [read, makes] = [OPERATOR.inputs, OPERATOR.outputs].map((field) =>
      (operator.int32s(field, MAX_OPERANDS)?.values ?? []).filter((index) => index >= 0),
    ) as [number[], number[]];
    if (operator.uint64(OPERATOR.farOptions) > 1)
      return { reason: "options of its operations lie behind the file's tables" };
    for (const index of read.filter((each) => variables.has(each))) {
      if (shared.has(index)) return { reason: "its operations share a state" };
      shared.add(index);
    }
    const reads = read.filter((index) => !variables.has(index));
    if (!reads.every((index) => known.has(index) || constants.has(keyOf(index)))) {
      return { reason: "its operations are not in the order in which they run" };
    }
    if (makes.some((index) => made.has(index) || constants.has(keyOf(index)))) {
      return { reason: "two of its operations make the same tensor" };
    }
    const isSmall =
      COUNTING.has(number) ||
      (KEEPING.has(number) && reads.every((index) => small.has(index) || constants.has(keyOf(index))));
    for (const index of makes) {
      known.add(index);
      made.add(index);
      if (isSmall && isWhole(index)) small.add(index);
    }
    const hasState = read.length > reads.length;
    const node: FileNode = {
      name: tensors[makes[0] ?? -1]?.name || `${opName(number)} ${place}`,
      op: opName(number),
      reads: [...new Set(reads)].map(keyOf).concat(runsSubgraphs(number) ? [BODIES] : []),
      makes: makes.map(keyOf),
      isLight: isLight(number),
      copied: isPure(number) && !hasState ? "if-constant" : "never",
    };
    nodes.push(node);
    places.set(node, place);
  }
  const crosses = (key: TensorKey): boolean => {
    const { type, shape } = tensors[indexOf(key)]!;
    const hasSizes = shape.length > 0 && shape.includes(-1) === isFree;
    return hasSizes && (isCuttableElement(type) || (type === WIDE && small.has(indexOf(key))));
  };
  return {
    list: {
      ...{ nodes, constants, crosses },
      inputs: inputs.map(keyOf),
      outputs: outputs.map(keyOf),
      fuses: () => false,
    },
    tensors,
    placeOf: (node) => places.get(node)!,
  };
}

function readTensor(tensor: FlatTable): TfliteTensor {
  const stated = tensor.int32s(TENSOR.shape, MAX_RANK) ?? { values: [], offset: 0 };
  const signature = tensor.int32s(TENSOR.shapeSignature, MAX_RANK);
  const isFree = signature !== undefined && signature.values.length === stated.values.length;
  return {
    name: tensor.text(TENSOR.name) ?? "",
    type: tensor.int8(TENSOR.type),
    shape: isFree ? signature.values : stated.values,
    shapeOffsets: [stated.offset, ...(isFree ? [signature.offset] : [])],
    buffer: tensor.uint32(TENSOR.buffer),
  };
}

function otherBytes(model: FlatTable, chosen: number, bytesOf: (buffer: number) => number): number {
  let sum = 0;
  for (const buffer of buffersOfOthers(model, chosen)) sum += bytesOf(buffer);
  return sum;
}

/** The buffers of all subgraphs but one. */
export function buffersOfOthers(model: FlatTable, chosen: number): Set<number> {
  const buffers = new Set<number>();
  for (let other = 0; other < model.lengthOf(MODEL.subgraphs, 4); other++) {
    if (other === chosen) continue;
    const subgraph = model.tableAt(MODEL.subgraphs, other);
    for (let index = 0; index < subgraph.lengthOf(SUBGRAPH.tensors, 4); index++) {
      buffers.add(subgraph.tableAt(SUBGRAPH.tensors, index).uint32(TENSOR.buffer));
    }
  }
  return buffers;
}
