import { ShardError } from "../core/errors.js";
import type { BatchMode, TensorSpec, WireModel } from "../protocol/model-on-wire.js";
import { tensorBytes } from "../protocol/tensors.js";
import { asJsonObject, type ModelArtifacts } from "./artifacts.js";
import { checkStructure } from "./check-structure.js";
import type { OptimizationReport } from "./optimise/optimization-report.js";
import { prepareModel } from "./prepare-model.js";
import type { StagedModel } from "./staged-model.js";
import { checkWeightLength, readWeightSpecs } from "./weights.js";

/** What `sharder.model` shows. */
export interface ModelInfo {
  readonly format: "graph-model" | "layers-model";
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** How many layers the model has after optimisation. Layers are the smallest parts that it can be cut into. */
  readonly layerCount: number;
  /** In order. A cut at k ends one stage after layer k-1 and begins the next with layer k. Empty if the model can't be cut. */
  readonly layers: readonly LayerInfo[];
  /** Every place where the model may be cut. */
  readonly cuts: readonly LegalCut[];
  /** Sum over the layers whose ops have a formula; `undefined` before a traced run. */
  readonly flops: number | undefined;
  /**
   * Whether a batch of n items gives the same results as n single items. `false` makes workers run items one by one.
   * It is `false` from the start if the model branches on the values of its inputs. Otherwise a trial with two items decides;
   * `undefined` before that trial (`sharder.inspect()` makes it), and for models whose batch is fixed at 1.
   */
  readonly isBatchInvariant: boolean | undefined;
  /** Ops for which a backend has no kernel, by backend, once a worker of it has started. Only models that run as graphs have any. */
  readonly missingOps: Readonly<Record<string, readonly string[]>>;
  /** What `optimize` did with the model, and what it left unchanged and why. */
  readonly optimization: OptimizationReport;
  /** Bytes of the weights as stored, quantised or not. */
  readonly weightBytes: number;
  /** "item-by-item": axis 0 is fixed at 1, so each worker calls the model once per item. */
  readonly batchMode: BatchMode;
  readonly userDefinedMetadata: Readonly<Record<string, unknown>>;
}

/** A place between two layers. */
export interface LegalCut {
  /** Index of the layer that begins a stage here, as the `cuts` option takes it. */
  readonly layer: number;
  /** Bytes of one item that cross the cut; `undefined` before a traced run. */
  readonly liveBytes: number | undefined;
}

/** One layer as `sharder.model` shows it. */
export interface LayerInfo {
  readonly name: string;
  readonly op: string;
  /** Bytes of its weights in a worker, where quantised weights are expanded. */
  readonly weightBytes: number;
  /** Bytes of its outputs for one item; `undefined` before a traced run (`split: "layers"` makes one). */
  readonly outputBytes: number | undefined;
  /** For one item; a multiply-add counts as two. `undefined` before a traced run and for ops without a formula. */
  readonly flops: number | undefined;
  /** Measured for one item, ms, on the first worker that ran it; `undefined` before a traced run. */
  readonly ms: number | undefined;
}

export interface InspectedModel {
  readonly info: ModelInfo;
  /** The whole model, as a replica loads it. */
  readonly wire: WireModel;
  /** `undefined` if the model can't be cut. */
  readonly staged: StagedModel | undefined;
  /** Nothing in the file promises that a batch gives what its items give: it is tried out first. */
  readonly needsBatchProbe: boolean;
}

/**
 * Describe a model from its artifacts and prepare it for the workers. Runs nothing.
 *
 * @param shareWeights put the weights in one SharedArrayBuffer for all workers (needs cross-origin isolation).
 * @param optimize fold and fuse operations, which changes results by rounding; false runs the model exactly as it came.
 * @throws ShardError "model-malformed", "weights-truncated", "model-unsupported"
 */
