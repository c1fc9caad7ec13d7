import type { TensorKey } from "../model/graph/graph.js";

/** A stage of the model as workers hold it. */
export interface DeployedStage {
  /** Tensors that enter, by `TensorKey`. */
  readonly inputs: readonly TensorKey[];
  readonly outputs: readonly TensorKey[];
}
