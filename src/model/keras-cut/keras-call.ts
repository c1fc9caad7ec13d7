import type { DType } from "../../protocol/tensors.js";
import type { JsonObject } from "../artifacts.js";
import type { TensorKey } from "../graph/graph.js";

/** Sizes along the axes, the batch first; `null` where a size is free. */
export type KerasShape = readonly (number | null)[];

/** What one call of a layer gives, or an input of the model. */
export interface KerasTensor {
  readonly key: TensorKey;
  /** `undefined` where no rule tells: such a tensor can't cross a cut, since the stage after it could not be built. */
  readonly shape: KerasShape | undefined;
  /** TF.js casts what a layer gives to float32 before it hands it on, but for what the model gives itself. */
  readonly dtype: DType;
  /** Whether TF.js passes a mask on beside it, which no stage can be given. */
  readonly isMasked: boolean;
}

/** A layer and its weights; a shared one has several calls. */
export interface KerasLayer {
  /** Unique in the whole model, nested ones included. */
  readonly name: string;
  readonly className: string;
  /** As in the file, with `name`. */
  readonly config: JsonObject;
  /** The node numbers that TF.js gives to its calls begin here: a nested model has made its node 0 itself. */
  readonly firstNode: 0 | 1;
}

/** One application of a layer. */
export interface KerasCall {
  readonly layer: KerasLayer;
  readonly inputs: readonly KerasTensor[];
  /** The arguments that stand beside the tensors in `inbound_nodes`. */
  readonly options: JsonObject;
  readonly outputs: readonly KerasTensor[];
}

/** A Keras model as the calls that it is made of, nested models opened where that changes nothing. */
export interface KerasProgram {
  /** In topological order, and only what an output needs. */
  readonly calls: readonly KerasCall[];
  /** In the order of the model's inputs. */
  readonly inputs: readonly KerasTensor[];
  readonly outputs: readonly KerasTensor[];
}

/** Why a model stays in one piece: caught where stages are made, never seen by users as an error. */
export class Uncuttable extends Error {}
