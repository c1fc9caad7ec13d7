import { formatCount } from "../parts/format.js";
import type { Notice } from "../parts/notice.js";
import type { ChosenPicture } from "./picture-job.js";
import { sortPictures } from "./sort-pictures.js";

/** Where files go that were chosen, dropped or pasted on the tab for pictures. */
export interface FileTakers {
  readonly choose: (pictures: readonly ChosenPicture[]) => void;
  /** Shows the other tab, with these files. */
  readonly toModel: (files: readonly File[]) => void;
  readonly refuse: (title: string, reason: string) => void;
  readonly note: (text: string) => void;
  readonly notice: Notice;
}

/** Pictures are enlarged, models go to the other tab, and what is neither is refused in words. */
export function takeFiles(files: readonly File[], takers: FileTakers): void {
  const { pictures, isModel, labels, leftOut } = sortPictures(files);
  if (isModel) {
    takers.note("A model was dropped on the pictures: it is now in the tab “Your own model”.");
    takers.toModel(files);
  } else if (labels !== undefined) {
    takers.notice.ask(
      "These are labels of a model",
      `${labels.name} lists what a model’s classes are called, but this tab only enlarges pictures: choose the model first, on the other tab, then its labels.`,
      [{ title: "Go to “Your own model”", run: () => takers.toModel(files) }],
    );
  } else {
    if (leftOut > 0) takers.note(`${formatCount(leftOut, "file")} of the folder left out: no pictures.`);
    if (pictures.length > 0) takers.choose(pictures);
    else {
      const reason = "Expected PNG, JPEG, WebP, GIF, AVIF or BMP files, received none: choose another folder.";
      takers.refuse("There is no picture in this folder", reason);
    }
  }
}
