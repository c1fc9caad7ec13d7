import { ShardError } from "../core/errors.js";
import type { TensorBinding } from "../protocol/model-on-wire.js";
import type { DType } from "../protocol/tensors.js";
import { asJsonObject, isJsonObject, type JsonObject, type ModelArtifacts } from "./artifacts.js";
import { tensorKey, type GraphNode } from "./graph/graph.js";
import { malformed, show } from "./malformed.js";
import { ownOp } from "./own-ops.js";

/** What a model file states about the model, with the file's own names. */
export interface ModelReading {
  readonly inputs: readonly TensorBinding[];
  readonly outputs: readonly TensorBinding[];
  readonly layerCount: number;
  readonly needsAsync: boolean;
}

/**
 * Ops that TF.js 4.22 runs asynchronously, so that a synchronous `execute` throws: all of its op lists "control", "dynamic"
 * and "hash_table". tests/unit/model/read-graph.test.ts compares this list with TF.js's own.
 */
const ASYNC_OPS = new Set([
  ...[
    "Switch",
    "Merge",
    "Enter",
    "Exit",
    "NextIteration",
    "LoopCond",
    "StatelessIf",
    "StatelessWhile",
    "If",
    "if",
    "While",
  ],
  ...["TensorArrayV3", "TensorArrayWriteV3", "TensorArrayReadV3", "TensorArrayGatherV3", "TensorArrayScatterV3"],
  ...["TensorArrayConcatV3", "TensorArraySplitV3", "TensorArraySizeV3", "TensorArrayCloseV3", "EmptyTensorList"],
  ...["TensorListScatter", "TensorListScatterV2", "TensorListGather", "TensorListGetItem", "TensorListSetItem"],
  ...["TensorListReserve", "TensorListFromTensor", "TensorListStack", "TensorListSplit", "TensorListConcat"],
  ...["TensorListConcatV2", "TensorListPopBack", "TensorListPushBack", "TensorListLength", "TensorListResize"],
  ...["NonMaxSuppressionV2", "NonMaxSuppressionV3", "NonMaxSuppressionV4", "NonMaxSuppressionV5", "Where", "ListDiff"],
  ...["HashTable", "HashTableV2", "LookupTableImport", "LookupTableImportV2", "LookupTableFind", "LookupTableFindV2"],
  ...["LookupTableSize", "LookupTableSizeV2", "InitializeTable", "InitializeTableV2"],
]);

/** The largest known graphs have a quarter of this. No node of a real one reads as many tensors as this either. */
const MAX_NODES = 50_000;

/** Ops that carry or rename data without computing. */
const PASSIVE_OPS = new Set(["Const", "Placeholder", "PlaceholderWithDefault", "Identity", "IdentityN", "NoOp"]);

export const DTYPES: ReadonlyMap<unknown, DType> = new Map([
  ["DT_FLOAT", "float32"],
  ["DT_HALF", "float32"],
  ["DT_DOUBLE", "float32"],
  ["DT_INT64", "int32"],
  ["DT_INT32", "int32"],
  ["DT_INT8", "int32"],
  ["DT_INT16", "int32"],
  ["DT_UINT16", "int32"],
  ["DT_UINT8", "int32"],
  ["DT_BOOL", "bool"],
  ["DT_STRING", "string"],
]);

/**
 * Read the inputs and outputs of a graph model. They are named by the keys of its signature, verbatim. Without a signature, the
 * Placeholders are the inputs, and the nodes that no other node reads are the outputs.
 * @throws ShardError "model-malformed"
 */
export function readGraph(artifacts: ModelArtifacts): ModelReading {
  const nodes = readNodes(artifacts.modelTopology);
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const metadata = asJsonObject(artifacts.userDefinedMetadata);
  const signature = asJsonObject(metadata.signature ?? artifacts.signature);

  const signedInputs = signatureEntries(signature.inputs, byName);
  const signedOutputs = signatureEntries(signature.outputs, byName);
  const inputs = signedInputs.length > 0 ? signedInputs : nodes.filter(isPlaceholder).map(bindNode);
  const outputs = signedOutputs.length > 0 ? signedOutputs : unconsumed(nodes).map(bindNode);
  if (outputs.length === 0) {
    throw new ShardError(
      "model-malformed",
      `Expected a graph with outputs, received ${inputs.length} inputs and ${outputs.length} outputs: export the model with a signature.`,
    );
  }
  return {
    inputs,
    outputs,
    layerCount: countComputing(nodes),
    needsAsync: needsAsyncExecution(nodes),
  };
}

function countComputing(nodes: readonly GraphNode[]): number {
  return nodes.filter((node) => !isPassive(node)).length;
}

