import type { TfliteBinding, TfliteWire } from "../../protocol/model-on-wire.js";
import { stageFile, type StagePart, type Uncuttable } from "../file-cut/stage-parts.js";
import type { TensorKey } from "../graph/graph.js";
import type { StagedModel } from "../staged-model.js";
import { elementOf } from "./element-types.js";
import type { FlatTable } from "./flat-table.js";
import type { TfliteEnds } from "./read-interface.js";
import { BODIES, buffersOfOthers, indexOf, keyOf, readSubgraph, type TfliteSubgraph } from "./read-subgraph.js";
import { BUFFER, MODEL, SUBGRAPH } from "./schema.js";
import { findLayout } from "./table-extent.js";
import { writeStage } from "./write-stage.js";

/** So many bytes of constants may lie among a file's tables: every stage has them. */
const MAX_AMONG = 1_000_000;
/** More than any model has; a damaged file may list one of them many times. */
const MAX_PARTS = 500_000;
/** Where the file says that the constants are behind all else, offsets are larger than this. */
const LEAST_OFFSET = 1;

/**
 * Make a `.tflite` model cuttable into stages.
 *
 * A cut is where all that crosses it is a tensor of known sizes that comes through unchanged; quantised ones cross as they are stored.
 * Operations that share a state keep their model in one piece.
 *
 * @param wire of the whole.
 * @param ends in the order of its inputs and outputs.
 * @param numbers of the kinds of operations in the file, in its order.
 */
export function stageTflite(
  model: FlatTable,
  wire: TfliteWire,
  ends: TfliteEnds,
  numbers: readonly number[],
): StagedModel<TfliteWire> | Uncuttable {
  if (countParts(model) > MAX_PARTS) return { reason: "it has too many tensors and operations" };
  for (let index = 0; index < model.lengthOf(MODEL.buffers, 4); index++) {
    if (model.tableAt(MODEL.buffers, index).uint64(BUFFER.offset) > LEAST_OFFSET) {
      return { reason: "its weights lie behind the file's tables" };
    }
  }
  const layout = findLayout(model);
  if (layout.constantsAmongTables > MAX_AMONG) return { reason: "its weights lie among the file's tables" };
  const read = readSubgraph(model, ends.subgraph, numbers, wire.computesShapes);
  if ("reason" in read) return read;
  const { list, placeOf } = read;
  // Engines run the first subgraph of a stage, and what refers to others refers to them by their numbers.
  if (ends.subgraph !== 0 && list.nodes.some(({ reads }) => reads.includes(BODIES))) {
    return { reason: "its signature's operations run other subgraphs, and are not in the first one" };
  }
  if (new Set(ends.outputs).size < ends.outputs.length) return { reason: "two of its outputs are the same" };
  const keys = {
    inputKeys: keysOf(wire.inputs, ends.inputs),
    outputKeys: keysOf(wire.outputs, ends.outputs),
  };
  const others = buffersOfOthers(model, ends.subgraph);
  return stageFile({ ...list, inputs: ends.inputs.map(keyOf), outputs: ends.outputs.map(keyOf) }, keys, (part) => {
    const runsSubgraphs = part.constants.has(BODIES);
    const own = [...part.constants].flatMap((key) => (key === BODIES ? [] : read.tensors[indexOf(key)]!.buffer));
    const { file, shift } = writeStage(model, ends.subgraph, layout, {
      operators: part.nodes.map(placeOf),
      inputs: part.entering.map(indexOf),
      outputs: part.leaving.map(indexOf),
      buffers: new Set(runsSubgraphs ? [...own, ...others] : own),
      runsSubgraphs,
    });
    return { ...bind(part, wire, ends, read, shift), file };
  });
}

function countParts(model: FlatTable): number {
  let count = model.lengthOf(MODEL.buffers, 4) + model.lengthOf(MODEL.metadata, 4);
  for (let index = 0; index < model.lengthOf(MODEL.subgraphs, 4) && count <= MAX_PARTS; index++) {
    const subgraph = model.tableAt(MODEL.subgraphs, index);
    count += 1 + subgraph.lengthOf(SUBGRAPH.tensors, 4) + subgraph.lengthOf(SUBGRAPH.operators, 4);
  }
  return count;
}

function keysOf(bindings: readonly TfliteBinding[], indices: readonly number[]): Record<string, TensorKey> {
  return Object.fromEntries(bindings.map(({ name }, position) => [name, keyOf(indices[position]!)]));
}

/** @param shift by which tables lie further back than in the whole file. */
function bind(
  { entering, leaving }: StagePart,
  whole: TfliteWire,
  ends: TfliteEnds,
  { tensors }: TfliteSubgraph,
  shift: number,
): TfliteWire {
  const known = new Map([
    ...whole.outputs.map((binding, position): [number, TfliteBinding] => [ends.outputs[position]!, binding]),
    ...whole.inputs.map((binding, position): [number, TfliteBinding] => [ends.inputs[position]!, binding]),
  ]);
  const binding = (key: TensorKey, position: number): TfliteBinding => {
    const { type, shape, shapeOffsets } = tensors[indexOf(key)]!;
    const found = known.get(indexOf(key)) ?? { shape, ...elementOf(type, key) };
    return {
      ...found,
      name: key,
      tensorName: String(position),
      shapeOffsets: shape.includes(-1) ? shapeOffsets.map((offset) => offset + shift) : undefined,
    };
  };
  return {
    format: "tflite",
    inputs: entering.map(binding),
    outputs: leaving.map(binding),
    signature: undefined,
    computesShapes: whole.computesShapes,
    weightData: whole.weightData,
  };
}
