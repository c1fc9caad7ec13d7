import type { Sharder, StageSnapshot } from "../../index.js";
import type { WorkerColours } from "./colours.js";
import { element, setAttribute, setText } from "../parts/dom.js";
import { explanation } from "../parts/explanation.js";
import { formatNumber } from "../parts/format.js";

/** One bar of the plan. */
interface Line {
  readonly title: string;
  readonly detail: string;
  /** 0…1 */
  readonly fraction: number;
  readonly text: string;
  readonly colour: string;
}

/** If a model is split by layers: its stages, and how long each takes. */
export class PlanPanel {
  readonly root: HTMLElement;
  readonly #summary = element(
    "p",
    { class: "muted", "data-testid": "model-plan" },
    "Split by layers: one stage after the other",
  );
  readonly #list = element("ul", { class: "plan" });
  readonly #colours: WorkerColours;
  readonly #rows: PlanRow[] = [];

  constructor(colours: WorkerColours) {
    this.#colours = colours;
    this.root = element(
      "section",
      { class: "panel", "aria-labelledby": "model-plan-title", hidden: "" },
      element("h2", { id: "model-plan-title" }, "Stages"),
      this.#summary,
      this.#list,
      explanation("plan"),
    );
  }

  update(plan: Sharder["plan"]): void {
    this.root.hidden = plan.split === "batch";
    const lines =
      plan.split === "batch" ? [] : plan.stages.map((stage, index) => this.#line(stage, index, plan.stages));
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

  #line({ workerIds, firstLayer, lastLayer, ms }: StageSnapshot, index: number, all: readonly StageSnapshot[]): Line {
    const slowestMs = Math.max(...all.map((stage) => stage.ms ?? 0));
    return {
      title: `Stage ${index + 1}`,
      detail: `layers ${firstLayer + 1}–${lastLayer + 1} ${workerIds.length > 0 ? `on ${workerIds.join(", ")}` : "moving to another worker"}`,
      fraction: slowestMs > 0 ? (ms ?? 0) / slowestMs : 0,
      text: ms === undefined ? "–" : `${formatNumber(ms)}\u00a0ms per item`,
      colour: this.#colours.of(workerIds[0] ?? ""),
    };
  }
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
  );

  update({ title, detail, fraction, text, colour }: Line): void {
    setText(this.#title, title);
    setText(this.#detail, detail);
    this.root.style.setProperty("--worker-colour", colour);
    this.#fill.style.transform = `scaleX(${fraction.toFixed(3)})`;
    setAttribute(this.#bar, "aria-label", title);
    setAttribute(this.#bar, "aria-valuenow", String(Math.round(fraction * 100)));
    setAttribute(this.#bar, "aria-valuetext", text);
    setText(this.#text, text);
  }
}
