import type { FileNode, NodeList } from "../file-cut/node-list.js";
import type { Uncuttable } from "../file-cut/stage-parts.js";
import { ConstantLooker, magnitudeOf, wideNumbers, type Magnitude } from "../file-cut/whole-numbers.js";
import type { TensorKey } from "../graph/graph.js";
import { allocatesOutputs } from "./computed-sizes.js";
import { isCuttableElement, NARROW, WIDE } from "./element-types.js";
import type { FlatTable } from "./flat-table.js";
import { COUNTING, isLight, isPure, KEEPING, keepsWhole, opName, runsSubgraphs } from "./op-names.js";
import { BUFFER, MODEL, OPERATOR, SUBGRAPH, TENSOR } from "./schema.js";

/** Stands for the constants of all other subgraphs, which operations with branches and bodies read. */
export const BODIES: TensorKey = "bodies";

/** A tensor of a subgraph, as far as cutting has to know it. */
export interface TfliteTensor {
  /** The number of its type in the file. */
  readonly type: number;
  /** -1 for free sizes. */
  readonly shape: readonly number[];
  /** Where the file states its shape. */
  readonly shapeOffsets: readonly number[];
  readonly buffer: number;
  /** Of its buffer. */
  readonly byteLength: number;
  /** "variable": its operation keeps it from call to call. */
  readonly kind: "constant" | "computed" | "variable";
}

export interface TfliteSubgraph {
  readonly list: NodeList;
  readonly tensors: readonly TfliteTensor[];
  /** The places of nodes among the subgraph's operators. */
  readonly placeOf: (node: FileNode) => number;
}

const MAX_OPERANDS = 10_000;
const MAX_RANK = 16;
/** Of all tensors together: a damaged file may have one long list, or one long name, many times. */
const MAX_SIZES = 4_000_000;
const MAX_NAME_BYTES = 20_000_000;

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
 * O(operands). Names and sizes take a bounded room, whatever the file has.
 */
export function readSubgraph(
  model: FlatTable,
  chosen: number,
  numbers: readonly number[],
  computesShapes: boolean,
): TfliteSubgraph | Uncuttable {
  if (numbers.some(keepsWhole)) return { reason: "it has operations that share a state, or that run others" };
  const subgraph = model.tableAt(MODEL.subgraphs, chosen);
  const [inputs, outputs] = [SUBGRAPH.inputs, SUBGRAPH.outputs].map(
    (field) => subgraph.int32s(field, MAX_OPERANDS)?.values ?? [],
  ) as [number[], number[]];
  if (countSizes(subgraph) > MAX_SIZES) return { reason: "its tensors have too many sizes" };
  const tensors = readTensors(model, subgraph, new Set(inputs));
  const isFree = inputs.some((index) => tensors[index]?.shape.includes(-1) === true);
  if (computesShapes && isFree) return { reason: "sizes of its tensors are known only while it runs" };
  const operators = readOperators(subgraph, numbers);
  const reason = whyUncuttable(operators, tensors, inputs);
  if (reason !== undefined) return { reason };
  const named = operators.flatMap(({ outputs: [first] }) => first ?? []);
  const nameBytes = named.reduce((sum, index) => sum + tensorAt(subgraph, index).lengthOf(TENSOR.name, 1), 0);
  if (nameBytes > MAX_NAME_BYTES) return { reason: "its operations have too long names" };
  const names = new Map(named.map((index) => [index, tensorAt(subgraph, index).text(TENSOR.name) ?? ""]));
  const constants = new Map(
    tensors.flatMap(({ kind, byteLength }, index): [TensorKey, number][] =>
      kind === "constant" ? [[keyOf(index), byteLength]] : [],
    ),
  );
  const others = [...buffersOfOthers(model, chosen)];
  constants.set(
    BODIES,
    others.reduce((sum, buffer) => sum + bufferBytes(model, buffer), 0),
  );
  const crosses = findCrossing(model, operators, tensors, inputs);
  const places = new Map(
    operators.map((operator, place): [FileNode, number] => [fileNode(operator, tensors, names), place]),
  );
  return {
    list: {
      ...{ nodes: [...places.keys()], constants, crosses: (key) => crosses(indexOf(key)) },
      inputs: inputs.map(keyOf),
      outputs: outputs.map(keyOf),
      fuses: () => false,
    },
    tensors,
    placeOf: (node) => places.get(node)!,
  };
}

function tensorAt(subgraph: FlatTable, index: number): FlatTable {
  return subgraph.tableAt(SUBGRAPH.tensors, index);
}

function countSizes(subgraph: FlatTable): number {
  let count = 0;
  for (let index = 0; index < subgraph.lengthOf(SUBGRAPH.tensors, 4); index++) {
    const tensor = tensorAt(subgraph, index);
    count += tensor.lengthOf(TENSOR.shape, 4) + tensor.lengthOf(TENSOR.shapeSignature, 4);
  }
  return count;
}

