import { formatCount } from "../parts/format.js";

interface ChosenFiles {
  readonly labels: File | undefined;
  readonly pictures: readonly File[];
  readonly tensors: readonly File[];
}

const NONE: ChosenFiles = { labels: undefined, pictures: [], tensors: [] };

/** What was chosen for a model that is still missing. */
export class WaitingFiles {
  #files = NONE;

  get labels(): File | undefined {
    return this.#files.labels;
  }

  /** "the labels in labels.txt, 3 pictures". */
  get text(): string {
    const { labels, pictures, tensors } = this.#files;
    return [
      ...(labels === undefined ? [] : [`the labels in ${labels.name}`]),
      ...(pictures.length === 0 ? [] : [formatCount(pictures.length, "picture")]),
      ...(tensors.length === 0 ? [] : [formatCount(tensors.length, "file of numbers", "files of numbers")]),
    ].join(", ");
  }

  /** What comes later takes the place of what came before. */
  add({ labels, pictures, tensors }: ChosenFiles): void {
    const before = this.#files;
    this.#files = {
      labels: labels ?? before.labels,
      pictures: pictures.length > 0 ? pictures : before.pictures,
      tensors: tensors.length > 0 ? tensors : before.tensors,
    };
  }

  /** There is a model now. @returns what has waited for it. */
  take(): ChosenFiles {
    const files = this.#files;
    this.#files = NONE;
    return files;
  }
}
