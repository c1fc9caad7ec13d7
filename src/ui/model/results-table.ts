import { describeOutputs, type OutputCell, type RankedClass } from "../../index.js";
import { element, setText } from "../parts/dom.js";
import { formatCount } from "../parts/format.js";
import { formatShape, formatValue } from "./model-text.js";
import { reasonOf, type ItemRow } from "./run-model.js";

/** As many rows as somebody may look through. */
const MAX_SHOWN_ROWS = 200;

/** What an item is called, and the picture that it was. */
export interface NamedItem {
  readonly name: string;
  readonly picture: File | undefined;
}

/** The outputs of each item in short: the best classes of scores, and the range of other values. */
export class ResultsTable {
  readonly root: HTMLElement;
  readonly #body = element("tbody");
  readonly #more = element("p", { class: "muted", "data-testid": "model-more" });
  readonly #addresses: string[] = [];
  readonly #choose: (index: number) => void;
  #hiddenCount = 0;

  /** @param choose shows the outputs of an item, by its index. */
  constructor(choose: (index: number) => void) {
    this.#choose = choose;
    const head = element(
      "tr",
      {},
      ...["Item", "Output", "Values"].map((title) => element("th", { scope: "col" }, title)),
    );
    const table = element(
      "table",
      { class: "outputs", "aria-label": "Outputs of each item, in short", "data-testid": "model-results" },
      element("thead", {}, head),
      this.#body,
    );
    const scrolling = element(
      "div",
      { class: "scrolling", tabindex: "0", role: "region", "aria-label": "Outputs of each item" },
      table,
    );
    this.root = element("div", {}, scrolling, this.#more);
  }

  clear(): void {
    this.#addresses.splice(0).forEach((address) => URL.revokeObjectURL(address));
    this.#body.replaceChildren();
    this.#hiddenCount = 0;
    setText(this.#more, "");
  }

  /** @param labels of the model's classes. */
  add(row: ItemRow, { name, picture }: NamedItem, labels: readonly string[] | undefined): void {
    const { index, error, outputs: values } = row;
    if (index >= MAX_SHOWN_ROWS) {
      this.#hiddenCount++;
      const more = `and ${formatCount(this.#hiddenCount, "more item")}. Any item can be looked at above, and the files have all.`;
      setText(this.#more, more);
      return;
    }
    const show = element(
      "button",
      {
        ...{ type: "button", class: "link", title: "Show this item’s outputs" },
        // By keyboard, the number above does it; hundreds of stops would be in the way.
        tabindex: "-1",
      },
      name,
    );
    show.addEventListener("click", () => this.#choose(index));
    const cells = values === undefined ? undefined : describeOutputs(values, labels);
    const item = element(
      "th",
      { scope: "rowgroup", class: "item" },
      ...(error === undefined && picture !== undefined ? [this.#thumbnail(picture)] : []),
      show,
    );
    if (cells === undefined) {
      const reason = element("td", { colspan: "2", class: "worker-error" }, error === undefined ? "" : reasonOf(error));
      this.#body.append(element("tr", {}, item, reason));
      return;
    }
    const outputs = Object.entries(cells);
    item.rowSpan = Math.max(1, outputs.length);
    this.#body.append(
      ...outputs.map(([output, cell], index) =>
        element("tr", {}, ...(index === 0 ? [item] : []), describeOutput(output, cell), describeValues(cell)),
      ),
    );
  }

  #thumbnail(picture: File): HTMLElement {
    const address = URL.createObjectURL(picture);
    this.#addresses.push(address);
    return element("img", { src: address, alt: "", width: "48", height: "48", loading: "lazy", decoding: "async" });
  }
}

function describeOutput(name: string, { dtype, shape }: OutputCell): HTMLElement {
  return element(
    "td",
    {},
    element("span", { class: "output-name" }, name),
    element("span", { class: "muted" }, `${dtype}, ${formatShape(shape)}`),
  );
}

function describeValues({ classes, range, first, shape }: OutputCell): HTMLElement {
  if (classes !== undefined)
    return element("td", {}, element("ol", { class: "classes" }, ...classes.map(describeClass)));
  if (shape.includes(0)) return element("td", { class: "muted" }, "empty");
  const isAll = shape.reduce((product, size) => product * size, 1) <= first.length;
  const values = `${first.map(formatValue).join(", ")}${isAll ? "" : ", …"}`;
  if (range === undefined || (isAll && range.nanCount === 0)) return element("td", {}, element("span", {}, values));
  const nan = range.nanCount > 0 ? [`${range.nanCount} NaN`] : [];
  const statistics = [
    `min ${formatValue(range.min)}`,
    `mean ${formatValue(range.mean)}`,
    `max ${formatValue(range.max)}`,
    ...nan,
  ].join(" · ");
  return element("td", {}, element("span", {}, statistics), element("span", { class: "muted" }, values));
}

/** Only probabilities get a bar; other scores have no maximum. */
function describeClass({ label, score }: RankedClass): HTMLElement {
  const fill = element("span", { class: "bar-fill" });
  fill.style.transform = `scaleX(${Math.min(1, Math.max(0, score)).toFixed(3)})`;
  const bar = element("span", { class: "bar", "aria-hidden": "true" }, fill);
  const isProbability = score >= 0 && score <= 1;
  const text = isProbability ? `${(100 * score).toFixed(1)}\u00a0%` : formatValue(score);
  return element(
    "li",
    {},
    element("span", { class: "label" }, label),
    ...(isProbability ? [bar] : []),
    element("span", { class: "share" }, text),
  );
}
