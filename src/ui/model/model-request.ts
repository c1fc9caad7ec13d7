import type { FreeSize, ModelInfo, PictureFit } from "../../index.js";
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

/** The sizes that the user chose for what the model leaves free, by `sizeKey`. */
export type FreeSizes = Readonly<Record<string, number>>;

/** What to run it on. */
export type RunRequest =
  | {
      readonly kind: "pictures";
      readonly pictures: readonly File[];
      readonly values: ValueRangeName;
      readonly fit: PictureFit;
      readonly sizes: FreeSizes;
    }
  | { readonly kind: "random"; readonly itemCount: number; readonly sizes: FreeSizes }
  | {
      readonly kind: "tensors";
      /** CSV or NPY, by input. The other inputs get random numbers. */
      readonly files: Readonly<Record<string, File>>;
      readonly itemCount: number;
      readonly sizes: FreeSizes;
    };

export function itemCountOfRun(request: RunRequest): number {
  return request.kind === "pictures" ? request.pictures.length : request.itemCount;
}

/** For what was not asked. */
const DEFAULT_SIZE = 64;

/** An axis of an input whose size the model leaves free. Axis 0, of the batch, is none. */
export interface FreeAxis {
  readonly input: string;
  /** From 0. */
  readonly axis: number;
}

/** Where a model doesn't state a shape: pictures, if anything. */
const UNSTATED = [-1, -1, -1, 3];

export function freeAxesOf({ inputs }: Pick<ModelInfo, "inputs">): FreeAxis[] {
  return inputs.flatMap(({ name, shape = UNSTATED }) =>
    shape.flatMap((size, axis) => (size === -1 && axis > 0 ? [{ input: name, axis }] : [])),
  );
}

export function sizeKey({ input, axis }: FreeAxis): string {
  return `${axis} ${input}`;
}

/** What an item of a run is like: "224 × 224 × 3", or "image 224 × 224 × 3, scale 1" for several inputs. */
export function itemShapeOf({ inputs }: Pick<ModelInfo, "inputs">, sizes: FreeSizes): string {
  const sizeOf = freeSizeFor(sizes);
  const shapes = inputs.map(({ name, shape = UNSTATED }) => {
    const item = shape.slice(1).map((size, index) => (size === -1 ? sizeOf(name, index + 1) : size));
    return { name, text: item.length === 0 ? "1" : item.join(" × ") };
  });
  return shapes.map(({ name, text }) => (shapes.length === 1 ? text : `${name} ${text}`)).join(", ");
}

export function freeSizeFor(sizes: FreeSizes): Exclude<FreeSize, number> {
  return (input, axis) => sizes[sizeKey({ input, axis })] ?? DEFAULT_SIZE;
}
