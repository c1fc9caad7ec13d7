import type { ModelLabels } from "../jobs/labels.js";
import type { ModelInfo } from "../model/inspect.js";
import type { TensorSpec } from "../protocol/model-on-wire.js";
import { element } from "./dom.js";
import { formatBytes, formatCount } from "./format.js";
import { formatShape, optimizationLines } from "./model-text.js";

/** What the model says of itself, and what was done with it. */
export class ModelFacts {
  readonly root: HTMLElement;
  readonly #content = element("div", { class: "facts", "data-testid": "model-facts" });

  constructor() {
    this.#content.append(
      element(
        "p",
        { class: "muted" },
        "Takes TF.js graph models and layers (Keras) models, as tensorflowjs_converter, Teachable Machine and model.save() write them. They stay on this machine.",
      ),
    );
    this.root = element(
      "section",
      { class: "panel", "aria-labelledby": "model-facts-title" },
      element("h2", { id: "model-facts-title" }, "About the model"),
      this.#content,
    );
  }

  show(model: ModelInfo, labels: ModelLabels | undefined): void {
    const { format, inputs, outputs, layerCount, weightBytes, batchMode, optimization } = model;
    const lines = optimizationLines(optimization);
    const done = optimization.isOptimized && lines.length > 0 ? lines : ["Runs as it came."];
    this.#content.replaceChildren(
      element(
        "dl",
        {},
        ...fact("Format", format === "graph-model" ? "graph model" : "layers model (Keras)"),
        ...fact(inputs.length === 1 ? "Input" : "Inputs", ...inputs.map(describeTensor)),
        ...fact(outputs.length === 1 ? "Output" : "Outputs", ...outputs.map(describeTensor)),
        ...fact("Layers", String(layerCount)),
        ...fact("Weights", formatBytes(weightBytes)),
        ...(batchMode === "item-by-item" ? fact("Batch", "takes one item at a time") : []),
        ...(labels === undefined ? [] : fact("Labels", describeLabels(labels.labels))),
        ...fact("Optimised", ...done),
      ),
      ...notDone(optimization.notDone),
    );
  }
}

function fact(title: string, ...lines: readonly string[]): HTMLElement[] {
  return [element("dt", {}, title), element("dd", {}, ...lines.map((line) => element("span", {}, line)))];
}

function describeTensor({ name, dtype, shape }: TensorSpec): string {
  return `${name}: ${dtype}, ${formatShape(shape)}`;
}

function describeLabels(labels: readonly string[]): string {
  const shown = labels.slice(0, 3).join(", ");
  return labels.length <= 3 ? shown : `${formatCount(labels.length, "class", "classes")}: ${shown} …`;
}

/** What the optimiser left, and why: folded away, since there may be many. */
function notDone(left: ModelInfo["optimization"]["notDone"]): HTMLElement[] {
  if (left.length === 0) return [];
  const items = left.map(({ what, reason }) => element("li", {}, element("strong", {}, what), ` ${reason}`));
  return [
    element("details", {}, element("summary", {}, `${left.length} left as they are`), element("ul", {}, ...items)),
  ];
}
