import type { ModelArtifacts } from "../artifacts.js";
import { checkWeightLength } from "../weights.js";
import type { ModelJson } from "./model-json.js";

/** What a model's file says about the files with its weights. */
export interface WeightPlan {
  readonly paths: readonly string[];
  /** Of all of them together, at least; `undefined` if the model does not say. */
  readonly weightBytes: number | undefined;
  /** Whether the weights are put behind the model's own bytes. */
  readonly followsModel: boolean;
  /** Called when more bytes than `weightBytes` have arrived, and at the end. @throws ShardError for a count that can't be right. */
  readonly check: (receivedBytes: number) => void;
  /** @param byteOffsets of the files in `weightData`. */
  readonly join: (weightData: ArrayBuffer | SharedArrayBuffer, byteOffsets: readonly number[]) => ModelArtifacts;
}

export function planTfjs({ description, paths, weightSpecs, weightBytes }: ModelJson): WeightPlan {
  return {
    ...{ paths, weightBytes, followsModel: false },
    check: (receivedBytes) => checkWeightLength(weightSpecs, receivedBytes),
    join: (weightData) => ({ ...description, weightSpecs, weightData }),
  };
}
