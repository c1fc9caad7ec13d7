import type { PictureFit } from "../../index.js";
import { itemCountOfRun, SPLITS, type FreeSizes, type LoadRequest, type RunRequest } from "./model-request.js";
import { VALUE_RANGES, type ValueRangeName } from "./value-ranges.js";

/** A run of the user's own model as it is kept for after a reload: files by their place in the list of kept files. */
export interface KeptDescription {
  readonly address: string | undefined;
  readonly modelNames: readonly string[];
  readonly hasLabels: boolean;
  readonly split: LoadRequest["split"];
  readonly kind: RunRequest["kind"];
  readonly itemCount: number;
  readonly sizes: FreeSizes;
  /** Of pictures. */
  readonly values: ValueRangeName;
  readonly fit: PictureFit;
  /** Inputs that had files of numbers, in the order of the files. */
  readonly inputNames: readonly string[];
}

/** What a kept run needs. */
export interface RestoredRun {
  readonly load: LoadRequest;
  readonly run: RunRequest;
}

const FITS: readonly PictureFit[] = ["stretch", "cover", "contain"];
const KINDS: readonly RunRequest["kind"][] = ["pictures", "random", "tensors"];

/** Take a run apart: what is written as JSON, and the files, in their order. */
export function describeRun(
  { model, labels, split }: LoadRequest,
  request: RunRequest,
): { readonly description: KeptDescription; readonly files: readonly File[] } {
  const modelFiles = typeof model === "string" ? [] : model;
  const chosen = request.kind === "tensors" ? request.files : {};
  const inputFiles = request.kind === "pictures" ? request.pictures : Object.values(chosen);
  const { values, fit } = request.kind === "pictures" ? request : { values: "unit" as const, fit: "stretch" as const };
  const description: KeptDescription = {
    address: typeof model === "string" ? model : undefined,
    modelNames: modelFiles.map(({ name }) => name),
    hasLabels: labels !== undefined,
    ...{ split, kind: request.kind, sizes: request.sizes, values, fit },
    itemCount: itemCountOfRun(request),
    inputNames: Object.keys(chosen),
  };
  return { description, files: [...modelFiles, ...(labels === undefined ? [] : [labels]), ...inputFiles] };
}

/** Put a run together again. @param files in the order of `describeRun`; none if they were too large to keep. */
export function restoreRun(description: KeptDescription, files: readonly File[]): RestoredRun {
  const { address, modelNames, hasLabels, split, kind, itemCount, sizes, values, fit, inputNames } = description;
  const inputFiles = files.slice(modelNames.length + (hasLabels ? 1 : 0));
  const load: LoadRequest = {
    model: address ?? files.slice(0, modelNames.length),
    labels: hasLabels ? files[modelNames.length] : undefined,
    split,
  };
  const chosen = Object.fromEntries(
    inputNames.flatMap((name, index): [string, File][] => {
      const file = inputFiles[index];
      return file === undefined ? [] : [[name, file]];
    }),
  );
  switch (kind) {
    case "random":
      return { load, run: { kind, itemCount, sizes } };
    case "tensors":
      return { load, run: { kind, files: chosen, itemCount, sizes } };
    case "pictures":
      return { load, run: { kind, pictures: inputFiles, values, fit, sizes } };
  }
}

/** @returns `undefined` for what another version of the page has kept. */
export function readDescription(value: unknown): KeptDescription | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const kept = value as Partial<Record<keyof KeptDescription, unknown>>;
  const { address, modelNames, hasLabels, itemCount, sizes, inputNames } = kept;
  const split = SPLITS.find((each) => each === kept.split);
  const kind = KINDS.find((each) => each === kept.kind);
  const fit = FITS.find((each) => each === kept.fit);
  const values = [...Object.keys(VALUE_RANGES), "metadata"].find((each) => each === kept.values);
  if (split === undefined || kind === undefined || fit === undefined || !isRange(values)) return undefined;
  if ((address !== undefined && typeof address !== "string") || typeof hasLabels !== "boolean") return undefined;
  if (!areTexts(modelNames) || !areTexts(inputNames) || !areSizes(sizes)) return undefined;
  if (typeof itemCount !== "number" || !Number.isSafeInteger(itemCount)) return undefined;
  return { address, modelNames, hasLabels, split, kind, itemCount, sizes, values, fit, inputNames };
}

function isRange(name: string | undefined): name is ValueRangeName {
  return name === "metadata" || (name !== undefined && name in VALUE_RANGES);
}

function areTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

function areSizes(value: unknown): value is FreeSizes {
  return (
    typeof value === "object" && value !== null && Object.values(value).every((size) => Number.isSafeInteger(size))
  );
}
