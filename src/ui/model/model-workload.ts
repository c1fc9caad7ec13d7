import { randomInputs, type ModelInfo } from "../../index.js";
import type { Workload } from "../dashboard/host.js";
import { freeSizeFor, itemCountOfRun, type LoadRequest, type RunRequest } from "./model-request.js";

/**
 * What a run of the user's model is measured by: random items of the same shape, since what they hold does not change how long they take.
 * @returns `undefined` without a model and inputs.
 */
export function modelWorkload(
  {
    sharder,
    loaded,
  }: { readonly sharder: { readonly model: ModelInfo } | undefined; readonly loaded: LoadRequest | undefined },
  request: RunRequest | undefined,
): Workload | undefined {
  if (sharder === undefined || loaded === undefined || request === undefined) return undefined;
  return {
    model: loaded.model,
    modelName: nameOf(loaded.model),
    itemCount: itemCountOfRun(request),
    inputs: (itemCount) => randomInputs(sharder.model, { itemCount, freeSize: freeSizeFor(request.sizes) }),
  };
}

/** The file's name, or that of its folder where the file is a model.json. */
function nameOf(model: string | readonly File[]): string {
  if (typeof model !== "string")
    return (model.length === 1 ? model[0] : (model.find(isJson) ?? model[0]))?.name ?? "model";
  const parts = model
    .replace(/[?#].*$/, "")
    .split("/")
    .filter((part) => part !== "" && part !== "model.json");
  return parts.at(-1) ?? model;
}

function isJson({ name }: File): boolean {
  return name.endsWith(".json");
}
