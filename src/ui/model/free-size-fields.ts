import { findPictureInput, type ModelInfo } from "../../index.js";
import { element } from "../parts/dom.js";
import { NumberField } from "../parts/number-field.js";
import { freeAxesOf, sizeKey, type FreeAxis, type FreeSizes } from "./model-request.js";
import { formatShape } from "./model-text.js";
import { pictureAxesOf } from "./picture-choice.js";

const DEFAULT_SIZE = 64;
const MAX_SIDE = 16_384;
const MAX_SIZE = 1_000_000;

/** Asks for each size that the model leaves free: by its place in the input's shape, since only pictures have a height. */
export class FreeSizeFields {
  readonly root = element("div", { class: "fields", hidden: "" });
  readonly #onChange: () => void;
  #fields: readonly { readonly axis: FreeAxis; readonly field: NumberField }[] = [];

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  offer(model: Pick<ModelInfo, "inputs">): void {
    this.#fields = freeAxesOf(model).map((axis, index) => {
      const title = titleOfAxis(model, axis);
      const isSide = /^(Height|Width)/.test(title);
      const field = new NumberField({
        ...{ id: `model-size-${index}`, title, value: DEFAULT_SIZE },
        ...(isSide ? { max: MAX_SIDE, unit: "pixels" } : { max: MAX_SIZE, unit: "places" }),
        onChange: this.#onChange,
      });
      return { axis, field };
    });
    this.root.replaceChildren(...this.#fields.map(({ field }) => field.root));
    this.root.hidden = this.#fields.length === 0;
  }

  /** Without those that are no sizes. */
  get sizes(): FreeSizes {
    return Object.fromEntries(
      this.#fields.flatMap(({ axis, field }) => (field.value === undefined ? [] : [[sizeKey(axis), field.value]])),
    );
  }

  /** The first field that holds no size. */
  get wrong(): NumberField | undefined {
    return this.#fields.find(({ field }) => field.value === undefined)?.field;
  }
}

/** "Height of “image”", or "Size of axis 2 of “tokens” (n × ?)": axes are counted from 1, as people do. */
function titleOfAxis(model: Pick<ModelInfo, "inputs">, { input, axis }: FreeAxis): string {
  const picture = findPictureInput(model);
  if (picture?.name === input && picture.hasChannelAxis) {
    const { height, width } = pictureAxesOf(model);
    if (axis === height) return `Height of “${input}”`;
    if (axis === width) return `Width of “${input}”`;
  }
  const shape = model.inputs.find(({ name }) => name === input)?.shape;
  return `Size of axis ${axis + 1} of “${input}”${shape === undefined ? "" : ` (${formatShape(shape)})`}`;
}
