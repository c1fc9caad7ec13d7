import type { Steps } from "../core/steps.js";
import { ShardError } from "../core/errors.js";
import type { BatchMode, TensorSpec, TfjsWire, WireModel } from "../protocol/model-on-wire.js";
import { tensorBytes } from "../protocol/tensors.js";
import { asJsonObject, type ModelArtifacts } from "./artifacts.js";
import type { BatchAnalysis } from "./batch/analyse-batch.js";
import { batchLayoutOf } from "./batch/batch-layout.js";
import { allocateWeights } from "./load/allocate-weights.js";
import { isPlatform } from "../protocol/realms.js";
import { checkStructure } from "./check-structure.js";
import type { OptimizationReport } from "./optimise/optimization-report.js";
import { prepareInSteps, type DeclaredInputs, type PrepareKeras } from "./prepare-model.js";
import type { ModelLayer, StagedModel } from "./staged-model.js";
import { checkWeightLength, readWeightSpecs } from "./weights.js";

/** What `sharder.model` shows. */
export interface ModelInfo {
  readonly format: "graph-model" | "layers-model" | "tflite" | "onnx" | "remote";
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** How many layers the model has after optimisation. Layers are the smallest parts that it can be cut into; of a model that can't be cut, its operations. */
  readonly layerCount: number;
  /** In order. A cut at k ends one stage after layer k-1 and begins the next with layer k. Empty if the model can't be cut. */
  readonly layers: readonly LayerInfo[];
  /** Every place where the model may be cut. */
  readonly cuts: readonly LegalCut[];
  /** Sum over the layers whose ops have a formula; `undefined` before a traced run. */
  readonly flops: number | undefined;
  /**
   * How the model takes a batch: from the shapes of its inputs ("item-by-item" for 1, "groups" for more, "whole" for no batch), or as its
   * operations prove, or as a trial on three items has shown. `undefined` until one of these has decided; the first job, or
   * `sharder.inspect()`, makes the trial. It is decided for each shape of the items; this is the latest answer.
   */
  readonly batchMode: BatchMode | undefined;
  /** Why the batch mode is what it is, or not known yet, where that is worth saying. */
  readonly batchReason: string | undefined;
  /**
   * Whether a batch of n items gives the same results as n single items: `true` for "batched", `false` where the file or a trial has
   * shown that it does not, `undefined` as long as nobody knows, and for models whose batch is fixed.
   */
  readonly isBatchInvariant: boolean | undefined;
  /** Ops for which a backend has no kernel, by backend, once a worker of it has started. Only models that run as graphs have any. */
  readonly missingOps: Readonly<Record<string, readonly string[]>>;
  /** What `optimize` did with the model, and what it left unchanged and why. */
  readonly optimization: OptimizationReport;
  /** Bytes of the weights as stored, quantised or not. */
  readonly weightBytes: number;
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

export interface InspectedModel<Wire extends WireModel = WireModel> {
  readonly info: ModelInfo;
  /** The whole model, as a replica loads it. */
  readonly wire: Wire;
  /** `undefined` if the model can't be cut. */
  readonly staged: StagedModel<Wire> | undefined;
  /** What its operations say about how its outputs depend on the items of a batch. */
  readonly batch: BatchAnalysis;
}

/**
 * Describe a model from its artifacts and prepare it for the workers. Runs nothing. In steps: a graph of 20,000 nodes takes a second or two.
 *
 * @param shareWeights put the weights in one SharedArrayBuffer for all workers (needs cross-origin isolation).
 * @param optimize fold and fuse operations, which changes results by rounding; false runs the model exactly as it came.
 * @param declared what the caller has declared about inputs: whether axis 0 is the batch.
 * @param prepareKeras as in `prepareInSteps`.
 * @throws ShardError "model-malformed", "weights-truncated", "model-unsupported", "invalid-options" for a name that no input has.
 */
export function* inspectInSteps(
  artifacts: ModelArtifacts,
  shareWeights: boolean,
  optimize: boolean,
  declared: DeclaredInputs,
  prepareKeras?: PrepareKeras,
): Steps<InspectedModel<TfjsWire>> {
  const { weightData: _, ...described } = artifacts;
  checkStructure(described, "the model");
  yield;
  const specs = readWeightSpecs(artifacts.weightSpecs, "weightSpecs");
  const weights = joinBuffers(artifacts.weightData, shareWeights);
  checkWeightLength(specs, weights.byteLength);
  yield;

  const prepared = yield* prepareInSteps(artifacts, specs, weights, optimize, declared, prepareKeras);
  const { format, reading, wire, staged, optimization, batch } = prepared;
  const info: ModelInfo = {
    format,
    inputs: reading.inputs.map(publicSpec),
    outputs: reading.outputs.map(publicSpec),
    layerCount: staged?.layers.length ?? reading.layerCount,
    layers: staged?.layers.map(describeLayer) ?? [],
    cuts: staged?.layers.slice(1).map((_, index) => ({ layer: index + 1, liveBytes: undefined })) ?? [],
    flops: undefined,
    ...initialMode(reading.inputs, batch),
    missingOps: {},
    optimization,
    weightBytes: weights.byteLength,
    userDefinedMetadata: asJsonObject(artifacts.userDefinedMetadata),
  };
  return { info, wire, staged, batch };
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

export function describeLayer({ name, op, weights }: ModelLayer): LayerInfo {
  const weightBytes = Object.values(weights).reduce((total, bytes) => total + bytes, 0);
  return { name, op, weightBytes, outputBytes: undefined, flops: undefined, ms: undefined };
}

type KnownMode = Pick<ModelInfo, "batchMode" | "batchReason" | "isBatchInvariant">;

/** What is known of the batch mode before anything has run. */
export function initialMode(inputs: readonly TensorSpec[], { verdict, reason }: BatchAnalysis): KnownMode {
  const layout = batchLayoutOf(inputs);
  if (layout.kind === "none") return modeInfo("whole", "no input has a batch axis");
  if (layout.kind === "fixed") {
    const mode = layout.itemCount === 1 ? "item-by-item" : "groups";
    return { ...modeInfo(mode, `axis 0 of the inputs is fixed at ${layout.itemCount}`), isBatchInvariant: undefined };
  }
  if (verdict === "rows") return modeInfo("batched", reason);
  if (verdict === "mixed") return modeInfo("whole", reason);
  return { batchMode: undefined, batchReason: reason, isBatchInvariant: undefined };
}

/** How `ModelInfo` shows a mode that is known. */
export function modeInfo(batchMode: BatchMode, batchReason: string | undefined): KnownMode {
  return { batchMode, batchReason, isBatchInvariant: batchMode === "batched" };
}

/** As `ModelInfo` shows an input or an output. */
export function publicSpec({ name, shape, dtype, batched }: TensorSpec): TensorSpec {
  return batched === false ? { name, shape, dtype, batched } : { name, shape, dtype };
}

/** Buffers may come from another frame. */
function isBuffer(part: unknown): part is ArrayBuffer {
  return isPlatform("ArrayBuffer", part);
}

function isShared(part: unknown): part is SharedArrayBuffer {
  return isPlatform("SharedArrayBuffer", part);
}

/** The bytes of a model in one piece, in shared memory if that is wanted. @throws ShardError "model-malformed", "out-of-memory" */
export function joinBuffers(data: ModelArtifacts["weightData"], share: boolean): ArrayBuffer | SharedArrayBuffer {
  const parts: readonly unknown[] = Array.isArray(data) ? data : [data];
  if (parts.length === 1 && isShared(parts[0])) return parts[0];
  if (!parts.every(isBuffer)) {
    throw new ShardError(
      "model-malformed",
      `Expected weightData as an ArrayBuffer, a SharedArrayBuffer or a list of ArrayBuffers, received ${typeof data}: pass the bytes themselves.`,
    );
  }
  if (parts.length === 1 && !share) return parts[0]!;
  const byteLength = parts.reduce((total, part) => total + part.byteLength, 0);
  const joined = allocateWeights(byteLength, share);
  const bytes = new Uint8Array(joined);
  let offset = 0;
  for (const part of parts) {
    bytes.set(new Uint8Array(part), offset);
    offset += part.byteLength;
  }
  return joined;
}
