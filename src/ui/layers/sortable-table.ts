import { element, setAttribute } from "../parts/dom.js";
import { formatBytes, formatNumber } from "../parts/format.js";
import { sortRows, type LayerOrder, type LayerRow } from "./layer-rows.js";

/** Most models have hundreds of layers; a few have thousands. */
const MAX_ROWS = 1_000;

const COLUMNS: readonly { readonly order: LayerOrder; readonly title: string; readonly hint: string }[] = [
  { order: "place", title: "Layer", hint: "in the order of the model" },
  { order: "cost", title: "Time", hint: "measured for one item" },
  { order: "cut", title: "Cut before it", hint: "bytes of one item that cross a cut in front of this layer" },
  { order: "weights", title: "Weights", hint: "bytes in a worker" },
];

/** The layers in a table that can be sorted by its columns. */
export class SortableTable {
  readonly root: HTMLElement;
  readonly #body = element("tbody");
  readonly #heads: readonly HTMLElement[];
  readonly #more = element("p", { class: "muted" });
  #rows: readonly LayerRow[] = [];
  #order: LayerOrder = "place";
  #isReversed = false;

  constructor(testId: string) {
    this.#heads = COLUMNS.map(({ order, title, hint }) => {
      const button = element("button", { type: "button", class: "sort", title: `Sort: ${hint}` }, title);
      button.addEventListener("click", () => this.#sortBy(order));
      return element("th", { scope: "col" }, button);
    });
    const table = element(
      "table",
      { class: "layers", "data-testid": testId },
      element("thead", {}, element("tr", {}, ...this.#heads)),
      this.#body,
    );
    // It scrolls, so it must be reachable by keyboard.
    this.root = element(
      "div",
      { class: "scrolling", tabindex: "0", role: "region", "aria-label": "Every layer" },
      table,
      this.#more,
    );
  }

  show(rows: readonly LayerRow[]): void {
    this.#rows = rows;
    this.#draw();
  }

  /** A second click on a column turns its order round. */
  #sortBy(order: LayerOrder): void {
    this.#isReversed = order === this.#order && !this.#isReversed;
    this.#order = order;
    this.#draw();
  }

  #draw(): void {
    COLUMNS.forEach(({ order }, index) => {
      const isRising = (order === "place") !== this.#isReversed;
      setAttribute(
        this.#heads[index]!,
        "aria-sort",
        order !== this.#order ? "none" : isRising ? "ascending" : "descending",
      );
    });
    const sorted = sortRows(this.#rows, this.#order, this.#isReversed);
    this.#body.replaceChildren(...sorted.slice(0, MAX_ROWS).map(tableRow));
    const hiddenCount = Math.max(0, sorted.length - MAX_ROWS);
    this.#more.textContent = hiddenCount > 0 ? `and ${hiddenCount} more layers` : "";
  }
}

function tableRow({ index, name, op, stage, ms, cutBytes, weightBytes }: LayerRow): HTMLElement {
  // Names are paths that differ at their end.
  const end = name.split("/").slice(-2).join("/");
  return element(
    "tr",
    { title: name },
    element(
      "th",
      { scope: "row" },
      element("span", { class: "output-name" }, `${index + 1}\u00a0${op}`),
      element("span", { class: "muted" }, stage === undefined ? end : `${end} · stage ${stage + 1}`),
    ),
    element("td", {}, ms === undefined ? "–" : `${formatNumber(ms)}\u00a0ms`),
    element("td", {}, cutBytes === undefined ? "–" : formatBytes(cutBytes)),
    element("td", {}, weightBytes === 0 ? "–" : formatBytes(weightBytes)),
  );
}
