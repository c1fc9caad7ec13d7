import { findPictureInput, randomInputs, type ModelInfo, type ModelLabels, type PictureOptions } from "../../index.js";
import { freeSizeFor, type RunRequest } from "./model-request.js";
import { VALUE_RANGES } from "./value-ranges.js";

/** The user's choices, as far as this model leaves them open. Inputs that take no pictures get random numbers. */
export function pictureOptionsFor(
  model: Pick<ModelInfo, "inputs">,
  { values, fit, sizes }: Pick<Extract<RunRequest, { kind: "pictures" }>, "values" | "fit" | "sizes">,
  labels: ModelLabels | undefined,
): PictureOptions {
  const input = findPictureInput(model);
  const others = model.inputs.filter(({ name }) => name !== input?.name);
  const meaning =
    input?.dtype === "int32" ? {} : values === "metadata" ? { ...labels?.pictures } : VALUE_RANGES[values].options;
  const freeSize = freeSizeFor(sizes);
  const { width, height } = pictureAxesOf(model);
  return {
    ...(input?.width === -1 && { width: freeSize(input.name, width) }),
    ...(input?.height === -1 && { height: freeSize(input.name, height) }),
    ...meaning,
    fit,
    otherInputs: randomInputs({ inputs: others }, { itemCount: 1, freeSize }),
  };
}

/** On which axes of the picture's input width and height are; as for [n, height, width, channels] if there is none. */
export function pictureAxesOf(model: Pick<ModelInfo, "inputs">): { readonly height: number; readonly width: number } {
  const input = findPictureInput(model);
  const shape = model.inputs.find(({ name }) => name === input?.name)?.shape;
  const isFirst = input !== undefined && shape?.length === 4 && shape[3] !== input.channels;
  return isFirst ? { height: 2, width: 3 } : { height: 1, width: 2 };
}
