import { findPictureInput, type ModelInfo, type ModelLabels, type PictureFit, type PictureInput } from "../../index.js";
import { element, setText } from "../parts/dom.js";
import { formatCount } from "../parts/format.js";
import type { RunRequest } from "./model-request.js";
import { valueRangesFor, type ValueRangeName } from "./value-ranges.js";

const FITS: Readonly<Record<PictureFit, string>> = {
  stretch: "stretched to the model’s size",
  cover: "cropped to their centre",
  contain: "shown whole, with bars",
};
const DEFAULT_FREE_SIZE = 64;

/** Chooses what the model runs on: pictures or random numbers. Hidden until a model is loaded. */
export class ModelInputsPanel {
  readonly root: HTMLElement;
  readonly #pictures = radio("pictures");
  readonly #random = radio("random");
  readonly #files = element("input", {
    id: "model-pictures",
    type: "file",
    accept: "image/*",
    multiple: "",
    class: "visually-hidden",
    "data-testid": "model-pictures",
  });
  readonly #chosen = element("span", { class: "muted", "aria-live": "polite", "data-testid": "model-chosen" });
  readonly #values = element("select", { id: "model-values", "data-testid": "model-values" });
  readonly #fit = element("select", { id: "model-fit", "data-testid": "model-fit" });
  readonly #itemCount = number("model-items", 16, 1_000_000);
  readonly #freeSize = number("model-size", DEFAULT_FREE_SIZE, 16_384);
  readonly #valuesField = field("Pixel values", this.#values);
  readonly #freeSizeField = field("Size of free dimensions", this.#freeSize);
  readonly #picturesPart = element(
    "div",
    { class: "fields" },
    element(
      "div",
      { class: "buttons" },
      element("label", { class: "button" }, this.#files, "Choose pictures"),
      this.#chosen,
    ),
    this.#valuesField,
    field("Pictures are", this.#fit),
  );
  readonly #randomPart = element("div", { class: "fields" }, field("Number of items", this.#itemCount));
  readonly #onChange: () => void;
  #all: readonly File[] = [];

  constructor(onChange: () => void) {
    this.#onChange = onChange;
    for (const [fit, title] of Object.entries(FITS)) this.#fit.append(element("option", { value: fit }, title));
    for (const each of [this.#pictures, this.#random]) each.addEventListener("change", () => this.#update());
    this.#files.addEventListener("change", () => {
      this.usePictures([...(this.#files.files ?? [])]);
      this.#files.value = "";
    });
    this.root = element(
      "section",
      { class: "panel fields", "aria-labelledby": "model-input-title", hidden: "" },
      element("h2", { id: "model-input-title" }, "Input"),
      element(
        "div",
        { class: "radios", role: "radiogroup", "aria-labelledby": "model-input-title" },
        element("label", {}, this.#pictures, "Pictures"),
        element("label", {}, this.#random, "Random numbers"),
      ),
      this.#picturesPart,
      this.#randomPart,
      this.#freeSizeField,
    );
  }

  /** The input of the next run; `undefined` until pictures have been chosen. */
  get request(): RunRequest | undefined {
    const { freeSize } = this;
    if (this.#random.checked) return { kind: "random", itemCount: this.#itemCount.valueAsNumber, freeSize };
    if (this.#all.length === 0) return undefined;
    return {
      kind: "pictures",
      pictures: this.#all,
      values: this.#values.value as ValueRangeName,
      fit: this.#fit.value as PictureFit,
      freeSize,
    };
  }

  /** Used for every size that the model leaves free. */
  get freeSize(): number {
    return this.#freeSize.valueAsNumber;
  }

  /** Offer the inputs that fit this model. */
  offer(model: ModelInfo, labels: ModelLabels | undefined): void {
    const input = findPictureInput(model);
    this.root.hidden = false;
    this.#pictures.disabled = input === undefined;
    // An input with three axes is more often a sequence than a grey picture.
    const isLikely = input?.hasChannelAxis === true;
    this.#pictures.checked = isLikely;
    this.#random.checked = !isLikely;
    this.#offerValues(input, labels);
    this.#fit.value = labels?.pictures?.fit ?? "stretch";
    this.#freeSizeField.hidden = !model.inputs.some(({ shape }) => shape?.slice(1).includes(-1) ?? true);
    this.#update();
  }

  usePictures(files: readonly File[]): void {
    if (files.length === 0) return;
    this.#all = files;
    if (!this.#pictures.disabled) this.#pictures.checked = true;
    this.#update();
  }

  #offerValues(input: PictureInput | undefined, labels: ModelLabels | undefined): void {
    const ranges = input === undefined ? [] : valueRangesFor(input, labels?.pictures !== undefined);
    this.#values.replaceChildren(...ranges.map(({ name, title }) => element("option", { value: name }, title)));
    this.#valuesField.hidden = ranges.length === 0;
  }

  #update(): void {
    this.#picturesPart.hidden = !this.#pictures.checked;
    this.#randomPart.hidden = this.#pictures.checked;
    setText(this.#chosen, this.#all.length === 0 ? "or drop or paste them here" : describeChoice(this.#all));
    this.#onChange();
  }
}

function describeChoice(pictures: readonly File[]): string {
  const [first] = pictures;
  return pictures.length === 1 ? first!.name : `${formatCount(pictures.length, "picture")}, ${first!.name} …`;
}

function radio(value: string): HTMLInputElement {
  const id = `model-input-${value}`;
  return element("input", { type: "radio", name: "model-input", id, value, "data-testid": id });
}

function number(id: string, value: number, max: number): HTMLInputElement {
  return element("input", { id, type: "number", min: "1", max: String(max), value: String(value), "data-testid": id });
}

function field(title: string, control: HTMLElement): HTMLElement {
  return element("div", { class: "field" }, element("label", { for: control.id }, title), control);
}
