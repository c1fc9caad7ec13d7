import { BUNDLED_MODEL } from "../bundled-files.js";
import { element } from "../parts/dom.js";
import { SPLITS, type Split } from "./model-request.js";
import { StoredModelsField } from "./sources/stored-models-field.js";

const SPLIT_TITLES: Readonly<Record<Split, string>> = {
  auto: "whichever is faster",
  batch: "the batch: each worker holds the whole model",
  layers: "the layers: each worker holds a stage",
};

export interface SourceCommands {
  loadAddress(address: string): void;
  /** The user has chosen another split. */
  splitChanged(): void;
  takeFiles(files: readonly File[]): void;
}

/** Chooses the model and how to split it. */
export class ModelSourcePanel {
  readonly root: HTMLElement;
  readonly #address = element("input", {
    id: "model-address",
    type: "text",
    inputmode: "url",
    autocomplete: "off",
    spellcheck: "false",
    placeholder: "https://…/model.json, .tflite, .onnx, .keras, .h5 or .zip",
    "data-testid": "model-address",
  });
  readonly #files = element("input", {
    id: "model-files",
    type: "file",
    multiple: "",
    class: "visually-hidden",
    "data-testid": "model-files",
  });
  readonly #folder = element("input", {
    id: "model-folder",
    type: "file",
    webkitdirectory: "",
    class: "visually-hidden",
    "data-testid": "model-folder",
  });
  readonly #stored: StoredModelsField;
  readonly #split = element("select", { id: "model-split", "data-testid": "model-split" });

  constructor(commands: SourceCommands) {
    for (const split of SPLITS) this.#split.append(element("option", { value: split }, SPLIT_TITLES[split]));
    this.#split.addEventListener("change", () => commands.splitChanged());
    for (const input of [this.#files, this.#folder]) {
      input.addEventListener("change", () => {
        commands.takeFiles([...(input.files ?? [])]);
        // Otherwise choosing the same files again would go unnoticed.
        input.value = "";
      });
    }
    this.#stored = new StoredModelsField((address) => {
      this.#address.value = address;
      commands.loadAddress(address);
    });
    const stored = this.#stored;
    const form = element(
      "form",
      { class: "address" },
      element("label", { for: "model-address" }, "Address of a model"),
      this.#address,
      element("button", { type: "submit", class: "primary", "data-testid": "model-load" }, "Load"),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const address = this.#address.value.trim();
      if (address === "") this.#address.focus();
      else commands.loadAddress(address);
    });
    const bundled = element("button", { type: "button" }, "Try the bundled model");
    bundled.addEventListener("click", () => {
      this.#address.value = BUNDLED_MODEL;
      commands.loadAddress(BUNDLED_MODEL);
    });
    this.root = element(
      "section",
      { class: "panel fields", "aria-labelledby": "model-source-title" },
      element("h2", { id: "model-source-title" }, "Model"),
      form,
      element(
        "div",
        { class: "buttons" },
        element("label", { class: "button" }, this.#files, "Choose its files"),
        element("label", { class: "button" }, this.#folder, "Choose a folder"),
        bundled,
      ),
      element(
        "p",
        { class: "muted" },
        "Choose a .keras, .h5, .tflite or .zip file (Teachable Machine’s too), or model.json or an .onnx file together with its weight files, or drop them here. The address may be a folder’s.",
      ),
      stored.root,
      element("div", { class: "field" }, element("label", { for: "model-split" }, "Split"), this.#split),
    );
    // Another tab may save a model at any time.
    for (const type of ["focusin", "pointerenter"]) this.root.addEventListener(type, () => void stored.refresh());
  }

  /** This model is being loaded, wherever it comes from. */
  show(model: string | readonly File[]): void {
    this.#stored.show(typeof model === "string" ? model : "");
  }

  get split(): Split {
    return SPLITS.find((split) => split === this.#split.value) ?? "auto";
  }

  set split(split: Split) {
    this.#split.value = split;
  }
}
