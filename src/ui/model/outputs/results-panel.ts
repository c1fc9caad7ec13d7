import { element } from "../../parts/dom.js";
import { perTextFrame } from "../../parts/frame.js";
import { ResultsTable } from "../results-table.js";
import { itemNameOf, type ItemRow } from "../run-model.js";
import type { Downloads } from "./downloads.js";
import type { ItemViewer, ViewedRun } from "./item-viewer.js";

/** A run on show, and what its model is called. */
export interface ShownRun extends ViewedRun {
  readonly modelName: string;
}

/** The outputs of a run: one item in full, files with all, and a table of the first ones. The first two are loaded with the first run. */
export class ResultsPanel {
  readonly root: HTMLElement;
  readonly #table = new ResultsTable((index) => this.#show(index));
  readonly #place = element("div", { class: "fields" });
  readonly #onFailure: (reason: unknown) => void;
  readonly #update = perTextFrame(() => this.#updateNow());
  #run: ShownRun | undefined;
  #viewer: ItemViewer | undefined;
  #downloads: Downloads | undefined;

  /** @param onFailure told if the code of the views can't be loaded. */
  constructor(onFailure: (reason: unknown) => void) {
    this.#onFailure = onFailure;
    this.root = element(
      "section",
      { class: "panel", "aria-labelledby": "model-results-title", hidden: "" },
      element("h2", { id: "model-results-title" }, "Outputs"),
      this.#place,
      this.#table.root,
    );
  }

  clear(): void {
    this.#run = undefined;
    this.root.hidden = true;
    this.#viewer?.close();
    this.#downloads?.close();
    this.#table.clear();
  }

  /** A run has begun. */
  open(run: ShownRun): void {
    this.clear();
    this.#run = run;
    this.#open(run).catch(this.#onFailure);
  }

  add(row: ItemRow): void {
    const run = this.#run;
    if (run === undefined) return;
    const { request, labels } = run;
    this.root.hidden = false;
    const picture = request.kind === "pictures" ? request.pictures[row.index] : undefined;
    this.#table.add(row, { name: itemNameOf(request, row.index), picture }, labels?.labels);
    this.#update();
  }

  async #open(run: ShownRun): Promise<void> {
    if (this.#viewer === undefined) {
      const [viewing, saving] = await Promise.all([import("./item-viewer.js"), import("./downloads.js")]);
      this.#viewer ??= new viewing.ItemViewer();
      this.#downloads ??= new saving.Downloads();
      this.#place.replaceChildren(this.#viewer.root, this.#downloads.root);
    }
    // Another run may have begun meanwhile.
    if (this.#run !== run) return;
    this.#viewer.open(run);
    this.#downloads?.open({ store: run.store, modelName: run.modelName, labels: run.labels?.labels });
  }

  #updateNow(): void {
    this.#viewer?.update();
    this.#downloads?.update();
  }

  #show(index: number): void {
    this.#viewer?.show(index);
    this.#viewer?.root.scrollIntoView({ block: "nearest" });
  }
}
