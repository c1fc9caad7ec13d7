import type { ModelInfo, ModelLabels, TensorSpec } from "../../index.js";
import { element } from "../parts/dom.js";
import { formatBytes, formatCount } from "../parts/format.js";
import { formatFlops, formatShape, optimizationLines } from "./model-text.js";

/** Shows what is known about the model, and what the optimiser changed. */
export class ModelFacts {
  readonly root: HTMLElement;
  readonly #content = element("div", { class: "facts", "data-testid": "model-facts" });
  readonly #inspect = element(
    "button",
    { type: "button", hidden: "", "data-testid": "model-inspect" },
    "Measure the layers",
  );

  /** @param inspect runs the model once to measure what its file does not state. */
  constructor(inspect: () => void) {
    this.#inspect.addEventListener("click", inspect);
    this.#content.append(
      element(
        "p",
        { class: "muted" },
        "Accepts Keras models (.keras, .h5), TensorFlow Lite models (.tflite), ONNX models (.onnx) and TF.js models as written by tensorflowjs_converter, Teachable Machine and model.save(). They stay on this machine.",
      ),
    );
    this.root = element(
      "section",
      { class: "panel", "aria-labelledby": "model-facts-title" },
      element("h2", { id: "model-facts-title" }, "About the model"),
      this.#content,
      this.#inspect,
    );
  }

  /** @param canInspect whether the session is idle. */
  update(canInspect: boolean): void {
    this.#inspect.disabled = !canInspect;
  }

  /** @param name what the model is called. @param notices what failed while the model was loaded, and was recovered from. */
  show(name: string, model: ModelInfo, labels: ModelLabels | undefined, notices: readonly string[]): void {
    const { format, inputs, outputs, layers, layerCount, cuts, flops, weightBytes, optimization } = model;
    const lines = optimizationLines(optimization);
    const done = optimization.isOptimized && lines.length > 0 ? lines : ["unchanged"];
    this.#content.replaceChildren(
      element(
        "dl",
        {},
        ...fact("Name", name),
        ...fact("Format", FORMATS[format]),
        ...fact(inputs.length === 1 ? "Input" : "Inputs", ...inputs.map(describeTensor)),
        ...fact(outputs.length === 1 ? "Output" : "Outputs", ...outputs.map(describeTensor)),
        ...fact("Layers", `${layerCount}, ${describeCuts(cuts)}`),
        ...fact("Weights", formatBytes(weightBytes)),
        ...(flops === undefined ? [] : fact("Work", `${formatFlops(flops)} per item`)),
        ...describeBatch(model).flatMap((line) => fact("Batch", line)),
        ...(labels === undefined ? [] : fact("Labels", describeLabels(labels.labels))),
        ...fact("Optimised", ...done),
      ),
      ...notices.map((notice) => element("p", { class: "muted" }, notice)),
      ...reasons("corrected", optimization.corrections),
      ...reasons("not optimised", optimization.notDone),
    );
    this.#inspect.hidden = layers.length === 0;
  }
}

const FORMATS: Readonly<Record<ModelInfo["format"], string>> = {
  "graph-model": "graph model",
  "layers-model": "layers model (Keras)",
  tflite: "TensorFlow Lite, run by LiteRT",
  onnx: "ONNX, run by ONNX Runtime",
  remote: "held by a server",
};

function fact(title: string, ...lines: readonly string[]): HTMLElement[] {
  return [element("dt", {}, title), element("dd", {}, ...lines.map((line) => element("span", {}, line)))];
}

function describeTensor({ name, dtype, shape }: TensorSpec): string {
  return `${name}: ${dtype}, ${formatShape(shape)}`;
}

function describeCuts(cuts: ModelInfo["cuts"]): string {
  if (cuts.length === 0) return "can’t be cut";
  const live = cuts.flatMap(({ liveBytes }) => liveBytes ?? []);
  const narrowest = live.length === 0 ? "" : `; the narrowest passes ${formatBytes(Math.min(...live))} per item`;
  return `${formatCount(cuts.length, "place")} to cut${narrowest}`;
}

const BATCH_MODES = {
  batched: "gives the same results as single items",
  "item-by-item": "takes one item at a time",
  groups: "takes items in groups of a fixed size",
  whole: "runs whole, in one call on one worker",
} as const;

/** How the model takes a batch, as far as that is known, and why. */
function describeBatch({ batchMode, batchReason }: ModelInfo): string[] {
  if (batchMode === undefined) return [];
  return [`${BATCH_MODES[batchMode]}${batchReason === undefined ? "" : ` (${batchReason})`}`];
}

function describeLabels(labels: readonly string[]): string {
  const shown = labels.slice(0, 3).join(", ");
  return labels.length <= 3 ? shown : `${formatCount(labels.length, "class", "classes")}: ${shown} …`;
}

/** What was corrected, or left as it was, and why. Folded, since there can be many entries. */
function reasons(title: string, entries: ModelInfo["optimization"]["notDone"]): HTMLElement[] {
  if (entries.length === 0) return [];
  const items = entries.map(({ what, reason }) => element("li", {}, element("strong", {}, what), ` ${reason}`));
  return [folded(`${entries.length} ${title}`, element("ul", {}, ...items))];
}

function folded(title: string, content: HTMLElement): HTMLElement {
  return element("details", {}, element("summary", {}, title), content);
}