function readTensors(model: FlatTable, subgraph: FlatTable, inputs: ReadonlySet<number>): TfliteTensor[] {
  return Array.from({ length: subgraph.lengthOf(SUBGRAPH.tensors, 4) }, (_, index) => {
    const tensor = tensorAt(subgraph, index);
    const stated = tensor.int32s(TENSOR.shape, MAX_RANK) ?? { values: [], offset: 0 };
    const signature = tensor.int32s(TENSOR.shapeSignature, MAX_RANK);
    const isFree = signature !== undefined && signature.values.length === stated.values.length;
    const shape = isFree ? signature.values : stated.values;
    const buffer = tensor.uint32(TENSOR.buffer);
    const byteLength = bufferBytes(model, buffer);
    const isConstant = byteLength > 0 || (shape.includes(0) && !inputs.has(index));
    return {
      ...{ shape, buffer, byteLength },
      type: tensor.int8(TENSOR.type),
      shapeOffsets: [stated.offset, ...(isFree ? [signature.offset] : [])],
      kind: tensor.int8(TENSOR.isVariable) !== 0 ? "variable" : isConstant ? "constant" : "computed",
    };
  });
}

/** An operation of a subgraph. */
interface Operator {
  readonly number: number;
  /** -1 where one is left out. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Its options are not among the file's tables. */
  readonly hasFarOptions: boolean;
}

function readOperators(subgraph: FlatTable, numbers: readonly number[]): Operator[] {
  return Array.from({ length: subgraph.lengthOf(SUBGRAPH.operators, 4) }, (_, place) => {
    const operator = subgraph.tableAt(SUBGRAPH.operators, place);
    return {
      number: numbers[operator.uint32(OPERATOR.operation)] ?? -1,
      inputs: operator.int32s(OPERATOR.inputs, MAX_OPERANDS)?.values ?? [],
      outputs: operator.int32s(OPERATOR.outputs, MAX_OPERANDS)?.values ?? [],
      hasFarOptions: operator.uint64(OPERATOR.farOptions) > 1,
    };
  });
}

function whyUncuttable(
  operators: readonly Operator[],
  tensors: readonly TfliteTensor[],
  inputs: readonly number[],
): string | undefined {
  const known = new Set(inputs.filter((index) => tensors[index] !== undefined));
  const states = new Set<number>();
  for (const { inputs: read, outputs, hasFarOptions } of operators) {
    if (hasFarOptions) return "options of its operations lie behind the file's tables";
    for (const index of read) {
      if (index < 0) continue;
      const kind = tensors[index]?.kind;
      if (kind === "variable" && states.has(index)) return "its operations share a state";
      if (kind === "variable") states.add(index);
      else if (kind !== "constant" && !known.has(index)) return "its operations are not in the order in which they run";
    }
    for (const index of outputs) {
      if (tensors[index]?.kind !== "computed" || known.has(index)) return "two of its operations make the same tensor";
      known.add(index);
    }
  }
  return undefined;
}

/** Whether a tensor can leave a worker and enter another one without change. */
function findCrossing(
  model: FlatTable,
  operators: readonly Operator[],
  tensors: readonly TfliteTensor[],
  inputs: readonly number[],
): (tensor: number) => boolean {
  const isFree = inputs.some((index) => tensors[index]?.shape.includes(-1) === true);
  const isConstant = (index: number): boolean => tensors[index]?.kind === "constant";
  // The caller gives no others than those that fit into 32 bits.
  const magnitudes = new Map(inputs.map((index): [number, Magnitude] => [index, "small"]));
  const looker = new ConstantLooker();
  const magnitude = (index: number): Magnitude => {
    const { type, kind, buffer, byteLength } = tensors[index]!;
    const known = magnitudes.get(index);
    // What its type can't hold has wrapped around.
    if (NARROW.has(type)) return known === "count" ? known : "small";
    if (type !== WIDE) return "any";
    if (known !== undefined || kind !== "constant") return known ?? "any";
    const numbers = (): Iterable<number> => wideNumbers(model.tableAt(MODEL.buffers, buffer).bytes(BUFFER.data));
    const looked = looker.look(byteLength, numbers);
    magnitudes.set(index, looked);
    return looked;
  };
  const moving = new Set<number>();
  for (const { number, inputs: read, outputs } of operators) {
    const keeping = KEEPING.get(number);
    const operands = keeping && read.map((index) => (index < 0 ? undefined : magnitude(index)));
    const made = COUNTING.has(number) ? "count" : operands && magnitudeOf(keeping, operands);
    const isMoving = allocatesOutputs(number, read, isConstant);
    for (const index of outputs) {
      if (made !== undefined) magnitudes.set(index, made);
      if (isMoving) moving.add(index);
    }
  }
  return (index) => {
    const { type, shape } = tensors[index]!;
    // Where the batch is free, a tensor whose sizes are stated has those of one item.
    const hasSizes = shape.length > 0 && shape.includes(-1) === isFree && !moving.has(index);
    return hasSizes && (isCuttableElement(type) || (type === WIDE && magnitude(index) !== "any"));
  };
}

/** @param names of what operations make first. */
function fileNode(
  { number, inputs, outputs }: Operator,
  tensors: readonly TfliteTensor[],
  names: ReadonlyMap<number, string>,
): FileNode {
  const op = opName(number);
  const given = inputs.filter((index) => index >= 0);
  const reads = given.filter((index) => tensors[index]!.kind !== "variable");
  return {
    op,
    name: names.get(outputs[0] ?? -1) || op,
    reads: [...new Set(reads)].map(keyOf).concat(runsSubgraphs(number) ? [BODIES] : []),
    makes: outputs.map(keyOf),
    isLight: isLight(number),
    copied: isPure(number) && reads.length === given.length ? "if-constant" : "never",
  };
}

function bufferBytes(model: FlatTable, buffer: number): number {
  return model.tableAt(MODEL.buffers, buffer).lengthOf(BUFFER.data, 1);
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
