import type { PictureInput, PictureOptions } from "../../index.js";

export type ValueRangeName = "metadata" | "unit" | "signed" | "bytes" | "imagenet";

interface ValueRange {
  readonly title: string;
  readonly options: PictureOptions;
}

/** Ranges of pixel values that models expect. Of all model files, only Teachable Machine's metadata.json states it. */
export const VALUE_RANGES: Readonly<Record<Exclude<ValueRangeName, "metadata">, ValueRange>> = {
  unit: { title: "0 … 1", options: { scale: 1 / 255 } },
  signed: { title: "−1 … 1", options: { scale: 1 / 127.5, offset: -1 } },
  bytes: { title: "0 … 255", options: { scale: 1 } },
  // Mean and deviation of ImageNet's pictures, as torchvision and most models of timm state them.
  imagenet: {
    title: "ImageNet’s mean and deviation",
    options: { scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  },
};

/** The ranges that fit an input. An int32 input takes the bytes unchanged, so there is no choice. */
export function valueRangesFor(input: PictureInput, hasMetadata: boolean): { name: ValueRangeName; title: string }[] {
  if (input.dtype === "int32") return [];
  const fitting = Object.entries(VALUE_RANGES).filter(([name]) => name !== "imagenet" || input.channels !== 1);
  const all = fitting.map(([name, { title }]) => ({ name: name as ValueRangeName, title }));
  return hasMetadata ? [{ name: "metadata", title: "as metadata.json states" }, ...all] : all;
}
