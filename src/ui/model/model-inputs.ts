import { findPictureInput, type ModelInfo, type ModelLabels, type PictureFit, type PictureInput } from "../../index.js";
import { element, setText } from "../parts/dom.js";
import { formatCount } from "../parts/format.js";
import { NumberField } from "../parts/number-field.js";
import { FreeSizeFields } from "./free-size-fields.js";
import type { FreeSizes, RunRequest } from "./model-request.js";
import { TensorInputs } from "./tensor-inputs.js";
import { valueRangesFor, type ValueRangeName } from "./value-ranges.js";

const FITS: Readonly<Record<PictureFit, string>> = {
  stretch: "stretched to the model’s size",
  cover: "cropped to their centre",
  contain: "shown whole, with bars",
};
const MAX_ITEMS = 1_000_000;

/** Chooses what the model runs on: pictures, random numbers or files of numbers. Hidden until a model is loaded. */
export class ModelInputsPanel {
  readonly root: HTMLElement;
  readonly #pictures = radio("pictures");
  readonly #random = radio("random");
  readonly #tensors = radio("tensors");
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
  readonly #itemCount: NumberField;
  readonly #sizes: FreeSizeFields;
  readonly #sizesPart: HTMLElement;
  readonly #tensorInputs: TensorInputs;
  readonly #valuesField = field("Pixel values", this.#values);
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
  readonly #randomPart: HTMLElement;
  readonly #onChange: () => void;
  #all: readonly File[] = [];
  /** Dropped before there was a model to give them to. */
  #waiting: readonly File[] = [];

  constructor(onChange: () => void) {
    this.#onChange = onChange;
    this.#itemCount = new NumberField({
      ...{ id: "model-items", title: "Number of items", value: 16, max: MAX_ITEMS, unit: "items", onChange },
    });
    this.#sizes = new FreeSizeFields(onChange);
    this.#sizesPart = element("div", {}, this.#sizes.root);
    this.#tensorInputs = new TensorInputs(() => this.#update());
    this.#randomPart = element("div", { class: "fields" }, this.#itemCount.root);
    for (const [fit, title] of Object.entries(FITS)) this.#fit.append(element("option", { value: fit }, title));
    for (const each of this.#radios) each.addEventListener("change", () => this.#update());
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
        element("label", {}, this.#tensors, "Files of numbers"),
      ),
      this.#picturesPart,
      this.#randomPart,
      this.#tensorInputs.root,
      this.#sizesPart,
    );
  }

  /** The input of the next run; `undefined` until it has been chosen, and while a number is wrong. */
  get request(): RunRequest | undefined {
    if (this.problem !== undefined) return undefined;
    const { sizes } = this;
    if (this.#random.checked) return { kind: "random", itemCount: this.#itemCount.value ?? 1, sizes };
    if (this.#tensors.checked) {
      const { chosen } = this.#tensorInputs;
      return chosen && { kind: "tensors", ...chosen, sizes: { ...sizes, ...chosen.sizes } };
    }
    if (this.#all.length === 0) return undefined;
    return {
      kind: "pictures",
      pictures: this.#all,
      values: this.#values.value as ValueRangeName,
      fit: this.#fit.value as PictureFit,
      sizes,
    };
  }

  /** What is wrong with a number that matters for the next run. */
  get problem(): string | undefined {
    return this.#wrong?.problem;
  }

  /** Put the focus on the number that is wrong. */
  focusProblem(): void {
    this.#wrong?.focus();
  }

  /** For what the model leaves free. */
  get sizes(): FreeSizes {
    return this.#sizes.sizes;
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
    this.#tensors.checked = false;
    this.#offerValues(input, labels);
    this.#fit.value = labels?.pictures?.fit ?? "stretch";
    this.#sizes.offer(model);
    this.#tensorInputs.offer(model);
    if (this.#waiting.length > 0) this.useTensors(this.#waiting);
    this.#waiting = [];
    this.#update();
  }

  /** Other labels have come for the model that is offered already: what was chosen stays. */
  offerLabels(model: ModelInfo, labels: ModelLabels): void {
    this.#offerValues(findPictureInput(model), labels);
    this.#fit.value = labels.pictures?.fit ?? this.#fit.value;
    this.#update();
  }

  usePictures(files: readonly File[]): void {
    if (files.length === 0) return;
    this.#all = files;
    if (!this.#pictures.disabled) this.#pictures.checked = true;
    this.#update();
  }

  /** Use files of numbers; before there is a model, for the next one. */
  useTensors(files: readonly File[]): void {
    if (files.length === 0) return;
    if (this.root.hidden) {
      this.#waiting = files;
      return;
    }
    this.#tensors.checked = true;
    this.#tensorInputs.use(files);
    this.#update();
  }

  get #radios(): readonly HTMLInputElement[] {
    return [this.#pictures, this.#random, this.#tensors];
  }

  /** Files have sizes of their own. */
  get #needsSizes(): boolean {
    return !this.#tensors.checked || this.#tensorInputs.isPartial;
  }

  get #wrong(): NumberField | undefined {
    const isWrong = this.#random.checked && this.#itemCount.value === undefined;
    return isWrong ? this.#itemCount : this.#needsSizes ? this.#sizes.wrong : undefined;
  }

  #offerValues(input: PictureInput | undefined, labels: ModelLabels | undefined): void {
    const ranges = input === undefined ? [] : valueRangesFor(input, labels?.pictures !== undefined);
    this.#values.replaceChildren(...ranges.map(({ name, title }) => element("option", { value: name }, title)));
    this.#valuesField.hidden = ranges.length === 0;
  }

  #update(): void {
    this.#picturesPart.hidden = !this.#pictures.checked;
    this.#randomPart.hidden = !this.#random.checked;
    this.#tensorInputs.root.hidden = !this.#tensors.checked;
    this.#sizesPart.hidden = !this.#needsSizes;
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

function field(title: string, control: HTMLElement): HTMLElement {
  return element("div", { class: "field" }, element("label", { for: control.id }, title), control);
}
