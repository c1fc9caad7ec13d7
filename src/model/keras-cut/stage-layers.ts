import type { TensorBinding, TfjsWire } from "../../protocol/model-on-wire.js";
import type { StoredWeight } from "../../protocol/weight-recipe.js";
import type { ModelArtifacts } from "../artifacts.js";
import { checkCuts } from "../cut/check-cuts.js";
import { Untranslatable } from "../keras/emitter.js";
import type { ModelReading } from "../read-graph.js";
import type { ModelLayer, ModelStage, StagedModel } from "../staged-model.js";
import { residentBytes } from "../weights.js";
import { Uncuttable, type KerasCall, type KerasLayer, type KerasProgram, type KerasTensor } from "./keras-call.js";
import { weightsOfLayers } from "./layer-weights.js";
import { listKerasLayers } from "./list-layers.js";
import { producersOf } from "./needed-calls.js";
import { readProgram } from "./read-program.js";
import { stageTopology } from "./stage-topology.js";

type WeightsOfLayers = ReadonlyMap<KerasLayer, ReadonlyMap<string, StoredWeight>>;

/**
 * Cut a Keras model into stages that are TF.js layers models themselves. This is for models that can't be translated to a graph
 * (recurrent layers, wrappers), and for those that should run exactly as they came.
 *
 * @param reading the model's public names, from `readLayers`.
 * @param stored where each weight lies, by its name in the file.
 * @returns the reason if the model can't be cut. Never throws, whatever the file holds.
 */
export function stageLayers(
  artifacts: ModelArtifacts,
  reading: Pick<ModelReading, "inputs" | "outputs">,
  stored: ReadonlyMap<string, StoredWeight>,
  weightData: ArrayBuffer | SharedArrayBuffer,
): StagedModel<TfjsWire> | { readonly reason: string } {
  try {
    const program = readProgram(artifacts, reading.inputs, [...stored.keys()]);
    if (program.outputs.length !== reading.outputs.length)
      throw new Uncuttable(`${program.outputs.length} outputs, where its config names ${reading.outputs.length}`);
    if (program.calls.length === 0) throw new Uncuttable("a model without layers");
    return stageProgram(program, reading, stored, weightData);
  } catch (thrown) {
    if (thrown instanceof Uncuttable || thrown instanceof Untranslatable) return { reason: thrown.message };
    if (thrown instanceof SyntaxError) return { reason: "a config that is not JSON" };
    throw thrown;
  }
}

function stageProgram(
  program: KerasProgram,
  reading: Pick<ModelReading, "inputs" | "outputs">,
  stored: ReadonlyMap<string, StoredWeight>,
  weightData: ArrayBuffer | SharedArrayBuffer,
): StagedModel<TfjsWire> {
  const layers = listKerasLayers(program.calls);
  const weights = weightsOfLayers([...new Set(program.calls.map(({ layer }) => layer))], stored);
  const keysOf = (bindings: readonly TensorBinding[], tensors: readonly KerasTensor[]): Record<string, string> =>
    Object.fromEntries(bindings.map(({ name }, index) => [name, tensors[index]!.key]));
  return {
    layers: layers.map((calls) => describeLayer(calls, weights)),
    inputKeys: keysOf(reading.inputs, program.inputs),
    outputKeys: keysOf(reading.outputs, program.outputs),
    stages(cuts) {
      checkCuts(cuts, layers.length);
      const bounds = [0, ...cuts, layers.length];
      return bounds.slice(1).map((end, index): ModelStage<TfjsWire> => {
        const calls = layers.slice(bounds[index]!, end).flat();
        const later = layers.slice(end).flat();
        const { entering, leaving } = boundaryOf(program, calls, later, index === 0);
        const wire = toWire(calls, entering, leaving, weights, weightData);
        const keys = (tensors: readonly KerasTensor[]): string[] => tensors.map(({ key }) => key);
        return { firstLayer: bounds[index]!, lastLayer: end - 1, inputs: keys(entering), outputs: keys(leaving), wire };
      });
    },
  };
}

function describeLayer(calls: readonly KerasCall[], weights: WeightsOfLayers): ModelLayer {
  const { layer } = calls.at(-1)!;
  const producers = producersOf(calls);
  const reads = calls.flatMap(({ inputs }) => inputs.filter((input) => !producers.has(input)));
  const sizes = calls.flatMap((call) =>
    [...weights.get(call.layer)!].map(([name, weight]): [string, number] => [name, residentBytes(weight)]),
  );
  return {
    name: layer.name,
    op: calls.length > 1 ? `atomic part of ${calls.length} layers` : layer.className,
    weights: Object.fromEntries(sizes),
    reads: [...new Set(reads.map(({ key }) => key))],
    nodes: [],
  };
}

interface Boundary {
  readonly entering: readonly KerasTensor[];
  readonly leaving: readonly KerasTensor[];
}

/** @param isFirst the first stage also returns the outputs of the model that are its inputs. */
function boundaryOf(
  { inputs, outputs }: KerasProgram,
  calls: readonly KerasCall[],
  later: readonly KerasCall[],
  isFirst: boolean,
): Boundary {
  const producers = producersOf(calls);
  const passed = isFirst ? outputs.filter((output) => inputs.includes(output)) : [];
  const read = calls.flatMap((call) => call.inputs).filter((input) => !producers.has(input));
  const wanted = [...later.flatMap((call) => call.inputs), ...outputs].filter((tensor) => producers.has(tensor));
  return { entering: [...new Set([...read, ...passed])], leaving: [...new Set([...wanted, ...passed])] };
}

function toWire(
  calls: readonly KerasCall[],
  entering: readonly KerasTensor[],
  leaving: readonly KerasTensor[],
  weights: WeightsOfLayers,
  weightData: ArrayBuffer | SharedArrayBuffer,
): TfjsWire {
  const bind = ({ key, shape, dtype }: KerasTensor, index: number): TensorBinding => ({
    name: key,
    tensorName: String(index),
    dtype,
    shape: shape?.map((size) => size ?? -1),
  });
  const layers = new Set(calls.map(({ layer }) => layer));
  return {
    format: "layers-model",
    artifacts: { modelTopology: stageTopology(calls, entering, leaving), format: "layers-model" },
    weights: Object.fromEntries([...layers].flatMap((layer) => [...weights.get(layer)!])),
    weightData,
    inputs: entering.map(bind),
    outputs: leaving.map(bind),
  };
}
