import { ShardError } from "../../core/errors.js";
import type { ModelArtifacts } from "../artifacts.js";
import { externalFiles, onnxArtifacts } from "../onnx/onnx-artifacts.js";
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

/** A file with external data may end in so many bytes that the model does not use. */
const SPARE_BYTES = 64 * 2 ** 20;

export function planTfjs({ description, paths, weightSpecs, weightBytes }: ModelJson): WeightPlan {
  return {
    ...{ paths, weightBytes, followsModel: false },
    check: (receivedBytes) => checkWeightLength(weightSpecs, receivedBytes),
    join: (weightData) => ({ ...description, weightSpecs, weightData }),
  };
}

/** Whether the parts that the model names are in its files is checked by `inspectOnnx`. @throws ShardError "model-malformed" */
export function planOnnx(bytes: Uint8Array): WeightPlan {
  const { paths, leastBytes } = externalFiles(bytes);
  const totalBytes = leastBytes.reduce((sum, least) => sum + least, 0);
  // Where the model does not say how long a part is, it reaches to the end of its file.
  const weightBytes = leastBytes.includes(0) ? undefined : totalBytes;
  const mostBytes = weightBytes === undefined ? Infinity : 2 * weightBytes + SPARE_BYTES;
  return {
    ...{ paths, weightBytes, followsModel: true },
    check: (receivedBytes) => {
      if (receivedBytes >= totalBytes && receivedBytes <= mostBytes) return;
      throw new ShardError(
        receivedBytes < totalBytes ? "weights-truncated" : "model-malformed",
        `Expected about ${totalBytes} bytes of external data, received ${receivedBytes}: the files are incomplete or belong to another model; download or export it again.`,
      );
    },
    join: (weightData, byteOffsets) => onnxArtifacts(weightData, paths, byteOffsets),
  };
}
