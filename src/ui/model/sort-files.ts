/** Files that the user has chosen, dropped or pasted, sorted by their purpose. */
export interface SortedFiles {
  readonly pictures: readonly File[];
  /** model.json and its weight files, in any order. */
  readonly model: readonly File[];
  /** metadata.json of Teachable Machine, or a list of labels. */
  readonly labels: File | undefined;
}

const LABEL_NAMES = /^(metadata|labels?|classes)\.json$|\.txt$/i;

/** Sorts by type and name. Weight files can have any name, so whatever is left belongs to the model. */
export function sortFiles(files: readonly File[]): SortedFiles {
  const isLabels = ({ name }: File): boolean => LABEL_NAMES.test(name);
  const pictures = files.filter(({ type }) => type.startsWith("image/"));
  const others = files.filter((file) => !pictures.includes(file));
  return { pictures, model: others.filter((file) => !isLabels(file)), labels: others.find(isLabels) };
}
