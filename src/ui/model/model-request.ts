import type { PictureFit } from "../../index.js";
import type { ValueRangeName } from "./value-ranges.js";

export const SPLITS = ["auto", "batch", "layers"] as const;
export type Split = (typeof SPLITS)[number];

/** A model that the user wants to run. */
export interface LoadRequest {
  /** Address of a model, relative to the page, or its files. */
  readonly model: string | readonly File[];
  readonly labels: File | undefined;
  readonly split: Split;
}

/** What to run it on. */
export type RunRequest =
  | {
      readonly kind: "pictures";
      readonly pictures: readonly File[];
      readonly values: ValueRangeName;
      readonly fit: PictureFit;
      readonly freeSize: number;
    }
  | { readonly kind: "random"; readonly itemCount: number; readonly freeSize: number };
