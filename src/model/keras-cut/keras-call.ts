import type { DType } from "../../protocol/tensors.js";
import type { JsonObject } from "../artifacts.js";
import type { TensorKey } from "../graph/graph.js";

/** Sizes along the axes, the batch first; `null` for a free size. */
export type KerasShape = readonly (number | null)[];

/** An output of one call of a layer, or an input of the model. */
export interface KerasTensor {
  readonly key: TensorKey;
  /** `undefined` if no rule gives the shape. Such a tensor can't cross a cut, since the next stage could not be built. */
  readonly shape: KerasShape | undefined;
  /** float32 for the output of a layer: TF.js casts it when it passes it to another layer, though not when the model returns it. */
  readonly dtype: DType;
  /** Whether TF.js passes a mask along with it. A mask can't be passed to another stage. */
  readonly isMasked: boolean;
}

/** A layer; a shared layer has several calls. */
export interface KerasLayer {
  /** Unique in the whole model, including nested models. */
  readonly name: string;
  readonly className: string;
  /** As in the file, except that its name is the unique one. */
  readonly config: JsonObject;
  /** The number that TF.js gives to its first call: 1 for a nested model, which used node 0 when it was built. */
  readonly firstNode: 0 | 1;
}

/** One application of a layer. */
export interface KerasCall {
  readonly layer: KerasLayer;
  readonly inputs: readonly KerasTensor[];
  /** The arguments beside the tensors in `inbound_nodes`. */
  readonly options: JsonObject;
  readonly outputs: readonly KerasTensor[];
}

/** A Keras model as a list of calls. Nested models are replaced by their calls if that doesn't change results. */
export interface KerasProgram {
  /** In topological order; only calls that an output needs. */
  readonly calls: readonly KerasCall[];
  /** In the order of the model's inputs. */
  readonly inputs: readonly KerasTensor[];
  readonly outputs: readonly KerasTensor[];
}

/** Why a model can't be cut. `stageLayers` catches it, so users never see it as an error. */
export class Uncuttable extends Error {}
