import { element } from "./dom.js";
import type { ChosenPicture } from "./picture-job.js";

/** The ways in for a picture: a button, dropping it on `host`, pasting it anywhere on the page. */
export class PictureInput {
  readonly root: HTMLElement;
  readonly #host: HTMLElement;
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
  constructor(host: HTMLElement, onPicture: (picture: ChosenPicture) => void, onRefused: (reason: string) => void) {
    this.#host = host;
    this.#onPicture = onPicture;
    this.#onRefused = onRefused;
    // A label around the real input: it opens by mouse, keyboard and assistive technology alike.
    this.root = element("label", { class: "button primary" }, this.#file, "Choose a picture");
    this.#file.addEventListener("change", () => {
      this.#take(this.#file.files);
      // The same file again is a choice, too.
      this.#file.value = "";
    });
  }

  /** Nothing can be done with a picture. */
  disable(): void {
    this.#file.disabled = true;
  }

  /** @param signal ends the listening. */
  listen(signal: AbortSignal): void {
    const host = this.#host;
    host.addEventListener("dragover", (event) => this.#dragOver(event), { signal });
    host.addEventListener(
      "dragleave",
      (event) => {
        const { relatedTarget } = event;
        if (!(relatedTarget instanceof Node) || !host.contains(relatedTarget)) host.removeAttribute("data-dragging");
      },
      { signal },
    );
    host.addEventListener("drop", (event) => this.#drop(event), { signal });
    document.addEventListener("paste", (event) => this.#paste(event), { signal });
  }

  #dragOver(event: DragEvent): void {
    event.preventDefault();
    if (event.dataTransfer !== null) event.dataTransfer.dropEffect = "copy";
    this.#host.setAttribute("data-dragging", "");
  }

  #drop(event: DragEvent): void {
    event.preventDefault();
    this.#host.removeAttribute("data-dragging");
    if (!this.#take(event.dataTransfer?.files)) {
      this.#onRefused(
        "Expected a picture file, received something without a file: save the picture first, then drop it here.",
      );
    }
  }

  #paste(event: ClipboardEvent): void {
    // Text pasted into a field of the page around is none of our business.
    if (event.clipboardData === null || event.clipboardData.files.length === 0) return;
    if (this.#take(event.clipboardData.files)) event.preventDefault();
  }

  /** The first picture among the files; the first file where there is none, so that its refusal says why. */
  #take(files: FileList | null | undefined): boolean {
    const all = [...(files ?? [])];
    if (this.#file.disabled) return true;
    const file = all.find(({ type }) => type.startsWith("image/")) ?? all[0];
    if (file === undefined) return false;
    this.#onPicture({ blob: file, name: file.name || "picture" });
    return true;
  }
}
