import { randomInputs, type ModelInfo } from "../../index.js";
import type { Workload } from "../dashboard/host.js";
import { freeSizeFor, itemCountOfRun, itemShapeOf, type RunRequest } from "./model-request.js";
import { modelNameOf } from "./sources/model-name.js";

/**
 * What a run of the user's model is measured by: random items of the same shape, since what they hold does not change how long they take.
 * @returns `undefined` without a model whose place is known, and inputs.
 */
export function modelWorkload(
  {
    sharder,
    modelSource,
  }: {
    readonly sharder: { readonly model: ModelInfo } | undefined;
    readonly modelSource: Workload["model"] | undefined;
  },
  request: RunRequest | undefined,
): Workload | undefined {
  if (sharder === undefined || modelSource === undefined || request === undefined) return undefined;
  return {
    model: modelSource,
    modelName: modelNameOf(modelSource),
    itemCount: itemCountOfRun(request),
    itemShape: itemShapeOf(sharder.model, request.sizes),
    inputs: (itemCount) => randomInputs(sharder.model, { itemCount, freeSize: freeSizeFor(request.sizes) }),
  };
}
