import { element, setText } from "../parts/dom.js";
import { formatCount } from "../parts/format.js";
import { countEntries, type QueueEntry } from "./queue-entry.js";
import { QueueRow, type QueueRowCommands } from "./queue-row.js";

/** Rows are shown in steps of so many: a list may have thousands. */
const ROWS_PER_STEP = 100;

export interface QueueCommands extends QueueRowCommands {
  saveAll(): void;
  clear(): void;
}

/** Lists the pictures that are enlarged one after another. Hidden for a single picture. */
export class QueuePanel {
  readonly root: HTMLElement;
  readonly #summary = element("p", { class: "muted", role: "status", "data-testid": "queue-summary" });
  readonly #list = element("ul", { class: "queue", "aria-labelledby": "queue-title" });
  readonly #more = element("button", { type: "button", class: "small" }, "Show more");
  readonly #saveAll = element("button", { type: "button", class: "primary", "data-testid": "save-all" }, "Save as ZIP");
  readonly #clear = element("button", { type: "button", "data-testid": "clear-queue" }, "Clear the list");
  readonly #rows = new Map<QueueEntry, QueueRow>();
  readonly #commands: QueueCommands;
  #shownCount = ROWS_PER_STEP;
  #entries: readonly QueueEntry[] = [];

  constructor(commands: QueueCommands) {
    this.#commands = commands;
    this.#saveAll.addEventListener("click", () => commands.saveAll());
    this.#clear.addEventListener("click", () => commands.clear());
    this.#more.addEventListener("click", () => {
      this.#shownCount += ROWS_PER_STEP;
      this.#updateRows();
      this.#list.lastElementChild?.querySelector("button")?.focus();
    });
    this.root = element(
      "section",
      { class: "panel", "aria-labelledby": "queue-title", "data-testid": "queue" },
      element("h2", { id: "queue-title" }, "Pictures"),
      this.#summary,
      element("div", { class: "queue-scroll" }, this.#list, this.#more),
      element("div", { class: "buttons" }, this.#saveAll, this.#clear),
    );
    this.root.hidden = true;
  }

  /** @param notice what else is to be said, such as that the list can't be kept. @param packedCount while an archive is made. */
  update(entries: readonly QueueEntry[], isList: boolean, notice: string, packedCount: number | undefined): void {
    this.root.hidden = !isList;
    this.#entries = isList ? entries : [];
    const { all, done, failed } = countEntries(this.#entries);
    const failures = failed === 0 ? "" : `, ${failed} could not be enlarged`;
    setText(this.#summary, `${done} of ${formatCount(all, "picture")} done${failures}. ${notice}`.trim());
    const savable = this.#entries.filter(({ result }) => result !== undefined).length;
    this.#saveAll.disabled = savable === 0 || packedCount !== undefined;
    const title = savable === all ? "Save all as ZIP" : `Save ${savable} as ZIP`;
    setText(this.#saveAll, packedCount === undefined ? title : `Packing ${packedCount + 1} of ${savable} …`);
    this.#updateRows();
  }

  #updateRows(): void {
    const shown = new Set(this.#entries.slice(0, this.#shownCount));
    for (const [entry, row] of this.#rows) {
      if (shown.has(entry)) continue;
      const next = row.root.nextElementSibling ?? row.root.previousElementSibling;
      const hadFocus = row.root.matches(":focus-within");
      row.root.remove();
      this.#rows.delete(entry);
      // The focus would otherwise be lost with the row.
      if (hadFocus) (next?.querySelector<HTMLElement>("button:last-of-type") ?? this.#clear).focus();
    }
    for (const entry of shown) {
      let row = this.#rows.get(entry);
      if (row === undefined) {
        row = new QueueRow(entry, this.#commands);
        this.#rows.set(entry, row);
        this.#list.append(row.root);
      }
      row.update();
    }
    this.#more.hidden = this.#entries.length <= this.#shownCount;
    setText(this.#more, `Show more of ${formatCount(this.#entries.length, "picture")}`);
  }
}
