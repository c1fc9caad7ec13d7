import type { Sharder, StageSnapshot, WorkerSnapshot, WorkerState } from "../../index.js";
import type { WorkerColours } from "./colours.js";
import { element, setAttribute, setText } from "../parts/dom.js";
import { formatNumber, formatPercent, formatRate } from "../parts/format.js";

/** One bar of the plan. */
interface Line {
  readonly title: string;
  readonly detail: string;
  /** 0…1 */
  readonly fraction: number;
  readonly text: string;
  readonly colour: string;
  readonly error: string;
}

/** Shows who does how much: each worker's share of the items, or each stage's layers. */
export class PlanPanel {
  readonly root: HTMLElement;
  readonly #summary = element("p", { class: "muted", "data-testid": "model-plan" });
  readonly #list = element("ul", { class: "plan" });
  readonly #colours: WorkerColours;
  readonly #rows: PlanRow[] = [];

  constructor(colours: WorkerColours) {
    this.#colours = colours;
    this.root = element(
      "section",
      { class: "panel", "aria-labelledby": "model-plan-title", hidden: "" },
      element("h2", { id: "model-plan-title" }, "Workers"),
      this.#summary,
      this.#list,
    );
  }

  update(workers: readonly WorkerSnapshot[], plan: Sharder["plan"]): void {
    this.root.hidden = false;
    const isBatch = plan.split === "batch";
    setText(
      this.#summary,
      isBatch ? "Split by batch: shares of the items" : "Split by layers: one stage after the other",
    );
    const lines = isBatch
      ? workers.map((worker) => this.#shareLine(worker, plan.shares[worker.id] ?? 0))
      : [
          ...plan.stages.map((stage, index) => this.#stageLine(stage, index, plan.stages)),
          ...workers.filter(({ id }) => isWithoutStage(id, plan.stages)).map((worker) => this.#idleLine(worker)),
        ];
    while (this.#rows.length > lines.length) this.#rows.pop()!.root.remove();
    lines.forEach((line, index) => {
      let row = this.#rows[index];
      if (row === undefined) {
        row = new PlanRow();
        this.#rows.push(row);
        this.#list.append(row.root);
      }
      row.update(line);
    });
  }

  #shareLine({ id, backend, device, state, itemsPerSecond, lastError }: WorkerSnapshot, share: number): Line {
    const rate = itemsPerSecond === undefined ? "" : ` · ${formatRate(itemsPerSecond, "items")}`;
    const isDead = state === "dead";
    const absence = ABSENCES[state];
    return {
      title: id,
      detail: absence ?? `${device ?? backend}${rate}`,
      fraction: share,
      text: formatPercent(share),
      colour: this.#colours.of(id),
      // A cancelled shard also leaves an error, which is not a fault of the worker.
      error: (isDead || state === "quarantined") && lastError !== undefined ? lastError.message : "",
    };
  }

  #idleLine(worker: WorkerSnapshot): Line {
    return { ...this.#shareLine(worker, 0), detail: ABSENCES[worker.state] ?? "holds no stage", text: "–" };
  }

  #stageLine(
    { workerIds, firstLayer, lastLayer, ms }: StageSnapshot,
    index: number,
    all: readonly StageSnapshot[],
  ): Line {
    const slowestMs = Math.max(...all.map((stage) => stage.ms ?? 0));
    return {
      title: `Stage ${index + 1}`,
      detail: `layers ${firstLayer + 1}–${lastLayer + 1} ${workerIds.length > 0 ? `on ${workerIds.join(", ")}` : "moving to another worker"}`,
      fraction: slowestMs > 0 ? (ms ?? 0) / slowestMs : 0,
      text: ms === undefined ? "–" : `${formatNumber(ms)}\u00a0ms per item`,
      colour: this.#colours.of(workerIds[0] ?? ""),
      error: "",
    };
  }
}

/** What is said of a worker that does no work at present. */
const ABSENCES: Partial<Record<WorkerState, string>> = {
  dead: "stopped",
  restarting: "restarting …",
  quarantined: "quarantined",
};

function isWithoutStage(workerId: string, stages: readonly StageSnapshot[]): boolean {
  return !stages.some(({ workerIds }) => workerIds.includes(workerId));
}

class PlanRow {
  readonly #title = element("strong");
  readonly #detail = element("span", { class: "muted device" });
  readonly #fill = element("span", { class: "bar-fill" });
  readonly #bar = element(
    "span",
    { class: "bar", role: "meter", "aria-valuemin": "0", "aria-valuemax": "100" },
    this.#fill,
  );
  readonly #text = element("span", { class: "share" });
  readonly #error = element("p", { class: "worker-error" });
  readonly root = element(
    "li",
    { class: "worker" },
    element(
      "div",
      { class: "worker-head" },
      element("span", { class: "swatch", "aria-hidden": "true" }),
      this.#title,
      this.#detail,
    ),
    element("div", { class: "worker-share" }, this.#bar, this.#text),
    this.#error,
  );

  update({ title, detail, fraction, text, colour, error }: Line): void {
    setText(this.#title, title);
    setText(this.#detail, detail);
    this.root.style.setProperty("--worker-colour", colour);
    this.#fill.style.transform = `scaleX(${fraction.toFixed(3)})`;
    setAttribute(this.#bar, "aria-label", title);
    setAttribute(this.#bar, "aria-valuenow", String(Math.round(fraction * 100)));
    setAttribute(this.#bar, "aria-valuetext", text);
    setText(this.#text, text);
    setText(this.#error, error);
    this.#error.hidden = error === "";
  }
}