export function inspectModel(artifacts: ModelArtifacts, shareWeights: boolean, optimize = false): InspectedModel {
  const { weightData: _, ...described } = artifacts;
  checkStructure(described, "the model");
  const specs = readWeightSpecs(artifacts.weightSpecs, "weightSpecs");
  const weights = joinBuffers(artifacts.weightData, shareWeights);
  checkWeightLength(specs, weights.byteLength);

  const prepared = prepareModel(artifacts, specs, weights, optimize);
  const { format, reading, wire, staged, optimization } = prepared;
  const info: ModelInfo = {
    format,
    inputs: reading.inputs.map(publicSpec),
    outputs: reading.outputs.map(publicSpec),
    layerCount: staged?.layers.length ?? reading.layerCount,
    layers: staged?.layers.map(describeLayer) ?? [],
    cuts: staged?.layers.slice(1).map((_, index) => ({ layer: index + 1, liveBytes: undefined })) ?? [],
    flops: undefined,
    isBatchInvariant: prepared.branchesOnValues ? false : undefined,
    missingOps: {},
    optimization,
    weightBytes: weights.byteLength,
    batchMode: batchModeOf(reading.inputs),
    userDefinedMetadata: asJsonObject(artifacts.userDefinedMetadata),
  };
  return { info, wire, staged, needsBatchProbe: prepared.needsBatchProbe };
}

/** What a traced run has shown of a model's layers, for one item. */
export interface TraceFindings {
  /** What leaves each layer, by `TensorKey`. */
  readonly outputs: readonly Readonly<Record<string, { readonly dtype: string; readonly shape: readonly number[] }>>[];
  readonly layerMs: readonly number[];
  /** Bytes that cross the place in front of each layer, and the end. */
  readonly boundaryBytes: readonly number[];
  /** `undefined` for layers whose ops have no formula. */
  readonly layerFlops: readonly (number | undefined)[];
}

/** The model with what a traced run has shown of it. */
export function withTrace(info: ModelInfo, { outputs, layerMs, boundaryBytes, layerFlops }: TraceFindings): ModelInfo {
  const layers = info.layers.map((layer, index) => {
    const outputBytes = Object.values(outputs[index] ?? {}).reduce((total, tensor) => total + tensorBytes(tensor), 0);
    return { ...layer, outputBytes, ms: layerMs[index], flops: layerFlops[index] };
  });
  const cuts = info.cuts.map(({ layer }) => ({ layer, liveBytes: boundaryBytes[layer] }));
  const flops = layerFlops.reduce<number>((total, each) => total + (each ?? 0), 0);
  return { ...info, layers, cuts, flops };
}

function describeLayer({ name, op, weights }: StagedModel["layers"][number]): LayerInfo {
  const weightBytes = Object.values(weights).reduce((total, bytes) => total + bytes, 0);
  return { name, op, weightBytes, outputBytes: undefined, flops: undefined, ms: undefined };
}

/**
 * "batched" if some input leaves axis 0 free (or doesn't state its shape), else "item-by-item" if some input fixes axis 0 at 1.
 * @throws ShardError "model-unsupported" if no input does either.
 */
function batchModeOf(inputs: readonly TensorSpec[]): BatchMode {
  if (inputs.some(({ shape }) => shape === undefined || shape[0] === -1)) return "batched";
  if (inputs.some(({ shape }) => shape?.[0] === 1)) return "item-by-item";
  const shapes = inputs.map(({ name, shape }) => `"${name}" ${JSON.stringify(shape)}`).join(", ");
  throw new ShardError(
    "model-unsupported",
    `Expected an input whose axis 0 is the batch (free, or fixed at 1), received ${shapes}: export the model with a free batch size.`,
  );
}

function publicSpec({ name, shape, dtype }: TensorSpec): TensorSpec {
  return { name, shape, dtype };
}

function joinBuffers(data: ModelArtifacts["weightData"], share: boolean): ArrayBuffer | SharedArrayBuffer {
  const isShared = typeof SharedArrayBuffer !== "undefined" && data instanceof SharedArrayBuffer;
  if (isShared || (data instanceof ArrayBuffer && !share)) return data;
  const parts = Array.isArray(data) ? data : [data];
  if (!parts.every((part) => part instanceof ArrayBuffer)) {
    throw new ShardError(
      "model-malformed",
      `Expected weightData as an ArrayBuffer, a SharedArrayBuffer or a list of ArrayBuffers, received ${typeof data}: pass the bytes themselves.`,
    );
  }
  if (parts.length === 1 && !share) return parts[0]!;
  const byteLength = parts.reduce((total, part) => total + part.byteLength, 0);
  const joined = share ? new SharedArrayBuffer(byteLength) : new ArrayBuffer(byteLength);
  const bytes = new Uint8Array(joined);
  let offset = 0;
  for (const part of parts) {
    bytes.set(new Uint8Array(part), offset);
    offset += part.byteLength;
  }
  return joined;
}
