import type { GraphWire, TensorBinding } from "../../protocol/model-on-wire.js";
import type { WeightRecipes } from "../../protocol/weight-recipe.js";
import { parseReference, tensorKey, type GraphNode } from "../graph/graph.js";
import { neededNodes } from "../graph/needed-nodes.js";
import { readNodes } from "../read-graph.js";
import { RECURRENT_OPS } from "../recurrent-ops.js";
import { emitterOf } from "./emit/emitters.js";
import { foldNode, isFoldable } from "./fold/fold-node.js";
import { NodeCall } from "./node-call.js";
import { nodeName, untranslatable } from "./refusal.js";
import { SubgraphBuilder, type OperatorCall } from "./subgraph.js";
import { layOutFile, type Signature, type TfliteFile } from "./tflite-file.js";
import { tidyCalls, withoutUnread } from "./tidy.js";
import { integerList, type Element, type Value } from "./value.js";

/** By the names of inputs. */
export type InputShapes = Readonly<Record<string, readonly number[]>>;

/**
 * Write an optimised graph as a `.tflite` file for inputs of certain shapes. All sizes are known then, and so is what the graph computes of
 * them: shapes, strides and paddings become constants of the file. The weights are read when the file is written.
 *
 * @param shapes without free sizes, one for each input.
 * @throws ShardError "model-unsupported" naming the first node that TensorFlow Lite has no counterpart for, "model-failed" for sizes that do
 *         not fit, "model-malformed".
 * O(nodes), but for the integers that shapes are computed of.
 */
export function translateGraph(wire: GraphWire, shapes: InputShapes): TfliteFile {
  const { weights, weightData } = wire;
  const nodes = readNodes(wire.artifacts.modelTopology as object);
  const builder = new SubgraphBuilder();
  const values = new Map<string, Value>();
  const fed = new Map(wire.inputs.map((binding) => [tensorKey(binding.tensorName), binding]));
  const inputs = wire.inputs.map((binding): readonly [string, number] => {
    const value = builder.tensor(shapes[binding.name]!, elementOf(binding));
    values.set(tensorKey(binding.tensorName), value);
    return [binding.name, builder.indexOf(value)];
  });
  const needed = neededNodes({ nodes, outputs: wire.outputs }, new Set([...fed.keys()].map(nodeOf)));
  const computed = nodes.filter(({ name }) => needed.has(name) && !fed.has(`${name}:0`));
  // First of all: whether the sizes fit is known of some of them only.
  for (const node of computed) requireCounterpart(node);
  for (const node of computed) {
    const results = translateNode(node, values, weights, builder, weightData);
    for (const [index, value] of results.entries()) values.set(`${node.name}:${index}`, value);
  }
  const outputs = emitOutputs(wire, values, builder, weightData);
  requireComputed(builder.calls, inputs, outputs);
  const calls = tidyCalls(
    builder.calls,
    outputs.map(([, index]) => index),
  );
  const { subgraph, signature } = withoutUnread(builder.tensors, calls, { inputs, outputs });
  return layOutFile(subgraph, signature, weightData);
}

function nodeOf(key: string): string {
  return parseReference(key).node;
}

/** LiteRT leaves outputs unwritten that are the same for all inputs of one shape, as of 2.5.3. @throws ShardError "model-unsupported" */
function requireComputed(
  calls: readonly OperatorCall[],
  inputs: Signature["inputs"],
  outputs: Signature["outputs"],
): void {
  const varies = new Set(inputs.map(([, index]) => index));
  for (const call of calls) {
    if (call.inputs.some((index) => varies.has(index))) for (const index of call.outputs) varies.add(index);
  }
  const fixed = outputs.find(([, index]) => !varies.has(index));
  if (fixed !== undefined) {
    throw untranslatable(`the output "${fixed[0].slice(0, 120)}", which does not depend on the values of the inputs`);
  }
}

/** Ops that pass their inputs on. */
const PASSING = /^(EnsureShape|Identity|IdentityN|Snapshot|StopGradient)$/;

/** @throws ShardError "model-unsupported" */
function requireCounterpart(node: GraphNode): void {
  const { op } = node;
  if (op === "Const" || PASSING.test(op) || isFoldable(op) || emitterOf(op) !== undefined) return;
  const isRecurrent = RECURRENT_OPS.some((each) => each === op);
  const reason = isRecurrent
    ? // TensorFlow Lite has an LSTM; "Variable tensors not yet supported", LiteRT 2.5.3 says of its states.
      "a recurrent layer, whose states LiteRT does not keep"
    : "an operation that TensorFlow Lite has no counterpart for";
  throw untranslatable(`the node ${nodeName(node)}, ${reason}`);
}

function translateNode(
  node: GraphNode,
  values: ReadonlyMap<string, Value>,
  weights: WeightRecipes,
  builder: SubgraphBuilder,
  data: ArrayBuffer | SharedArrayBuffer,
): readonly Value[] {
  const { op } = node;
  if (op === "Const") return [constantValue(node, weights)];
  const emit = emitterOf(op);
  const references = node.input.filter((each) => !each.startsWith("^"));
  const inputs = references.map((each) => {
    const value = values.get(tensorKey(each));
    if (value !== undefined) return value;
    throw untranslatable(`the node ${nodeName(node)}, which reads "${each.slice(0, 120)}" before it is computed`);
  });
  if (PASSING.test(op)) return inputs;
  const call = new NodeCall(node, inputs, builder, data);
  const folded = foldNode(call);
  if (folded !== undefined) return folded;
  if (emit === undefined) throw untranslatable(`the node ${nodeName(node)}, whose inputs are not known beforehand`);
  return emit(call);
}

function constantValue(node: GraphNode, weights: WeightRecipes): Value {
  const recipe = weights[node.name];
  if (recipe === undefined) throw untranslatable(`the node ${nodeName(node)} without a weight`);
  const { shape, dtype } = recipe;
  if (dtype === "string" || dtype === "complex64") {
    throw untranslatable(`the node ${nodeName(node)} with elements of ${dtype}`);
  }
  return { shape, element: dtype, source: { kind: "weight", recipe } };
}

function elementOf({ name, dtype }: TensorBinding): Element {
  if (dtype !== "string") return dtype;
  throw untranslatable(`texts in "${name.slice(0, 80)}"`);
}

/** Outputs are tensors of their own: neither inputs, nor constants, nor the same tensor twice. */
function emitOutputs(
  { inputs, outputs }: GraphWire,
  values: ReadonlyMap<string, Value>,
  builder: SubgraphBuilder,
  data: ArrayBuffer | SharedArrayBuffer,
): (readonly [name: string, index: number])[] {
  const taken = new Set(inputs.map(({ tensorName }) => builder.indexOf(values.get(tensorKey(tensorName))!)));
  return outputs.map((binding) => {
    const { name, tensorName } = binding;
    const value = values.get(tensorKey(tensorName));
    if (value === undefined) throw untranslatable(`the output "${tensorName.slice(0, 120)}", which nothing computes`);
    if (value.element !== elementOf(binding)) {
      throw untranslatable(`the output "${tensorName.slice(0, 120)}" with elements of ${value.element}`);
    }
    let index = builder.indexOf(value);
    if (value.source.kind !== "tensor" || taken.has(index)) {
      const node: GraphNode = { name: tensorName, op: "Identity", input: [], attr: {} };
      const copy = new NodeCall(node, [value], builder, data);
      const { shape } = value;
      index = builder.indexOf(copy.emit("RESHAPE", [value, integerList(shape)], { shape }));
    }
    taken.add(index);
    return [name, index];
  });
}