/** Whether a node carries or renames data without computing. */
export function isPassive({ op }: GraphNode): boolean {
  return PASSIVE_OPS.has(op);
}

/** Whether TF.js refuses to run these nodes synchronously. */
export function needsAsyncExecution(nodes: readonly GraphNode[]): boolean {
  return nodes.some(({ op }) => ownOp(op)?.isAsync ?? ASYNC_OPS.has(op));
}

/** @throws ShardError "model-malformed", "model-unsupported" for too many nodes */
export function readNodes(topology: object): GraphNode[] {
  const nodes = (topology as JsonObject).node;
  if (!Array.isArray(nodes)) throw malformed('"node" in the model topology to be a list', typeof nodes);
  if (nodes.length > MAX_NODES) {
    throw new ShardError(
      "model-unsupported",
      `Expected a graph of at most ${MAX_NODES} nodes, received ${nodes.length}: export a smaller model.`,
    );
  }
  return nodes.map((node: unknown, index) => {
    if (!isJsonObject(node) || typeof node.name !== "string" || typeof node.op !== "string") {
      throw malformed(`node ${index} to have a name and an op`, show(node));
    }
    const input: unknown = node.input ?? [];
    if (!Array.isArray(input) || !input.every((name) => typeof name === "string")) {
      throw malformed(`the inputs of node "${node.name.slice(0, 80)}" as a list of names`, show(input));
    }
    if (input.length > MAX_NODES) {
      throw new ShardError(
        "model-unsupported",
        `Expected nodes with at most ${MAX_NODES} inputs, received ${input.length} in "${node.name.slice(0, 80)}": export a smaller model.`,
      );
    }
    return { name: node.name, op: node.op, input, attr: asJsonObject(node.attr) };
  });
}

function signatureEntries(entries: unknown, nodes: ReadonlyMap<string, GraphNode>): TensorBinding[] {
  const bindings: TensorBinding[] = [];
  const signature = asJsonObject(entries);
  for (const [name, value] of Object.entries(signature)) {
    const entry = asJsonObject(value);
    // TF.js itself feeds captured resources (hash tables).
    if (entry.dtype === "DT_RESOURCE" || entry.resourceId !== undefined) continue;
    const tensorName = typeof entry.name === "string" ? entry.name : name;
    const node = nodes.get(tensorName.split(":")[0]!);
    if (node === undefined) {
      throw malformed(`a node "${tensorName.slice(0, 80)}" for "${name.slice(0, 80)}" of the signature`, "none");
    }
    // TF.js checks inputs against the Placeholder's shape and dtype; the signature may state others.
    const placeholder = isPlaceholder(node) ? node : undefined;
    bindings.push({
      name,
      tensorName: tensorKey(tensorName),
      dtype: DTYPES.get(asJsonObject(placeholder?.attr.dtype).type) ?? DTYPES.get(entry.dtype) ?? nodeDtype(node),
      shape: (placeholder && nodeShape(placeholder)) ?? readShape(entry.tensorShape),
    });
  }
  return bindings;
}

function unconsumed(nodes: readonly GraphNode[]): GraphNode[] {
  const consumed = new Set(nodes.flatMap((node) => node.input.map((name) => name.replace(/^\^/, "").split(":")[0]!)));
  return nodes.filter(
    (node) => !consumed.has(node.name) && node.op !== "Const" && node.op !== "NoOp" && !isPlaceholder(node),
  );
}

function isPlaceholder(node: GraphNode): boolean {
  return node.op.startsWith("Placeholder");
}

function bindNode(node: GraphNode): TensorBinding {
  return { name: node.name, tensorName: tensorKey(node.name), dtype: nodeDtype(node), shape: nodeShape(node) };
}

function nodeDtype(node: GraphNode): DType {
  return DTYPES.get(asJsonObject(node.attr.dtype).type) ?? DTYPES.get(asJsonObject(node.attr.T).type) ?? "float32";
}

function nodeShape(node: GraphNode): number[] | undefined {
  return readShape(asJsonObject(node.attr.shape).shape);
}

/** Read a TensorShapeProto in JSON. Sizes are strings or numbers; a missing list means a scalar, unless the rank is unknown. */
function readShape(value: unknown): number[] | undefined {
  if (!isJsonObject(value) || value.unknownRank === true) return undefined;
  if (value.dim === undefined) return [];
  if (!Array.isArray(value.dim)) return undefined;
  return value.dim.map((dim) => {
    const { size } = asJsonObject(dim);
    const value = typeof size === "string" && size !== "" ? Number(size) : size;
    return Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : -1;
  });
}
