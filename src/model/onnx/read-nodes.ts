import { ATTRIBUTE, GRAPH, NODE, SPARSE, TENSOR, VALUE } from "./fields.js";
import type { ProtoMessage } from "./proto-message.js";

/** An operation of a graph. */
export interface OnnxNode {
  readonly name: string;
  readonly op: string;
  /** "" for ONNX's own operations. */
  readonly domain: string;
  /** In the order of its definition; "" where an optional one is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Tensors of the graph around that its branches and bodies read. */
  readonly captures: readonly string[];
  readonly hasBodies: boolean;
  /** As the file has it. */
  readonly message: ProtoMessage;
}

/** The parts of a graph, by what they are; the last one of a name counts. */
export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  /** Dense ones, by name. */
  readonly initializers: ReadonlyMap<string, ProtoMessage>;
  readonly sparseInitializers: ReadonlyMap<string, ProtoMessage>;
  /** In older files, initializers are among them. */
  readonly inputs: ReadonlyMap<string, ProtoMessage>;
  readonly outputs: ReadonlyMap<string, ProtoMessage>;
  /** What the file says of the tensors in between. */
  readonly valueInfos: ReadonlyMap<string, ProtoMessage>;
  /** Whatever else there is, as encoded. */
  readonly others: readonly Uint8Array[];
}

/** Read a graph's operations and tensors, without the tensors' values. @throws ShardError "model-malformed". O(fields). */
export function readOnnxGraph(graph: ProtoMessage): OnnxGraph {
  const nodes: OnnxNode[] = [];
  const [initializers, sparseInitializers, inputs, outputs, valueInfos] = Array.from(
    { length: 5 },
    () => new Map<string, ProtoMessage>(),
  ) as [Named, Named, Named, Named, Named];
  const others: Uint8Array[] = [];
  for (const { number, message, encoded } of graph.fields()) {
    if (message === undefined) others.push(encoded());
    else if (number === GRAPH.nodes) nodes.push(readNode(message));
    else if (number === GRAPH.initializers) initializers.set(message.text(TENSOR.name) ?? "", message);
    else if (number === GRAPH.sparseInitializers) {
      sparseInitializers.set(message.message(SPARSE.values)?.text(TENSOR.name) ?? "", message);
    } else if (number === GRAPH.inputs) inputs.set(message.text(VALUE.name) ?? "", message);
    else if (number === GRAPH.outputs) outputs.set(message.text(VALUE.name) ?? "", message);
    else if (number === GRAPH.valueInfos) valueInfos.set(message.text(VALUE.name) ?? "", message);
    else others.push(encoded());
  }
  return { nodes, initializers, sparseInitializers, inputs, outputs, valueInfos, others };
}

type Named = Map<string, ProtoMessage>;

/** A node's attribute. */
export function attributeOf({ message }: OnnxNode, name: string): ProtoMessage | undefined {
  for (const attribute of message.messages(NODE.attributes))
    if (attribute.text(ATTRIBUTE.name) === name) return attribute;
  return undefined;
}

/** The graphs of a node's branches and bodies. */
function bodiesOf(node: ProtoMessage): ProtoMessage[] {
  return [...node.messages(NODE.attributes)].flatMap((attribute) => [
    ...attribute.messages(ATTRIBUTE.graph),
    ...attribute.messages(ATTRIBUTE.graphs),
  ]);
}

function readNode(message: ProtoMessage): OnnxNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  let [name, op, domain] = ["", "", ""];
  for (const { number, message: part } of message.fields()) {
    if (part === undefined) continue;
    if (number === NODE.inputs) inputs.push(part.asText());
    else if (number === NODE.outputs) outputs.push(part.asText());
    else if (number === NODE.name) name = part.asText();
    else if (number === NODE.op) op = part.asText();
    else if (number === NODE.domain) domain = part.asText();
  }
  const bodies = bodiesOf(message);
  const captures = new Set(bodies.flatMap((body) => [...freeNames(body)]));
  return {
    ...{ op, inputs, outputs, message },
    name: name || (outputs.find((each) => each !== "") ?? op),
    domain: domain === "ai.onnx" ? "" : domain,
    captures: [...captures],
    hasBodies: bodies.length > 0,
  };
}

/** Names that a body reads and does not make. Depths of bodies in each other are checked by `scanModel`. */
function freeNames(body: ProtoMessage): Set<string> {
  const { nodes, initializers, sparseInitializers, inputs, outputs } = readOnnxGraph(body);
  const read = new Set([...nodes.flatMap((node) => [...node.inputs, ...node.captures]), ...outputs.keys()]);
  for (const names of [initializers, sparseInitializers, inputs]) for (const name of names.keys()) read.delete(name);
  for (const name of nodes.flatMap((node) => node.outputs)) read.delete(name);
  read.delete("");
  return read;
}
