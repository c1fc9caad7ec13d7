import type { PictureEncoding } from "../../index.js";
import { element, setText } from "../parts/dom.js";
import { formatPercent } from "../parts/format.js";

const FORMATS: readonly { readonly type: PictureEncoding["type"]; readonly name: string }[] = [
  { type: "image/png", name: "PNG" },
  { type: "image/jpeg", name: "JPEG" },
  { type: "image/webp", name: "WebP" },
];

/** The button that saves the picture, with the format and, where the format has one, the quality. */
export class SaveControls {
  readonly root: HTMLElement;
  readonly #save = element("button", { type: "button", "data-testid": "save" }, "Save");
  readonly #format = element("select", { id: "save-format", "aria-label": "Format", "data-testid": "save-format" });
  readonly #quality = element("input", {
    type: "range",
    id: "save-quality",
    min: "50",
    max: "100",
    step: "5",
    value: "90",
    "aria-label": "Quality",
    "data-testid": "save-quality",
  });
  readonly #qualityText = element("output", { class: "quality", for: "save-quality" });
  readonly #qualityRow = element("span", { class: "save-quality" }, this.#quality, this.#qualityText);

  constructor(onSave: () => void) {
    for (const { type, name } of FORMATS) this.#format.append(element("option", { value: type }, name));
    this.#save.addEventListener("click", onSave);
    this.#format.addEventListener("change", () => this.#showQuality());
    this.#quality.addEventListener("input", () => this.#showQuality());
    this.root = element("div", { class: "saving" }, this.#save, this.#format, this.#qualityRow);
    this.#showQuality();
    void this.#dropUnwritable();
  }

  get encoding(): PictureEncoding {
    const type = FORMATS.find((format) => format.type === this.#format.value)?.type ?? "image/png";
    return type === "image/png" ? { type } : { type, quality: this.#quality.valueAsNumber / 100 };
  }

  update(canSave: boolean, isSaving: boolean): void {
    this.#save.disabled = !canSave || isSaving;
    setText(this.#save, isSaving ? "Saving …" : "Save");
  }

  #showQuality(): void {
    this.#qualityRow.toggleAttribute("data-unused", this.encoding.quality === undefined);
    setText(this.#qualityText, formatPercent(this.#quality.valueAsNumber / 100));
  }

  /** A browser writes a PNG instead of a format that it doesn't know. */
  async #dropUnwritable(): Promise<void> {
    const canvas = new OffscreenCanvas(1, 1);
    canvas.getContext("2d");
    const { type } = await canvas.convertToBlob({ type: "image/webp" });
    if (type !== "image/webp") this.#format.querySelector("[value='image/webp']")?.remove();
  }
}
