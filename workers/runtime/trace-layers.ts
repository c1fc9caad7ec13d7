import { getBackend, reshape, slice, tensor, tidy, type Tensor as TfTensor } from "@tensorflow/tfjs-core";
import { ShardError } from "../../src/core/errors.js";
import { messageOf } from "../../src/protocol/error-record.js";
import type { WireModel } from "../../src/protocol/model-on-wire.js";
import type { TracedLayer, TraceRequest, TraceResult } from "../../src/protocol/worker-api.js";
import { loadModel, type LoadedModel } from "../engines/tfjs/load-model.js";
import { dtypeOf, toTfTensor } from "../engines/tfjs/tf-tensors.js";

interface TransferSample {
  readonly byteCount: number;
  readonly ms: number;
}

/**
 * Run a model layer after layer, each loaded as a stage of its own and dropped after its runs, so that no more than one
 * layer's weights are held. Activations stay in the engine for as long as a later layer needs them.
 *
 * On GPUs the time of a layer holds one read-back, without which it could not be told when the layer ended; it is taken off again.
 */
export async function traceLayers(
  { layers, inputs, runCount }: Pick<TraceRequest, "layers" | "inputs" | "runCount">,
  isCancelled: () => boolean,
  pause: () => Promise<void>,
): Promise<TraceResult> {
  const lastUses = lastUsesOf(layers);
  const live = new Map<string, TfTensor>();
  const traced: TracedLayer[] = [];
  const transfers: TransferSample[] = [];
  let failure: string | undefined;
  try {
    for (const [index, wire] of layers.entries()) {
      await pause();
      if (isCancelled()) throw new ShardError("aborted", "The trace was cancelled.");
      try {
        for (const { name, dtype } of wire.inputs) {
          if (!live.has(name)) live.set(name, toTfTensor(requireInput(inputs, name), dtype));
        }
        traced.push(await traceLayer(wire, live, runCount, transfers));
      } catch (thrown) {
        failure = messageOf(thrown);
        break;
      }
      for (const [name, each] of live) {
        if ((lastUses.get(name) ?? -1) > index) continue;
        each.dispose();
        live.delete(name);
      }
    }
  } finally {
    for (const each of live.values()) each.dispose();
  }
  return { layers: traced, failure, transferMs: fitTransfer(transfers) };
}

function requireInput(inputs: TraceRequest["inputs"], name: string): TraceRequest["inputs"][string] {
  const input = inputs[name];
  if (input !== undefined) return input;
  throw new ShardError("internal", `Expected "${name}" to have been computed by an earlier layer, received nothing.`);
}

/** The index of the last layer that reads each tensor. */
function lastUsesOf(layers: readonly WireModel[]): Map<string, number> {
  return new Map(layers.flatMap((wire, index) => wire.inputs.map(({ name }): [string, number] => [name, index])));
}

async function traceLayer(
  wire: WireModel,
  live: Map<string, TfTensor>,
  runCount: number,
  transfers: TransferSample[],
): Promise<TracedLayer> {
  const model = await loadModel(wire);
  try {
    const feeds = wire.inputs.map(({ name }) => live.get(name)!);
    const runMs: number[] = [];
    for (let run = 0; run <= runCount; run++) {
      const startMs = performance.now();
      const results = await model.execute(feeds);
      const waitedMs = await waitForGpu(results[0]);
      const ms = performance.now() - startMs - waitedMs;
      if (run > 0) runMs.push(Math.max(0, ms));
      if (run === runCount)
        return { ms: Math.min(...runMs), outputs: await keep(wire, model, results, live, transfers) };
      disposeOf(results, feeds, model);
    }
    throw new ShardError("internal", `Expected at least one timed run, received ${runCount}.`);
  } finally {
    model.dispose();
  }
}

/**
 * Wait until a GPU has computed it, by reading one element back, twice: the second reading, of what is ready, takes what
 * the first one took beyond the wait. One element, since TF.js moves off the GPU what is read whole.
 * @returns ms to take off; 0 where computing is synchronous.
 */
async function waitForGpu(result: TfTensor | undefined): Promise<number> {
  if (result === undefined || result.size === 0 || getBackend() === "wasm" || getBackend() === "cpu") return 0;
  await readOneElement(result);
  const startMs = performance.now();
  await readOneElement(result);
  return 2 * (performance.now() - startMs);
}

async function readOneElement(source: TfTensor): Promise<void> {
  const element = tidy(() => slice(reshape(source, [-1]), [0], [1]));
  await element.data();
  element.dispose();
}

async function keep(
  wire: WireModel,
  model: LoadedModel,
  results: readonly TfTensor[],
  live: Map<string, TfTensor>,
  transfers: TransferSample[],
): Promise<TracedLayer["outputs"]> {
  const outputs: Record<string, TracedLayer["outputs"][string]> = {};
  for (const [index, { name }] of wire.outputs.entries()) {
    const result = results[index]!;
    outputs[name] = { shape: result.shape.slice(), dtype: dtypeOf(result) };
    // What aliases a weight or an input would go with it.
    const isAlias = model.weightIds.has(result.id) || [...live.values()].some((each) => each.id === result.id);
    const kept = isAlias ? result.clone() : result;
    live.get(name)?.dispose();
    live.set(name, kept);
    // Of an empty tensor TF.js may read anything, a plain list among it; nothing would be learned from it either.
    if (index === 0 && result.dtype !== "string" && result.size > 0) transfers.push(await timeTransfer(result));
  }
  return outputs;
}

async function timeTransfer(source: TfTensor): Promise<TransferSample> {
  const startMs = performance.now();
  const data = await source.data();
  // A copy, since the read-back may alias TF.js's memory, which is what a boundary pays, too.
  const copied = tensor(data.slice(), source.shape, source.dtype);
  const ms = performance.now() - startMs;
  copied.dispose();
  return { byteCount: data.byteLength, ms };
}

/** Least squares with both coefficients ≥ 0. */
function fitTransfer(samples: readonly TransferSample[]): TraceResult["transferMs"] {
  if (samples.length === 0) return undefined;
  const perTransfer = Math.min(...samples.map(({ ms }) => ms));
  const weighted = samples.reduce((sum, { byteCount, ms }) => sum + byteCount * (ms - perTransfer), 0);
  const squares = samples.reduce((sum, { byteCount }) => sum + byteCount * byteCount, 0);
  return { perTransfer, perByte: squares === 0 ? 0 : Math.max(0, weighted / squares) };
}

function disposeOf(results: readonly TfTensor[], feeds: readonly TfTensor[], model: LoadedModel): void {
  const kept = new Set([...feeds.map(({ id }) => id), ...model.weightIds]);
  for (const each of new Set(results)) if (!kept.has(each.id)) each.dispose();
}
