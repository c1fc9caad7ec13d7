/** Files that the user has chosen, dropped or pasted, sorted by their purpose. */
export interface SortedFiles {
  readonly pictures: readonly File[];
  /** model.json and its weight files in any order, or a file that holds all of a model. */
  readonly model: readonly File[];
  /** metadata.json of Teachable Machine, or a list of labels. */
  readonly labels: File | undefined;
  /** Tables and arrays of numbers. */
  readonly tensors: readonly File[];
}

const LABEL_NAMES = /^(metadata|labels?|classes)\.json$|\.txt$/i;
const TENSOR_NAMES = /\.(csv|tsv|np[yz])$/i;
/** In an unpacked `.keras` file, these are no labels. */
const KERAS_NAMES = /^(metadata\.json|vocabulary\.txt)$/i;

/** Sorts by type and name. Weight files can have any name, so whatever is left belongs to the model. */
export function sortFiles(files: readonly File[]): SortedFiles {
  const isKeras = files.some(({ name }) => /\.weights\.h5$/i.test(name));
  const isLabels = ({ name }: File): boolean => LABEL_NAMES.test(name) && !(isKeras && KERAS_NAMES.test(name));
  const pictures = files.filter(({ type }) => type.startsWith("image/"));
  const tensors = files.filter(({ name }) => TENSOR_NAMES.test(name));
  const others = files.filter((file) => !pictures.includes(file) && !tensors.includes(file));
  return { pictures, tensors, model: others.filter((file) => !isLabels(file)), labels: others.find(isLabels) };
}
