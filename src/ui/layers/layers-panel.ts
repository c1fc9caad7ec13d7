import type { ModelInfo } from "../../index.js";
import type { ShownSharder, SharderPanel } from "../dashboard/panel.js";
import { pageBeat } from "../parts/beat.js";
import { element, setText } from "../parts/dom.js";
import { explanation } from "../parts/explanation.js";
import { layerRows, stripPieces } from "./layer-rows.js";
import { layerStrip } from "./layer-strip.js";
import { SortableTable } from "./sortable-table.js";
import { idleParts } from "./stage-idleness.js";
import { StageList } from "./stage-list.js";

/** The model's layers: which worker holds which, what each costs, where it can be cut, and how its stages keep each other waiting. */
export class LayersPanel implements SharderPanel {
  readonly root: HTMLElement;
  readonly #intro = element("p", { class: "muted" });
  readonly #strip = element("div");
  readonly #stages = new StageList();
  readonly #table: SortableTable;
  #drawnModel: ModelInfo | undefined;
  #drawnPlan = "";
  #revision = -1;

  /** @param prefix tells the panels of a page apart, in ids and for tests. */
  constructor(prefix: string) {
    const titleId = `${prefix}layers-title`;
    this.#table = new SortableTable(`${prefix}layers`);
    this.root = element(
      "section",
      { class: "panel layers-panel", "aria-labelledby": titleId, "data-testid": `${prefix}layers-panel` },
      element("h2", { id: titleId }, "Layers"),
      this.#intro,
      this.#strip,
      this.#stages.root,
      element("details", {}, element("summary", {}, "Every layer, with its cost"), this.#table.root),
      explanation("layers"),
    );
  }

  attach(shown: ShownSharder): void {
    this.#drawnModel = undefined;
    this.#revision = -1;
    let isVisible = false;
    const seen = new IntersectionObserver((entries) => (isVisible = entries.at(-1)?.isIntersecting === true));
    seen.observe(this.root);
    pageBeat.follow(() => (isVisible || this.root.hidden) && this.#update(shown), shown.signal);
    shown.signal.addEventListener("abort", () => seen.disconnect(), { once: true });
    this.#update(shown);
  }

  #update({ sharder, record, colours }: ShownSharder): void {
    const { model, plan, workers } = sharder;
    const stages = plan.split === "layers" ? plan.stages : [];
    const key = stages.map(({ firstLayer, workerIds }) => `${firstLayer}:${workerIds.join()}`).join(" ");
    if (model !== this.#drawnModel || key !== this.#drawnPlan) {
      this.#drawnModel = model;
      this.#drawnPlan = key;
      const rows = layerRows(model, plan);
      // There is nothing to say of layers that nobody has measured, and that are not spread over workers.
      this.root.hidden = plan.split === "batch" && !isMeasured(model);
      setText(this.#intro, introduce(model, plan.split, stages.length));
      this.#strip.replaceChildren(...(rows.length === 0 ? [] : [layerStrip(stripPieces(rows), rows, stages, colours)]));
      this.#table.show(rows);
    }
    if (!record.isRunning && record.revision === this.#revision) return;
    this.#revision = record.revision;
    const idle = idleParts(record, stages, workers, performance.now());
    const cutBytes = new Map(model.cuts.map(({ layer, liveBytes }) => [layer, liveBytes]));
    this.#stages.update(stages, idle, cutBytes, colours);
  }
}

function isMeasured({ layers }: ModelInfo): boolean {
  return layers.some(({ ms }) => ms !== undefined);
}

function introduce(model: ModelInfo, split: "batch" | "layers", stageCount: number): string {
  const { layers } = model;
  const widths = isMeasured(model)
    ? "Each piece is as wide as its layer takes time."
    : "How long they take has not been measured.";
  if (layers.length === 0) return "This model can’t be cut into layers: every worker holds all of it.";
  if (split === "batch") return `Every worker holds all ${layers.length} layers, and items are shared out. ${widths}`;
  if (stageCount === 0)
    return `The ${layers.length} layers are given to the workers when the first job begins. ${widths}`;
  return `The ${layers.length} layers are spread over the workers, and items flow from stage to stage. ${widths} A stage that is often idle waits for a slower one.`;
}
