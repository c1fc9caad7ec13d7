import { element } from "../parts/dom.js";
import { listenForFiles } from "../parts/file-drop.js";
import type { ChosenPicture } from "./picture-job.js";

/** Takes a picture from a button, a drop on `host` or a paste anywhere on the page. */
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

  /** @param onRefused called when what was dropped contains no file. */
  constructor(onPicture: (picture: ChosenPicture) => void, onRefused: (reason: string) => void) {
    this.#onPicture = onPicture;
    this.#onRefused = onRefused;
    // A label around the real input works by mouse, keyboard and assistive technology alike.
    this.root = element("label", { class: "button primary" }, this.#file, "Choose a picture");
    this.#file.addEventListener("change", () => {
      this.#take([...(this.#file.files ?? [])]);
      // Otherwise choosing the same file again would go unnoticed.
      this.#file.value = "";
    });
  }

  /** Refuse pictures from now on. */
  disable(): void {
    this.#file.disabled = true;
  }

  /** @param isActive whether it wants what is dropped or pasted now. @param signal removes the listeners. */
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

  /** Takes the first picture. Without one it takes the first file, so that the refusal names the reason. */
  #take(files: readonly File[]): void {
    const file = files.find(({ type }) => type.startsWith("image/")) ?? files[0];
    if (this.#file.disabled || file === undefined) return;
    this.#onPicture({ blob: file, name: file.name || "picture" });
  }
}
