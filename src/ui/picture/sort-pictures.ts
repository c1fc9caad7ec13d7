import type { ChosenPicture } from "./picture-job.js";

/** Files that were chosen, dropped or pasted on the tab for pictures. */
export interface SortedPictures {
  readonly pictures: readonly ChosenPicture[];
  /** A model, or what belongs to one: it is for the other tab. */
  readonly isModel: boolean;
  /** Labels without a model. */
  readonly labels: File | undefined;
  /** Files of a folder that are neither. */
  readonly leftOut: number;
}

const MODEL_NAMES = /(^|[/\\])model\.json$|\.(keras|h5|hdf5|onnx|tflite|pb|task)$|\.zip$|group\d+-shard\d+of\d+/i;
const LABEL_NAMES = /^(metadata|labels?|classes)\.(json|txt)$/i;
/** Those that no browser decodes are taken too, so that the refusal says why. */
const PICTURE_NAMES = /\.(png|apng|jpe?g|jfif|webp|gif|avif|bmp|heic|heif|tiff?|svg|jxl|jp2|psd|dng|cr2|cr3|nef|arw)$/i;

/** A single file, and those that were chosen one by one, are always taken, so that a refusal names the reason. */
export function sortPictures(files: readonly File[]): SortedPictures {
  const isModel = files.some(({ name }) => MODEL_NAMES.test(name));
  const labels = files.length === 1 && LABEL_NAMES.test(files[0]!.name) ? files[0] : undefined;
  const isFolder = files.some(({ webkitRelativePath }) => webkitRelativePath !== "");
  const isPicture = ({ type, name }: File): boolean => type.startsWith("image/") || PICTURE_NAMES.test(name);
  const isTaken = isModel || labels !== undefined ? () => false : isFolder ? isPicture : () => true;
  const taken = files.filter((file) => isTaken(file));
  const pictures = taken.map((file): ChosenPicture => ({
    blob: file,
    name: file.name || "picture",
    path: file.webkitRelativePath || undefined,
  }));
  return { pictures, isModel, labels, leftOut: files.length - taken.length };
}
