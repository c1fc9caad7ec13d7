import type { JsonObject } from "../artifacts.js";
import { callInPasses } from "./in-passes.js";
import type { KerasCall, KerasLayer, KerasTensor } from "./keras-call.js";
import { producersOf } from "./needed-calls.js";

/** Version fields that TF.js expects in a saved functional model. */
const VERSIONS = { keras_version: "tfjs-layers", backend: "tensor_flow.js" };

/**
 * Write a run of calls as a functional model of its own. It has an InputLayer for each tensor that enters, and the layers of these
 * calls. The calls are numbered from the start again.
 */
export function stageTopology(
  calls: readonly KerasCall[],
  entering: readonly KerasTensor[],
  leaving: readonly KerasTensor[],
): JsonObject {
  const queues = [...groupByLayer(calls).values()];
  const numbers = numberCalls(queues, entering);
  const producers = producersOf(calls);
  const taken = new Set(queues.map(([call]) => call!.layer.name));
  const entries = new Map(entering.map((tensor) => [tensor, claimName(tensor, taken)]));
  const refer = (tensor: KerasTensor): [string, number, number] => {
    const entry = entries.get(tensor);
    if (entry !== undefined) return [entry, 0, 0];
    const call = producers.get(tensor)!;
    return [call.layer.name, numbers.get(call)!, call.outputs.indexOf(tensor)];
  };
  const layers = queues.map((each) => {
    const { name, className, config } = each[0]!.layer;
    const inbound = each.map(({ inputs, options }) => inputs.map((input) => [...refer(input), options]));
    return { name, class_name: className, config, inbound_nodes: inbound };
  });
  const config = {
    name: "stage",
    layers: [...entering.map((tensor) => inputLayer(entries.get(tensor)!, tensor)), ...layers],
    input_layers: entering.map(refer),
    output_layers: leaving.map(refer),
  };
  return { class_name: "Model", config, ...VERSIONS };
}

function groupByLayer(calls: readonly KerasCall[]): Map<KerasLayer, KerasCall[]> {
  const groups = new Map<KerasLayer, KerasCall[]>();
  for (const call of calls) {
    const group = groups.get(call.layer);
    if (group === undefined) groups.set(call.layer, [call]);
    else group.push(call);
  }
  return groups;
}

/** The number that TF.js will give to each call of a layer. */
function numberCalls(
  queues: readonly (readonly KerasCall[])[],
  entering: readonly KerasTensor[],
): Map<KerasCall, number> {
  const numbers = new Map<KerasCall, number>();
  const counts = new Map<KerasLayer, number>();
  const made = new Set(entering);
  callInPasses(queues, (call) => {
    if (!call.inputs.every((input) => made.has(input))) return false;
    const number = counts.get(call.layer) ?? call.layer.firstNode;
    numbers.set(call, number);
    counts.set(call.layer, number + 1);
    for (const output of call.outputs) made.add(output);
    return true;
  });
  return numbers;
}

/** The producer's own name if it is not taken. TF.js allows letters, digits, "-", "_", "." and "/" in names. */
function claimName({ key }: KerasTensor, taken: Set<string>): string {
  let name = key.replace(/:0$/, "").replaceAll(/[^-\w./]/g, "_");
  while (taken.has(name)) name += "_";
  taken.add(name);
  return name;
}

function inputLayer(name: string, { shape, dtype }: KerasTensor): JsonObject {
  const config = { name, batch_input_shape: shape, dtype, sparse: false };
  return { name, class_name: "InputLayer", config, inbound_nodes: [] };
}
