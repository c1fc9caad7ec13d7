import type { PictureFit } from "../../protocol/picture-api.js";
import type { ValueRangeName } from "./value-ranges.js";

export const SPLITS = ["auto", "batch", "layers"] as const;
export type Split = (typeof SPLITS)[number];

/** A model that a person wants to run. */
export interface LoadRequest {
  /** Address of a model.json, relative to the page; or its files. */
  readonly model: string | readonly File[];
  readonly labels: File | undefined;
  readonly split: Split;
}

/** What it is to be run on. */
export type RunRequest =
  | {
      readonly kind: "pictures";
      readonly pictures: readonly File[];
      readonly values: ValueRangeName;
      readonly fit: PictureFit;
      readonly freeSize: number;
    }
  | { readonly kind: "random"; readonly itemCount: number; readonly freeSize: number };
