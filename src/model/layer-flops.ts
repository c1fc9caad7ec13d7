import { isTfjsWire, type TfjsWire } from "../protocol/model-on-wire.js";
import { flopsOf } from "./flops.js";
import { parseReference, tensorKey, type TensorKey } from "./graph/graph.js";
import { kerasFlops } from "./keras-cut/keras-flops.js";
import type { StagedModel } from "./staged-model.js";
import { isPassive, readNodes } from "./read-graph.js";

type Shape = readonly number[];

/**
 * Count the operations of each layer in a traced run.
 * @param shapes of all tensors of that run, inputs included, by key.
 */
export function flopsOfLayers(staged: StagedModel, shapes: ReadonlyMap<TensorKey, Shape>): (number | undefined)[] {
  const cuts = staged.layers.map((_, layer) => layer).slice(1);
  return staged
    .stages(cuts)
    .map(({ wire }) => (isTfjsWire(wire) ? layerFlops(wire, (key) => shapes.get(key)) : undefined));
}

/**
 * Count the floating-point operations of one run of a layer, once a traced run has shown the shapes.
 *
 * @param wire of a stage that consists of one layer.
 * @param shapeOf the shape of a tensor that enters or leaves a layer.
 * @returns `undefined` if a shape or a formula is missing, as for loops.
 */
export function layerFlops(wire: TfjsWire, shapeOf: (key: TensorKey) => Shape | undefined): number | undefined {
  const [output] = wire.outputs.map(({ name }) => shapeOf(name));
  if (output === undefined) return undefined;
  const { modelTopology } = wire.artifacts;
  if (typeof modelTopology !== "object" || modelTopology === null) return undefined;
  if (wire.format === "layers-model") {
    const inputs = wire.inputs.map(({ name }) => shapeOf(name));
    if (!inputs.every((shape) => shape !== undefined)) return undefined;
    const weights = Object.entries(wire.weights).map(([name, { shape }]) => ({ name, shape }));
    return kerasFlops(modelTopology, inputs, output, weights);
  }
  const nodes = readNodes(modelTopology);
  const computing = nodes.filter((node) => !isPassive(node));
  const [node] = computing;
  if (node === undefined) return 0;
  if (computing.length > 1) return undefined;
  const entering = new Map(wire.inputs.map(({ name, tensorName }) => [tensorKey(tensorName), shapeOf(name)]));
  const inputs = node.input.flatMap((reference) => {
    const { node: source, isControl } = parseReference(reference);
    return isControl ? [] : [entering.get(tensorKey(reference)) ?? wire.weights[source]?.shape];
  });
  if (!inputs.every((shape) => shape !== undefined)) return undefined;
  return flopsOf({ op: node.op, attr: node.attr, inputs, output });
}
