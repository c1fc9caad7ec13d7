import type { OnnxDataFile } from "../../protocol/model-on-wire.js";
import type { StagePart } from "../file-cut/stage-parts.js";
import { GRAPH, MODEL, SHAPE, TENSOR_TYPE, TYPE, VALUE } from "./fields.js";
import type { ProtoMessage } from "./proto-message.js";
import { ProtoWriter } from "./proto-writer.js";
import type { OnnxGraph, OnnxNode } from "./read-nodes.js";
import { apart, findWeight, isApart, isExternal, renamed } from "./stored-weights.js";
import type { TensorElements } from "./tensor-elements.js";

/** What stages are made of. */
export interface StageSource {
  readonly model: ProtoMessage;
  readonly graph: OnnxGraph;
  readonly elements: TensorElements;
  /** Those with external data, by the path that the model has for them. */
  readonly files: ReadonlyMap<string, OnnxDataFile>;
}

/** A stage as a model: without its large constants, which are ranges of the whole's files. */
export interface OnnxPart {
  readonly model: Uint8Array<ArrayBuffer>;
  readonly dataFiles: readonly OnnxDataFile[];
}

/**
 * Write a stage as an `.onnx` model of its own. Operations, small constants and whatever the page does not know are as in the file, byte for
 * byte. Large constants become external data, each in a file of its own, so that the page copies none.
 * O(bytes of what is written).
 */
export function writeStage(
  { nodes, constants, entering, leaving }: Omit<StagePart, "nodes"> & { readonly nodes: readonly OnnxNode[] },
  source: StageSource,
): OnnxPart {
  const { model, graph } = source;
  const writer = new ProtoWriter();
  const dataFiles: OnnxDataFile[] = [];
  for (const { message } of nodes) writer.bytes(GRAPH.nodes, message.bytes);
  for (const other of graph.others) writer.encoded(other);
  for (const name of constants) {
    const sparse = graph.sparseInitializers.get(name);
    if (sparse === undefined) writer.bytes(GRAPH.initializers, constant(name, source, dataFiles));
    else writer.bytes(GRAPH.sparseInitializers, sparse.bytes);
  }
  for (const name of entering) writer.bytes(GRAPH.inputs, graph.inputs.get(name)?.bytes ?? valueInfo(name, source));
  // Older files list constants among the inputs.
  for (const name of constants) {
    const listed = graph.inputs.get(name);
    if (listed !== undefined) writer.bytes(GRAPH.inputs, listed.bytes);
  }
  for (const name of leaving) writer.bytes(GRAPH.outputs, graph.outputs.get(name)?.bytes ?? valueInfo(name, source));
  const inside = new Set(nodes.flatMap(({ outputs }) => outputs));
  for (const name of leaving) inside.delete(name);
  for (const [name, info] of graph.valueInfos) if (inside.has(name)) writer.bytes(GRAPH.valueInfos, info.bytes);

  const stage = new ProtoWriter();
  for (const { number, encoded } of model.fields()) {
    if (number !== MODEL.graph && number !== MODEL.training) stage.encoded(encoded());
  }
  return { model: stage.bytes(MODEL.graph, writer.finish()).finish(), dataFiles };
}

/** @param dataFiles gets a file for a large constant. */
function constant(name: string, { graph, files }: StageSource, dataFiles: OnnxDataFile[]): Uint8Array {
  const tensor = graph.initializers.get(name)!;
  const found = findWeight(tensor, files);
  if (!isApart(found, isExternal(tensor))) return renamed(tensor, name);
  const path = String(dataFiles.length);
  dataFiles.push({ path, byteOffset: found.byteOffset!, byteLength: found.byteLength });
  return apart(tensor, name, path, found.byteLength);
}

/**
 * What a tensor between stages is: its type and its number of axes. Sizes that the file states may be those of another batch, which would
 * be refused.
 */
function valueInfo(name: string, { graph, elements }: StageSource): Uint8Array {
  const stated = (graph.outputs.get(name) ?? graph.valueInfos.get(name))
    ?.message(VALUE.type)
    ?.message(TYPE.tensor)
    ?.message(TENSOR_TYPE.shape);
  const tensor = new ProtoWriter().number(TENSOR_TYPE.element, elements.elementOf(name)!);
  if (stated !== undefined) {
    const shape = new ProtoWriter();
    for (const _ of stated.messages(SHAPE.sizes)) shape.bytes(SHAPE.sizes, new Uint8Array());
    tensor.bytes(TENSOR_TYPE.shape, shape.finish());
  }
  const type = new ProtoWriter().bytes(TYPE.tensor, tensor.finish());
  return new ProtoWriter().text(VALUE.name, name).bytes(VALUE.type, type.finish()).finish();
}
