import type { LayerPlan, StageSnapshot } from "../../index.js";
import { element, setText } from "../parts/dom.js";
import { formatBytes, formatCount, formatNumber, formatPercent } from "../parts/format.js";
import type { WorkerColours } from "../workers/colours.js";

interface StageRow {
  readonly item: HTMLElement;
  readonly title: HTMLElement;
  readonly fill: HTMLElement;
  readonly detail: HTMLElement;
}

/** One line per stage, with a bar as long as it takes beside the slowest: what it holds, how long an item takes there, what waits for it, and how much of the time it has nothing to do. */
export class StageList {
  readonly root = element("ol", { class: "stages" });
  readonly #rows: StageRow[] = [];

  /**
   * @param idle 0…1 per stage.
   * @param cutBytes of one item that cross the cut in front of a layer.
   */
  update(
    stages: LayerPlan["stages"],
    idle: readonly (number | undefined)[],
    cutBytes: ReadonlyMap<number, number | undefined>,
    colours: WorkerColours,
  ): void {
    while (this.#rows.length > stages.length) this.#rows.pop()!.item.remove();
    const slowestMs = Math.max(...stages.map(({ ms = 0 }) => ms));
    stages.forEach((stage, index) => {
      const { item, title, fill, detail } = this.#rows[index] ?? this.#add();
      item.style.setProperty("--worker-colour", colours.of(stage.workerIds[0] ?? ""));
      setText(title, `Stage ${index + 1} on ${stage.workerIds.join(", ") || "no worker: it is moving to another one"}`);
      fill.style.transform = `scaleX(${(slowestMs > 0 ? (stage.ms ?? 0) / slowestMs : 0).toFixed(3)})`;
      setText(detail, stageText(stage, idle[index], cutBytes.get(stage.firstLayer)));
    });
  }

  #add(): StageRow {
    const title = element("strong");
    const detail = element("span", { class: "muted" });
    const swatch = element("span", { class: "swatch", "aria-hidden": "true" });
    const fill = element("span", { class: "bar-fill" });
    // Its length is in the words, too.
    const bar = element("span", { class: "bar", "aria-hidden": "true" }, fill);
    const item = element("li", {}, swatch, title, bar, detail);
    const row = { item, title, fill, detail };
    this.#rows.push(row);
    this.root.append(item);
    return row;
  }
}

/** "layers 3–9 · 2.10 ms per item · 4 micro-batches wait · 12 % of the time idle · receives 12 kB per item" */
export function stageText(
  { firstLayer, lastLayer, ms, queueDepth }: StageSnapshot,
  idle: number | undefined,
  cutBytes: number | undefined,
): string {
  const layers = firstLayer === lastLayer ? `layer ${firstLayer + 1}` : `layers ${firstLayer + 1}–${lastLayer + 1}`;
  return [
    layers,
    ...(ms === undefined ? [] : [`${formatNumber(ms)}\u00a0ms per item`]),
    ...(firstLayer === 0 || cutBytes === undefined ? [] : [`receives ${formatBytes(cutBytes)} per item`]),
    queueDepth === 0 ? "nothing waits" : `${formatCount(queueDepth, "micro-batch", "micro-batches")} waiting`,
    ...(idle === undefined ? [] : [`idle ${formatPercent(idle)} of the time`]),
  ].join(" · ");
}
