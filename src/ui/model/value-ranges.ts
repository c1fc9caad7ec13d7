import type { PictureInput } from "../../jobs/picture-tensors.js";
import type { PictureOptions } from "../../jobs/picture-options.js";

export type ValueRangeName = "metadata" | "unit" | "signed" | "bytes" | "imagenet";

interface ValueRange {
  readonly title: string;
  readonly options: PictureOptions;
}

/** What models want of pixel values. Model files do not say which it is; only Teachable Machine's metadata.json does. */
export const VALUE_RANGES: Readonly<Record<Exclude<ValueRangeName, "metadata">, ValueRange>> = {
  unit: { title: "0 … 1", options: { scale: 1 / 255 } },
  signed: { title: "−1 … 1", options: { scale: 1 / 127.5, offset: -1 } },
  bytes: { title: "0 … 255", options: { scale: 1 } },
  // Mean and deviation of ImageNet's pictures, as torchvision's and most of timm's models state them.
  imagenet: {
    title: "ImageNet’s mean and deviation",
    options: { scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  },
};

/** Those that a model can be given: an int32 input takes the bytes as they are. */
export function valueRangesFor(input: PictureInput, hasMetadata: boolean): { name: ValueRangeName; title: string }[] {
  if (input.dtype === "int32") return [];
  const fitting = Object.entries(VALUE_RANGES).filter(([name]) => name !== "imagenet" || input.channels !== 1);
  const all = fitting.map(([name, { title }]) => ({ name: name as ValueRangeName, title }));
  return hasMetadata ? [{ name: "metadata", title: "as its metadata.json says" }, ...all] : all;
}
