import type { LayerInfo, ModelInfo } from "../../index.js";
import { element } from "../parts/dom.js";
import { formatBytes, formatNumber } from "../parts/format.js";

/** Most models have hundreds of layers; a few have thousands. */
const MAX_ROWS = 1_000;

/** The layers in order, with the output size and the time of each as far as they are known. */
export function layersTable({ layers }: Pick<ModelInfo, "layers">): HTMLElement {
  const head = element("tr", {}, ...["Layer", "Output", "Time"].map((title) => element("th", { scope: "col" }, title)));
  const table = element(
    "table",
    { class: "layers", "data-testid": "model-layers" },
    element("thead", {}, head),
    element("tbody", {}, ...layers.slice(0, MAX_ROWS).map(layerRow)),
  );
  const hiddenCount = Math.max(0, layers.length - MAX_ROWS);
  const more = hiddenCount > 0 ? [element("p", { class: "muted" }, `and ${hiddenCount} more layers`)] : [];
  // It scrolls, so it must be reachable by keyboard.
  return element("div", { class: "scrolling", tabindex: "0", role: "region", "aria-label": "Layers" }, table, ...more);
}

function layerRow({ name, op, outputBytes, ms }: LayerInfo, index: number): HTMLElement {
  // Names are paths that differ at their end.
  const end = name.split("/").slice(-2).join("/");
  return element(
    "tr",
    { title: name },
    element(
      "th",
      { scope: "row" },
      element("span", { class: "output-name" }, `${index + 1}\u00a0${op}`),
      element("span", { class: "muted" }, end),
    ),
    element("td", {}, outputBytes === undefined ? "" : formatBytes(outputBytes)),
    element("td", {}, ms === undefined ? "" : `${formatNumber(ms)}\u00a0ms`),
  );
}
