import type { GraphWire, TensorBinding, TfjsWire } from "../protocol/model-on-wire.js";
import type { WeightRecipe } from "../protocol/weight-recipe.js";
import { asJsonObject, type JsonObject } from "./artifacts.js";
import type { Graph, GraphInitializer } from "./graph/graph.js";
import { needsAsyncExecution } from "./read-graph.js";

/** TF.js builds its version string from these and fails without them. */
const VERSIONS: JsonObject = { producer: 0, minConsumer: 0 };

/**
 * Write a graph as a standalone TF.js model for a worker. Its inputs and outputs are named after their tensors (`node:index`).
 * It has no signature, because TF.js would look names up among the signature's keys first.
 *
 * @param weightData the data that the recipes' offsets count from.
 */
export function graphToWire(graph: Graph, weightData: ArrayBuffer | SharedArrayBuffer): GraphWire {
  const { nodes, library, versions, initializer } = graph;
  const modelTopology = {
    node: nodes.map(({ name, op, input, attr }) => ({ name, op, input, attr })),
    versions: { ...VERSIONS, ...versions },
    ...(library === undefined ? {} : { library }),
  };
  return {
    format: "graph-model",
    artifacts: { modelTopology, ...(initializer === undefined ? {} : initializerParts(graph, initializer)) },
    weights: usedWeights(graph),
    weightData,
    inputs: graph.inputs.map(fedByNode),
    outputs: graph.outputs,
    needsAsync: needsAsyncExecution(nodes),
  };
}

/** TF.js names fed tensors after their Placeholder, without the output index. */
function fedByNode(binding: TensorBinding): TensorBinding {
  return { ...binding, tensorName: binding.tensorName.replace(/:0$/, "") };
}

/** Hash tables need a signature, which binds their Placeholders. Every other entry in it is keyed by its own tensor name. */
function initializerParts({ inputs, outputs }: Graph, initializer: GraphInitializer): JsonObject {
  const entries = (bindings: readonly TensorBinding[]): JsonObject =>
    Object.fromEntries(bindings.map(({ tensorName }) => [tensorName, { name: tensorName }]));
  return {
    modelInitializer: initializer.topology,
    initializerSignature: initializer.signature,
    signature: {
      inputs: { ...entries(inputs.map(fedByNode)), ...initializer.resourceInputs },
      outputs: entries(outputs),
    },
  };
}

/** The weights of the nodes, the functions and the initializer; a worker needs no others. */
function usedWeights({ nodes, library, initializer, weights }: Graph): Record<string, WeightRecipe> {
  const used: Record<string, WeightRecipe> = {};
  const add = (name: unknown): void => {
    const recipe = typeof name === "string" ? weights.get(name) : undefined;
    if (recipe !== undefined) used[String(name)] = recipe;
  };
  for (const { name } of nodes) add(name);
  for (const { name } of [...functionNodes(library), ...nodesOf(initializer?.topology.node)]) add(name);
  return used;
}

/** The ops that a graph on the wire runs, including those of its functions and its initializer; empty for Keras layers. */
export function opsOnWire({ artifacts }: TfjsWire): { readonly op: string }[] {
  const { node, library } = asJsonObject(artifacts.modelTopology);
  const initializer = asJsonObject(artifacts.modelInitializer);
  const nodes = [...nodesOf(node), ...functionNodes(asJsonObject(library)), ...nodesOf(initializer.node)];
  return nodes.flatMap(({ op }) => (typeof op === "string" ? { op } : []));
}

/** The nodes in the bodies of the functions. Malformed entries count as empty objects. */
export function functionNodes(library: JsonObject | undefined): JsonObject[] {
  return nodesOf(library?.function).flatMap((each) => nodesOf(each.nodeDef));
}

function nodesOf(list: unknown): JsonObject[] {
  return Array.isArray(list) ? list.map(asJsonObject) : [];
}
