import type { OnnxDataFile } from "../../protocol/model-on-wire.js";
import { ConstantLooker, magnitudeOf, wideNumbers, type Magnitude } from "../file-cut/whole-numbers.js";
import { ATTRIBUTE, GRAPH, TENSOR, TENSOR_TYPE, TYPE, VALUE } from "./fields.js";
import { COUNTING, KEEPING, LIKE_FIRST, TRUTHS } from "./op-classes.js";
import type { ProtoMessage } from "./proto-message.js";
import { attributeOf, type OnnxGraph, type OnnxNode } from "./read-nodes.js";
import { findWeight } from "./stored-weights.js";

/** The numbers of element types as in the file. */
const [FLOAT, UINT8, INT32, INT64, BOOL] = [1, 2, 6, 7, 9];
/** Whole numbers that fit into 32 bits. */
const NARROW: ReadonlySet<number | undefined> = new Set([2, 3, 4, 5, 6, 9]);
/** Those whose every value is the same after it has been float32, int32, bool or string: not the wide ones. */
const UNCHANGED: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 8, 9, 10]);

/** What is known of the tensors of a graph before it runs. */
export interface TensorElements {
  /** The number of a tensor's type of elements; `undefined` where it is not known, and for what is no tensor. */
  readonly elementOf: (name: string) => number | undefined;
  /** Whether all that a tensor can hold is the same after it has gone from one worker to another. */
  readonly crosses: (name: string) => boolean;
}

/**
 * Find the types of a graph's tensors: as the file says, or as its operations have them. O(operands + whole numbers among the constants).
 *
 * Numbers of 64 bits travel as 32, so they cross where they count or number something, or are made of constants and inputs that fit.
 * @param files that hold external data, in `weightData`.
 */
export function findElements(
  { nodes, ...graph }: OnnxGraph,
  files: ReadonlyMap<string, OnnxDataFile>,
  weightData: ArrayBufferLike,
): TensorElements {
  const elements = new Map<string, number | undefined>();
  for (const [name, tensor] of graph.initializers) elements.set(name, tensor.number(TENSOR.element));
  for (const infos of [graph.valueInfos, graph.outputs, graph.inputs]) {
    for (const [name, info] of infos) elements.set(name, statedElement(info));
  }
  const looker = new ConstantLooker();
  const magnitudeOfConstant = (tensor: ProtoMessage): Magnitude => {
    const { byteOffset, byteLength } = findWeight(tensor, files);
    const stored = byteOffset === undefined ? undefined : new Uint8Array(weightData, byteOffset, byteLength);
    return looker.look(byteLength, () => (stored === undefined ? listedNumbers(tensor) : wideNumbers(stored)));
  };
  const magnitudes = new Map<string, Magnitude>();
  const magnitude = (name: string): Magnitude => {
    const element = elements.get(name);
    const known = magnitudes.get(name);
    // What its type can't hold has wrapped around.
    if (NARROW.has(element)) return known === "count" ? known : "small";
    if (element !== INT64) return "any";
    if (known !== undefined) return known;
    const constant = graph.initializers.get(name);
    // The caller gives inputs as numbers of 32 bits at most.
    const found = constant ? magnitudeOfConstant(constant) : graph.inputs.has(name) ? "small" : "any";
    magnitudes.set(name, found);
    return found;
  };
  for (const node of nodes) {
    const found = elementsOf(node, (name) => elements.get(name));
    const made = magnitudeMade(node, magnitude, magnitudeOfConstant);
    for (const [index, name] of node.outputs.entries()) {
      if (elements.get(name) === undefined) elements.set(name, found(index));
      magnitudes.set(name, made);
    }
  }
  return {
    elementOf: (name) => elements.get(name),
    crosses: (name) => {
      const element = elements.get(name);
      return element !== undefined && (UNCHANGED.has(element) || (element === INT64 && magnitude(name) !== "any"));
    },
  };
}

/** `undefined` for what is no tensor. */
function statedElement(info: ProtoMessage): number | undefined {
  return info.message(VALUE.type)?.message(TYPE.tensor)?.number(TENSOR_TYPE.element);
}

