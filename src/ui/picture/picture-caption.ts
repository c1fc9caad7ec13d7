import { element, setText } from "../parts/dom.js";
import type { PictureJob } from "./picture-job.js";
import { lossText, sizesText } from "./picture-words.js";

/** What stands under the picture: how much larger it becomes, and what of its file can't be kept. */
export class PictureCaption {
  readonly root: HTMLElement;
  readonly #factor = element("strong", { class: "enlargement" });
  readonly #sizes = element("span", { class: "sizes" });
  readonly #losses = element("span", { class: "muted losses" });

  constructor() {
    this.root = element("p", { class: "caption", "data-testid": "caption" }, this.#factor, this.#sizes, this.#losses);
  }

  show(job: Pick<PictureJob, "size" | "colourSpace" | "losses">, scale: number): void {
    setText(this.#factor, `×${scale}`);
    setText(this.#sizes, job.size === undefined ? "" : sizesText(job.size, scale));
    setText(this.#losses, lossText(job));
  }
}
