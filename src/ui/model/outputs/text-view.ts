import { topK } from "../../../index.js";
import { element } from "../../parts/dom.js";
import { formatCount } from "../../parts/format.js";
import { formatValue } from "../model-text.js";
import { isNumeric, sizeOf, type ItemOutput, type NumberOutput } from "./item-output.js";

const MAX_CLASSES = 10;
const MAX_ROWS = 40;
const MAX_COLUMNS = 12;

/** The best classes as bars, the best first. */
export function classesView({ data }: NumberOutput, labels: readonly string[] | undefined): HTMLElement[] {
  const scores = { dtype: "float32", shape: [1, data.length], data: Float32Array.from(data) } as const;
  const fitting = labels?.length === data.length ? labels : undefined;
  const ranked = topK({ ...scores, shape: [...scores.shape] }, fitting, MAX_CLASSES)[0] ?? [];
  const [least, most] = [
    Math.min(0, ...ranked.map(({ score }) => score)),
    Math.max(...ranked.map(({ score }) => score)),
  ];
  const isUnit = least >= 0 && most <= 1;
  const bars = ranked.map(({ label, score }) => {
    const fill = element("span", { class: "bar-fill" });
    // Scores that are no probabilities have no maximum: the best one's bar is full.
    const part = isUnit ? score : (score - least) / (most - least || 1);
    fill.style.transform = `scaleX(${Math.min(1, Math.max(0, part)).toFixed(3)})`;
    const text = isUnit ? `${(100 * score).toFixed(1)}\u00a0%` : formatValue(score);
    return element(
      "li",
      {},
      element("span", { class: "label" }, label),
      element("span", { class: "bar", "aria-hidden": "true" }, fill),
      element("span", { class: "share" }, text),
    );
  });
  const restCount = data.length - ranked.length;
  const rest =
    restCount > 0
      ? [element("p", { class: "muted" }, `and ${formatCount(restCount, "more class", "more classes")}`)]
      : [];
  return [element("ol", { class: "classes" }, ...bars), ...rest];
}

/** The numbers themselves: the last axis from left to right, the others from top to bottom. */
export function tableView(output: ItemOutput): HTMLElement[] {
  const { shape, data } = output;
  if (data.length === 0) return [element("p", { class: "muted" }, "empty: there is no value in it")];
  if (data.length === 1) return [element("p", { class: "single-value" }, formatValue(data[0]!))];
  const isRow = shape.length <= 1;
  const columnCount = isRow ? 1 : shape.at(-1)!;
  const rowCount = data.length / columnCount;
  const shownRows = Math.min(rowCount, MAX_ROWS);
  const shownColumns = Math.min(columnCount, MAX_COLUMNS);
  const heads = Array.from({ length: shownColumns }, (_, column) =>
    element("th", { scope: "col" }, isRow ? "value" : String(column)),
  );
  const rows = Array.from({ length: shownRows }, (_, row) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, placeOf(row, isRow ? shape : shape.slice(0, -1))),
      ...Array.from({ length: shownColumns }, (_value, column) =>
        element("td", {}, formatValue(data[row * columnCount + column]!)),
      ),
    ),
  );
  const head = element("thead", {}, element("tr", {}, element("td"), ...heads));
  const table = element("table", { class: "numbers" }, head, element("tbody", {}, ...rows));
  const parts = [
    ...(shownRows < rowCount ? [`the first ${shownRows} of ${rowCount} rows`] : []),
    ...(shownColumns < columnCount ? [`the first ${shownColumns} of ${columnCount} columns`] : []),
  ];
  const note =
    parts.length === 0 ? [] : [element("p", { class: "muted" }, `Shown: ${parts.join(", ")}. The downloads have all.`)];
  return [
    ...(isNumeric(output) && data.length > 1 ? [statistics(output)] : []),
    element(
      "div",
      { class: "scrolling", tabindex: "0", role: "region", "aria-label": `Values of ${output.name}` },
      table,
    ),
    ...note,
  ];
}

/** "0, 3": the place of a row along the axes before the last. */
function placeOf(row: number, shape: readonly number[]): string {
  let rest = row;
  const place = shape.map((_, axis) => {
    const below = sizeOf(shape.slice(axis + 1));
    const index = Math.floor(rest / below);
    rest -= index * below;
    return index;
  });
  return place.join(", ");
}

function statistics({ data }: NumberOutput): HTMLElement {
  let [min, max, sum, nanCount] = [Infinity, -Infinity, 0, 0];
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    if (Number.isNaN(value)) {
      nanCount++;
      continue;
    }
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value;
  }
  const count = data.length - nanCount;
  const nan = nanCount > 0 ? [`${nanCount} NaN`] : [];
  const range =
    count === 0 ? [] : [`min ${formatValue(min)}`, `mean ${formatValue(sum / count)}`, `max ${formatValue(max)}`];
  return element("p", { class: "muted" }, [...range, ...nan].join(" · "));
}