/** @returns the type of each output. */
function elementsOf(
  node: OnnxNode,
  known: (name: string) => number | undefined,
): (output: number) => number | undefined {
  const { op, domain, inputs } = node;
  if (domain !== "") return () => undefined;
  const input = (index: number): number | undefined => (inputs[index] === undefined ? undefined : known(inputs[index]));
  const stated = (name: string): number | undefined => attributeOf(node, name)?.number(ATTRIBUTE.integer);
  if (LIKE_FIRST.has(op)) return () => input(0);
  if (TRUTHS.has(op)) return () => BOOL;
  switch (op) {
    case "Shape":
    case "Size":
    case "NonZero":
    case "ArgMax":
    case "ArgMin":
    case "NonMaxSuppression":
      return () => INT64;
    case "TopK":
    case "MaxPool":
    case "Unique":
      return (output) => (output === 0 ? input(0) : INT64);
    case "Dropout":
      return (output) => (output === 0 ? input(0) : BOOL);
    case "Cast":
      return () => stated("to");
    case "CastLike":
    case "Where":
      return () => input(1);
    case "OneHot":
      return () => input(2);
    case "DequantizeLinear":
      return () => stated("output_dtype") ?? input(1);
    case "QuantizeLinear":
      return () => stated("output_dtype") ?? (inputs[2] ? input(2) : UINT8);
    case "DynamicQuantizeLinear":
      return (output) => (output === 1 ? FLOAT : UINT8);
    case "QLinearConv":
    case "QLinearMatMul":
      return () => input(7);
    case "ConvInteger":
    case "MatMulInteger":
      return () => INT32;
    case "ConstantOfShape":
      return () => attributeOf(node, "value")?.message(ATTRIBUTE.tensor)?.number(TENSOR.element) ?? FLOAT;
    case "Constant":
      return () => attributeOf(node, "value")?.message(ATTRIBUTE.tensor)?.number(TENSOR.element);
    case "If":
      return bodyElements(node, "then_branch", 0);
    case "Loop":
      // The first output of its body says whether it goes on.
      return bodyElements(node, "body", 1);
    case "Scan":
      return bodyElements(node, "body", 0);
    case "EyeLike":
    case "RandomNormalLike":
    case "RandomUniformLike":
      return () => stated("dtype") ?? input(0);
    case "RandomNormal":
    case "RandomUniform":
      return () => stated("dtype") ?? FLOAT;
    default:
      return () => undefined;
  }
}

/** @param skipped so many outputs of the body are none of the operation. */
function bodyElements(node: OnnxNode, attribute: string, skipped: number): (output: number) => number | undefined {
  const body = attributeOf(node, attribute)?.message(ATTRIBUTE.graph);
  const outputs = body === undefined ? [] : [...body.messages(GRAPH.outputs)].map(statedElement);
  return (output) => outputs[output + skipped];
}

/** How large the numbers are that a node makes. @param ofConstant that of a constant of numbers of 64 bits */
function magnitudeMade(
  node: OnnxNode,
  of: (name: string) => Magnitude,
  ofConstant: (tensor: ProtoMessage) => Magnitude,
): Magnitude {
  const { op, domain, inputs } = node;
  if (domain !== "") return "any";
  if (COUNTING.has(op)) return "count";
  if (op === "Constant" || op === "ConstantOfShape") {
    const value = attributeOf(node, "value")?.message(ATTRIBUTE.tensor);
    return value?.number(TENSOR.element) === INT64 ? ofConstant(value) : "any";
  }
  const keeping = KEEPING.get(op);
  if (keeping === undefined) return "any";
  return magnitudeOf(
    keeping,
    inputs.map((name) => (name === "" ? undefined : of(name))),
  );
}

/** The numbers of a constant that lists them one by one. */
function* listedNumbers(tensor: ProtoMessage): Generator<number> {
  for (const { number, value, message } of tensor.fields()) {
    if (number !== TENSOR.int64s) continue;
    if (message === undefined) yield value;
    else yield* message.packed();
  }
}
