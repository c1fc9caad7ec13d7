import { element, setText } from "../../parts/dom.js";
import { failureText } from "../../parts/failure-text.js";
import { formatPercent } from "../../parts/format.js";
import { saveFile } from "../../parts/save-file.js";
import { toCsv, toJson, type ExportContext } from "./export-text.js";
import type { OutputStore } from "./output-store.js";

/** A run whose outputs can be saved. */
export interface SavedRun {
  readonly store: OutputStore;
  readonly modelName: string;
  readonly labels: readonly string[] | undefined;
}

/** Saves the outputs of all items as files. */
export class Downloads {
  readonly root: HTMLElement;
  readonly #output = element("select", { id: "save-output", class: "small", "data-testid": "save-output" });
  readonly #status = element("span", { class: "muted", role: "status", "data-testid": "save-status" });
  readonly #buttons: readonly HTMLButtonElement[];
  #run: SavedRun | undefined;
  #isSaving = false;

  constructor() {
    const button = (title: string, ending: string, make: (context: ExportContext, name: string) => Promise<Blob>) => {
      const created = element("button", { type: "button", class: "small", "data-testid": `save-${ending}` }, title);
      created.addEventListener("click", () => void this.#save(ending, make));
      return created;
    };
    const json = button("JSON, all outputs", "json", (context) => toJson(context));
    const npz = button("NPZ, all outputs", "npz", async (context) => (await import("./export-npy.js")).toNpz(context));
    const csv = button("CSV", "csv", (context, name) => toCsv(name, context));
    const npy = button("NPY", "npy", async (context, name) => (await import("./export-npy.js")).toNpy(name, context));
    this.#buttons = [json, npz, csv, npy];
    this.root = element(
      "div",
      { class: "downloads", role: "group", "aria-label": "Save the outputs of all items" },
      element("span", { class: "muted" }, "Save all items:"),
      json,
      npz,
      element("label", { for: "save-output", class: "muted" }, "or output"),
      this.#output,
      csv,
      npy,
      this.#status,
    );
  }

  open(run: SavedRun): void {
    this.#run = run;
    setText(this.#status, "");
    this.update();
  }

  /** Let go of the run's outputs. */
  close(): void {
    this.#run = undefined;
  }

  /** More items have come. */
  update(): void {
    const names = this.#run?.store.outputs.map(({ name }) => name) ?? [];
    this.root.hidden = names.length === 0;
    if (names.join() === [...this.#output.options].map(({ value }) => value).join()) return;
    this.#output.replaceChildren(...names.map((name) => element("option", { value: name }, name)));
  }

  async #save(ending: string, make: (context: ExportContext, name: string) => Promise<Blob>): Promise<void> {
    const run = this.#run;
    if (run === undefined || this.#isSaving) return;
    this.#isSaving = true;
    const name = this.#output.value;
    // The pressed button keeps the focus: it would lose it by being disabled.
    for (const button of this.#buttons) button.setAttribute("aria-disabled", "true");
    try {
      const onProgress = (fraction: number): void =>
        setText(this.#status, `Writing the file: ${formatPercent(fraction)}`);
      const blob = await make({ ...run, onProgress }, name);
      const isOne = ending === "csv" || ending === "npy";
      saveFile(blob, `${fileNameOf(run.modelName)}${isOne ? `-${fileNameOf(name)}` : ""}.${ending}`);
      const { itemCount, isFull } = run.store;
      const note = isFull ? `; only the first ${itemCount.toLocaleString("en")} items were kept, for want of room` : "";
      setText(this.#status, `Saved ${itemCount.toLocaleString("en")} items${note}`);
    } catch (thrown) {
      setText(this.#status, failureText(thrown));
    } finally {
      this.#isSaving = false;
      for (const button of this.#buttons) button.removeAttribute("aria-disabled");
    }
  }
}

/** What every file system takes. */
function fileNameOf(name: string): string {
  return name.replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^[-.]+|[-.]+$/g, "") || "outputs";
}
