import { element } from "../parts/dom.js";
import { listenForFiles } from "../parts/file-drop.js";

/** What browsers decode. HEIC, TIFF, SVG and raw pictures are not offered, since they would be refused. */
const DECODABLE = "image/png,image/apng,image/jpeg,image/webp,image/gif,image/avif,image/bmp";

/** Takes pictures from a button, a drop on `host` or a paste anywhere on the page. */
export class PictureInput {
  readonly roots: readonly HTMLElement[];
  readonly #file = fileInput("file", { accept: DECODABLE, multiple: "" });
  readonly #folder = fileInput("folder", { webkitdirectory: "" });
  readonly #onFiles: (files: readonly File[]) => void;
  readonly #onRefused: (reason: string) => void;

  /** @param onRefused called when what was dropped contains no file. */
  constructor(onFiles: (files: readonly File[]) => void, onRefused: (reason: string) => void) {
    this.#onFiles = onFiles;
    this.#onRefused = onRefused;
    // A label around the real input works by mouse, keyboard and assistive technology alike.
    this.roots = [
      element("label", { class: "button primary" }, this.#file, "Choose pictures"),
      element("label", { class: "button" }, this.#folder, "Choose a folder"),
    ];
    for (const input of [this.#file, this.#folder]) {
      input.addEventListener("change", () => {
        this.#take([...(input.files ?? [])]);
        // Otherwise choosing the same file again would go unnoticed.
        input.value = "";
      });
    }
  }

  /** Refuse pictures from now on. */
  disable(): void {
    this.#file.disabled = true;
    this.#folder.disabled = true;
  }

  focus(): void {
    this.#file.focus();
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

  #take(files: readonly File[]): void {
    if (!this.#file.disabled && files.length > 0) this.#onFiles(files);
  }
}

function fileInput(id: string, attributes: Readonly<Record<string, string>>): HTMLInputElement {
  return element("input", { type: "file", class: "visually-hidden", id, "data-testid": id, ...attributes });
}
