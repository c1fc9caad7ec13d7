import type { DType } from "./tensors.js";
import type { WeightRecipes } from "./weight-recipe.js";

/** One input or output of the model, by its public name. */
export interface TensorSpec {
  readonly name: string;
  /** -1 where a size is free; `undefined` where the file does not say even the rank. */
  readonly shape: readonly number[] | undefined;
  readonly dtype: DType;
}

/** `TensorSpec` and what TF.js calls it: `node:index` in a graph model, a position in a layers model. */
export interface TensorBinding extends TensorSpec {
  readonly tensorName: string;
}

/** How the rows of axis 0 reach the model. */
export type BatchMode =
  /** Axis 0 is free: a shard is one call. */
  | "batched"
  /** Axis 0 is fixed at 1: the worker calls the model once per item. */
  | "item-by-item";

/** What every format has on the wire: a model, or one stage of it, as one worker gets it. */
interface WireCommon {
  /** For a stage, `name` is the `TensorKey` of what enters and leaves. */
  readonly inputs: readonly TensorBinding[];
  readonly outputs: readonly TensorBinding[];
}

interface TfjsWireCommon extends WireCommon {
  /** TF.js `ModelArtifacts` less weight specs and data: JSON all the way down. */
  readonly artifacts: Readonly<Record<string, unknown>>;
  /** What the worker makes the weights from, in the order in which TF.js expects them. */
  readonly weights: WeightRecipes;
  /**
   * What the recipes' byte offsets count from. Shared by all workers where the page is cross-origin isolated, else copied to each;
   * quantised weights are still quantised.
   */
  readonly weightData: ArrayBuffer | SharedArrayBuffer;
}

export interface GraphWire extends TfjsWireCommon {
  readonly format: "graph-model";
  /** Control flow, dynamic shapes or hash tables: `execute` is refused, `executeAsync` must be used. */
  readonly needsAsync: boolean;
}

export interface LayersWire extends TfjsWireCommon {
  readonly format: "layers-model";
}

/** A union by format: an engine loads the formats that it knows, and refuses the others. */
export type WireModel = GraphWire | LayersWire;
