import type { OnnxBinding, OnnxDataFile, OnnxWire } from "../../protocol/model-on-wire.js";
import type { FileNode } from "../file-cut/node-list.js";
import { stageFile, type StagePart, type Uncuttable } from "../file-cut/stage-parts.js";
import type { StagedModel } from "../staged-model.js";
import { elementOf } from "./element-types.js";
import { ATTRIBUTE, MODEL } from "./fields.js";
import { ELEMENTWISE, FUSED, isLight, RANDOM } from "./op-classes.js";
import { MAX_FIELDS, ProtoMessage } from "./proto-message.js";
import { attributeOf, readOnnxGraph, type OnnxGraph, type OnnxNode } from "./read-nodes.js";
import { findWeight, isExternal } from "./stored-weights.js";
import { findElements, type TensorElements } from "./tensor-elements.js";
import { writeStage, type OnnxPart, type StageSource } from "./write-stage.js";

/** From this version of the format on, initializers need not be listed among the inputs. */
const FIRST_UNLISTED = 4;
/** None of those that are fused reads more, whatever a damaged file says. */
const MAX_FUSED_READS = 8;
/** How often reading may look at each field. */
const READINGS = 10;

/**
 * Make an `.onnx` model cuttable into stages.
 *
 * A cut is where all that crosses it is a tensor that comes through unchanged; branches and bodies stay with their operation, and
 * operations that are fused stay together. Conversions from stored numbers go with their readers, so that quantised tensors cross as they
 * are stored, and ONNX Runtime fuses them as in the whole.
 *
 * @param bytes of the `.onnx` file, which `scanModel` has been over.
 * @param wire of the whole.
 * @param externalCount how many tensors have their elements in other files, those within operations too.
 */
export function stageOnnx(
  bytes: Uint8Array,
  wire: OnnxWire,
  externalCount: number,
): StagedModel<OnnxWire> | Uncuttable {
  // `scanModel` has bounded the fields. Reading looks at each a few times, and every writing of stages looks again.
  const seen = { count: -READINGS * MAX_FIELDS };
  const model = new ProtoMessage(bytes, 0, bytes.length, seen);
  const graph = withConstants(readOnnxGraph(model.message(MODEL.graph)!), model.number(MODEL.irVersion) ?? 0);
  const reason = whyUncuttable(graph, externalCount);
  if (reason !== undefined) return { reason };
  const files = new Map(wire.dataFiles.map((file): [string, OnnxDataFile] => [file.path, file]));
  const elements = findElements(graph, files, wire.weightData);
  const sources = new Map(graph.nodes.map((node): [FileNode, OnnxNode] => [fileNode(node), node]));
  const constants = new Map(
    [...graph.initializers].map(([name, tensor]): [string, number] => [name, findWeight(tensor, files).byteLength]),
  );
  for (const [name, sparse] of graph.sparseInitializers) constants.set(name, sparse.byteLength);
  const source: StageSource = { model, graph, elements, files };
  seen.count = -Infinity;
  const keysOf = (bindings: readonly OnnxBinding[]): Record<string, string> =>
    Object.fromEntries(bindings.map(({ name, tensorName }) => [name, tensorName]));
  return stageFile(
    {
      nodes: [...sources.keys()],
      inputs: wire.inputs.map(({ tensorName }) => tensorName),
      outputs: wire.outputs.map(({ tensorName }) => tensorName),
      constants,
      crosses: elements.crosses,
      fuses: ({ op, reads }, key) => FUSED.has(op) && reads.length <= MAX_FUSED_READS && reads.includes(key),
    },
    { inputKeys: keysOf(wire.inputs), outputKeys: keysOf(wire.outputs) },
    (part) =>
      wireOf(
        writeStage({ ...part, nodes: part.nodes.map((node) => sources.get(node)!) }, source),
        part,
        wire,
        elements,
      ),
  );
}

/** As constants that the file lists apart. Older files would have to list them among the inputs, too. */
function withConstants(graph: OnnxGraph, irVersion: number): OnnxGraph {
  if (irVersion < FIRST_UNLISTED) return graph;
  const initializers = new Map(graph.initializers);
  const nodes = graph.nodes.filter((node) => {
    const [name] = node.outputs;
    if (node.op !== "Constant" || node.domain !== "" || name === undefined || graph.outputs.has(name)) return true;
    const value = attributeOf(node, "value")?.message(ATTRIBUTE.tensor);
    if (value === undefined) return true;
    initializers.set(name, value);
    return false;
  });
  return { ...graph, nodes, initializers };
}

function whyUncuttable(
  { nodes, initializers, sparseInitializers, inputs }: OnnxGraph,
  externalCount: number,
): string | undefined {
  const made = new Set([...inputs.keys(), ...initializers.keys(), ...sparseInitializers.keys()]);
  const listed = made.size;
  let outputCount = 0;
  for (const { inputs: read, captures, outputs } of nodes) {
    if (![...read, ...captures].every((name) => name === "" || made.has(name))) {
      return "its operations are not in the order in which they run";
    }
    for (const name of outputs) {
      if (name === "") continue;
      outputCount++;
      made.add(name);
    }
  }
  if (made.size < listed + outputCount) return "two of its tensors have the same name";
  if ([...initializers.values()].filter(isExternal).length < externalCount) {
    return "weights within its operations are in other files";
  }
  return undefined;
}

function fileNode({ name, op, domain, inputs, outputs, captures, hasBodies }: OnnxNode): FileNode {
  const isOwn = domain === "";
  const isPure = isOwn && !hasBodies && !RANDOM.has(op);
  return {
    ...{ name, op },
    reads: [...new Set([...inputs, ...captures])].filter((each) => each !== ""),
    makes: outputs.filter((each) => each !== ""),
    isLight: (isOwn && isLight(op)) || ELEMENTWISE.has(op),
    copied: op === "DequantizeLinear" ? "always" : isPure ? "if-constant" : "never",
  };
}

function wireOf(
  { model, dataFiles }: OnnxPart,
  { entering, leaving }: StagePart,
  whole: OnnxWire,
  elements: TensorElements,
): OnnxWire {
  const bind = (key: string): OnnxBinding => {
    const known = [...whole.inputs, ...whole.outputs].find(({ tensorName }) => tensorName === key);
    if (known !== undefined) return { ...known, name: key };
    // It crosses, so its type is known.
    return { name: key, tensorName: key, shape: undefined, ...elementOf(elements.elementOf(key)!, `"${key}"`) };
  };
  return {
    ...{ format: "onnx", model, dataFiles },
    modelBytes: model.length,
    usesFloat16: whole.usesFloat16,
    inputs: entering.map(bind),
    outputs: leaving.map(bind),
    weightData: whole.weightData,
  };
}
