import { ATTRIBUTE, ENTRY, FUNCTION, GRAPH, MODEL, NODE, SPARSE, TENSOR } from "./fields.js";
import { malformedOnnx } from "./malformed-onnx.js";
import type { ProtoMessage } from "./proto-message.js";

/** Weights of a tensor that are in another file. */
export interface ExternalPart {
  /** As the model names the file. */
  readonly path: string;
  readonly byteOffset: number;
  /** `undefined` if the model does not say: up to the file's end. */
  readonly byteLength: number | undefined;
}

/** What an ONNX model holds, in the graph itself and in the branches and bodies of its operations. */
export interface ModelScan {
  readonly nodeCount: number;
  /** Bytes of all weights in the model's own file. */
  readonly inlineBytes: number;
  readonly externalParts: readonly ExternalPart[];
  /** Whether there are weights of float16. */
  readonly hasFloat16: boolean;
}

/** Branches in branches: more than any exporter writes. */
const MAX_DEPTH = 50;
/** The value of a tensor's `location` if its weights are in another file. */
export const EXTERNAL = 1;
/** The number of the type float16. */
const FLOAT16 = 10;
/** The fields of a tensor that hold its elements. */
export const INLINE_FIELDS: ReadonlySet<number> = new Set([
  TENSOR.floats,
  TENSOR.int32s,
  TENSOR.texts,
  TENSOR.int64s,
  TENSOR.raw,
  TENSOR.doubles,
  TENSOR.uint64s,
]);

/** Walk over all operations and weights of a model, without reading the weights. O(fields). @throws ShardError "model-malformed" */
export function scanModel(model: ProtoMessage): ModelScan {
  let nodeCount = 0;
  let inlineBytes = 0;
  let hasFloat16 = false;
  const externalParts: ExternalPart[] = [];

  const seeTensor = (tensor: ProtoMessage): void => {
    const entries: ProtoMessage[] = [];
    let location = 0;
    for (const { number, value, message } of tensor.fields()) {
      if (number === TENSOR.location) location = value;
      else if (number === TENSOR.element) hasFloat16 ||= value === FLOAT16;
      else if (message === undefined) continue;
      else if (number === TENSOR.external) entries.push(message);
      else if (INLINE_FIELDS.has(number)) inlineBytes += message.byteLength;
    }
    if (location === EXTERNAL) externalParts.push(readExternal(entries));
  };
  const seeSparse = (sparse: ProtoMessage): void => {
    for (const { number, message } of sparse.fields()) {
      if (message !== undefined && (number === SPARSE.values || number === SPARSE.indices)) seeTensor(message);
    }
  };
  const seeNode = (node: ProtoMessage, depth: number): void => {
    nodeCount++;
    for (const attribute of node.messages(NODE.attributes)) {
      for (const { number, message } of attribute.fields()) {
        if (message === undefined) continue;
        if (number === ATTRIBUTE.tensor || number === ATTRIBUTE.tensors) seeTensor(message);
        else if (number === ATTRIBUTE.graph || number === ATTRIBUTE.graphs) seeGraph(message, depth + 1);
        else if (number === ATTRIBUTE.sparse || number === ATTRIBUTE.sparses) seeSparse(message);
      }
    }
  };
  const seeGraph = (graph: ProtoMessage, depth: number): void => {
    if (depth > MAX_DEPTH)
      throw malformedOnnx(`branches in ${depth} others`, `at most ${MAX_DEPTH} branches in each other`);
    for (const { number, message } of graph.fields()) {
      if (message === undefined) continue;
      if (number === GRAPH.nodes) seeNode(message, depth);
      else if (number === GRAPH.initializers) seeTensor(message);
      else if (number === GRAPH.sparseInitializers) seeSparse(message);
    }
  };

  for (const { number, message } of model.fields()) {
    if (message === undefined) continue;
    if (number === MODEL.graph) seeGraph(message, 0);
    else if (number === MODEL.functions) for (const node of message.messages(FUNCTION.nodes)) seeNode(node, 0);
  }
  return { nodeCount, inlineBytes, externalParts, hasFloat16 };
}

export function readExternal(entries: readonly ProtoMessage[]): ExternalPart {
  const facts = new Map(entries.map((entry) => [entry.text(ENTRY.key) ?? "", entry.text(ENTRY.value) ?? ""]));
  const length = facts.get("length");
  return {
    path: checkedPath(facts.get("location") ?? ""),
    byteOffset: wholeNumber(facts.get("offset") ?? "0"),
    byteLength: length === undefined ? undefined : wholeNumber(length),
  };
}

/** A file may name others in its own folder and below it, as the standard says, so that it can't reach for anything else. */
function checkedPath(path: string): string {
  const parts = path.split(/[/\\]/);
  const isBelow = path !== "" && !/^[/\\]|^[a-z][a-z\d+.-]*:|\0/i.test(path) && !parts.includes("..");
  if (isBelow) return path;
  throw malformedOnnx(`"${path.slice(0, 80)}"`, "the name of a file with weights, in the model's own folder");
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (/^\d{1,16}$/.test(text) && Number.isSafeInteger(value)) return value;
  throw malformedOnnx(`"${text.slice(0, 80)}"`, "the place of weights in another file, in bytes");
}
