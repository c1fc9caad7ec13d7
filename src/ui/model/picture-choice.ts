import { findPictureInput, randomInputs, type ModelInfo, type ModelLabels, type PictureOptions } from "../../index.js";
import type { RunRequest } from "./model-request.js";
import { VALUE_RANGES } from "./value-ranges.js";

/** The user's choices, as far as this model leaves them open. Inputs that take no pictures get random numbers. */
export function pictureOptionsFor(
  model: Pick<ModelInfo, "inputs">,
  { values, fit, freeSize }: Extract<RunRequest, { kind: "pictures" }>,
  labels: ModelLabels | undefined,
): PictureOptions {
  const input = findPictureInput(model);
  const others = model.inputs.filter(({ name }) => name !== input?.name);
  const meaning =
    input?.dtype === "int32" ? {} : values === "metadata" ? { ...labels?.pictures } : VALUE_RANGES[values].options;
  return {
    ...(input?.width === -1 && { width: freeSize }),
    ...(input?.height === -1 && { height: freeSize }),
    ...meaning,
    fit,
    otherInputs: randomInputs({ inputs: others }, { itemCount: 1, freeSize }),
  };
}
