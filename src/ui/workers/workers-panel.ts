import { BACKEND_NAMES, type BackendName, type WorkerSnapshot } from "../../index.js";
import type { Numbers } from "../numbers/live-numbers.js";
import { percentsByName } from "../numbers/percents.js";
import { element } from "../parts/dom.js";
import type { PictureJob } from "../picture/picture-job.js";
import { WorkerRow, type WorkerCommands } from "./worker-row.js";
import type { WorkerColours } from "./colours.js";

export interface PanelCommands extends WorkerCommands {
  add(backend: BackendName): void;
}

/** Lists the workers, one per row, and adds more of them. */
export class WorkersPanel {
  readonly root: HTMLElement;
  readonly #rows = new Map<string, WorkerRow>();
  readonly #list = element("ul", { class: "workers" });
  readonly #empty = element("p", { class: "muted" }, "No workers yet.");
  readonly #backend = element("select", { id: "backend" });
  readonly #add = element("button", { type: "button", "data-testid": "add-worker" }, "Add worker");
  readonly #commands: PanelCommands;
  readonly #colours: WorkerColours;

  constructor(colours: WorkerColours, commands: PanelCommands) {
    this.#colours = colours;
    this.#commands = commands;
    for (const name of BACKEND_NAMES) this.#backend.append(element("option", { value: name }, name));
    this.#backend.value = "wasm";
    this.#add.addEventListener("click", () => {
      const backend = BACKEND_NAMES.find((name) => name === this.#backend.value);
      if (backend !== undefined) commands.add(backend);
    });
    const adding = element(
      "div",
      { class: "adding" },
      element("label", { for: "backend" }, "Backend"),
      this.#backend,
      this.#add,
    );
    const title = element("h2", { id: "workers-title" }, "Workers");
    this.root = element(
      "section",
      { class: "panel", "aria-labelledby": "workers-title" },
      title,
      this.#empty,
      this.#list,
      adding,
    );
    this.update([], undefined, undefined, false);
  }

  /** @param numbers how fast the workers are. @param canAdd whether there is a sharder to add workers to. */
  update(
    workers: readonly WorkerSnapshot[],
    job: PictureJob | undefined,
    numbers: Numbers | undefined,
    canAdd: boolean,
  ): void {
    this.#add.disabled = !canAdd;
    this.#empty.hidden = workers.length > 0;
    const ids = new Set(workers.map(({ id }) => id));
    for (const [id, row] of this.#rows) {
      if (ids.has(id)) continue;
      const hadFocus = row.root.contains(activeElementOf(this.root));
      row.root.remove();
      this.#rows.delete(id);
      if (hadFocus) this.#add.focus();
    }
    const madePercents = percentsByName(job?.tilesByWorker ?? new Map());
    for (const worker of workers) {
      let row = this.#rows.get(worker.id);
      if (row === undefined) {
        row = new WorkerRow(worker, this.#colours.of(worker.id), this.#commands);
        this.#rows.set(worker.id, row);
        this.#list.append(row.root);
      }
      row.update(worker, job, numbers?.workers.get(worker.id), madePercents.get(worker.id) ?? 0);
    }
  }
}

function activeElementOf(node: Node): Element | null {
  const root = node.getRootNode();
  return root instanceof ShadowRoot || root instanceof Document ? root.activeElement : null;
}
