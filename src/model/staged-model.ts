import { mapInSteps, type Steps } from "../core/steps.js";
import type { TfjsWire, WireModel } from "../protocol/model-on-wire.js";
import { cutGraph } from "./cut/cut-graph.js";
import { constNames, listLayersInSteps, readsOf, type GraphLayer } from "./cut/graph-layers.js";
import { parseReference, type Graph, type TensorKey } from "./graph/graph.js";
import { residentBytes } from "./weights.js";
import { functionNodes, graphToWire } from "./wire-graph.js";

/** A stage: its layers, the tensors that enter and leave it, and the model that a worker loads for it. */
export interface ModelStage<Wire extends WireModel = WireModel> {
  readonly firstLayer: number;
  readonly lastLayer: number;
  readonly inputs: readonly TensorKey[];
  readonly outputs: readonly TensorKey[];
  readonly wire: Wire;
}

/** The smallest part of a model that can be a stage of its own. */
export interface ModelLayer {
  readonly name: string;
  readonly op: string;
  /** Bytes that each of its weights takes in a worker, by name. Several layers may use the same weight. */
  readonly weights: Readonly<Record<string, number>>;
  /** Tensors that it reads from other layers, including the model's inputs. */
  readonly reads: readonly TensorKey[];
  /** The graph nodes of this layer; empty for layers of a Keras model, and of files of other engines. */
  readonly nodes: GraphLayer["nodes"];
}

/** A model that can be cut into stages. */
export interface StagedModel<Wire extends WireModel = WireModel> {
  /** In order; every place between two of them is a legal cut. */
  readonly layers: readonly ModelLayer[];
  /** The key of each input and output of the model, by public name. */
  readonly inputKeys: Readonly<Record<string, TensorKey>>;
  readonly outputKeys: Readonly<Record<string, TensorKey>>;
  /**
   * @param cuts indices of the layers that begin a stage, ascending, 1 … layers.length-1; an empty list gives one stage.
   * @throws ShardError "invalid-options" for other cuts.
   */
  stages(cuts: readonly number[]): ModelStage<Wire>[];
}

/** Make a graph cuttable into stages. @param weightData the data that the recipes' offsets count from. */
export function* stageInSteps(graph: Graph, weightData: ArrayBuffer | SharedArrayBuffer): Steps<StagedModel<TfjsWire>> {
  const layers = yield* listLayersInSteps(graph);
  yield;
  const consts = constNames(graph);
  const described = yield* mapInSteps(layers, (layer) => ({
    name: layer.name,
    op: layer.op,
    weights: weightsOf(layer, graph),
    reads: readsOf(layer, consts),
    nodes: layer.nodes,
  }));
  return {
    layers: described,
    inputKeys: Object.fromEntries(graph.inputs.map(({ name, tensorName }) => [name, tensorName])),
    outputKeys: Object.fromEntries(graph.outputs.map(({ name, tensorName }) => [name, tensorName])),
    stages: (cuts) =>
      cutGraph(graph, layers, cuts).map(({ graph: stage, firstLayer, lastLayer }) => ({
        firstLayer,
        lastLayer,
        inputs: stage.inputs.map(({ name }) => name),
        outputs: stage.outputs.map(({ name }) => name),
        wire: graphToWire(stage, weightData),
      })),
  };
}

function weightsOf({ nodes }: GraphLayer, { weights, library }: Graph): Record<string, number> {
  const names = nodes.flatMap(({ name, input }) => [name, ...input.map((each) => parseReference(each).node)]);
  const callsFunctions = nodes.some(({ attr }) => Object.values(attr).some((value) => "func" in Object(value)));
  if (callsFunctions) {
    for (const { name } of functionNodes(library)) if (typeof name === "string") names.push(name);
  }
  const sizes: Record<string, number> = {};
  for (const name of names) {
    const recipe = weights.get(name);
    if (recipe !== undefined) sizes[name] = residentBytes(recipe);
  }
  return sizes;
}
