import { element } from "../parts/dom.js";
import { listenForFiles } from "../parts/file-drop.js";
import type { ChosenPicture } from "./picture-job.js";

/** The ways in for a picture: a button, dropping it on `host`, pasting it anywhere on the page. */
export class PictureInput {
  readonly root: HTMLElement;
  readonly #file = element("input", {
    type: "file",
    accept: "image/*",
    class: "visually-hidden",
    id: "file",
    "data-testid": "file",
  });
  readonly #onPicture: (picture: ChosenPicture) => void;
  readonly #onRefused: (reason: string) => void;

  /** @param onRefused what was dropped or pasted holds no file. */
  constructor(onPicture: (picture: ChosenPicture) => void, onRefused: (reason: string) => void) {
    this.#onPicture = onPicture;
    this.#onRefused = onRefused;
    // A label around the real input: it opens by mouse, keyboard and assistive technology alike.
    this.root = element("label", { class: "button primary" }, this.#file, "Choose a picture");
    this.#file.addEventListener("change", () => {
      this.#take([...(this.#file.files ?? [])]);
      // The same file again is a choice, too.
      this.#file.value = "";
    });
  }

  /** Nothing can be done with a picture. */
  disable(): void {
    this.#file.disabled = true;
  }

  /** @param isActive whether what is dropped or pasted is for this. @param signal ends the listening. */
  listen(host: HTMLElement, isActive: () => boolean, signal: AbortSignal): void {
    const target = {
      isActive,
      onFiles: (files: readonly File[]) => this.#take(files),
      onNothing: () =>
        this.#onRefused(
          "Expected a picture file, received something without a file: save the picture first, then drop it here.",
        ),
    };
    listenForFiles(host, target, signal);
  }

  /** The first picture among the files; the first file where there is none, so that its refusal says why. */
  #take(files: readonly File[]): void {
    const file = files.find(({ type }) => type.startsWith("image/")) ?? files[0];
    if (this.#file.disabled || file === undefined) return;
    this.#onPicture({ blob: file, name: file.name || "picture" });
  }
}
