import type { Sharder, WorkerSnapshot } from "../../index.js";
import type { ItemWord } from "../dashboard/panel.js";
import { element, setText } from "../parts/dom.js";
import type { Numbers } from "../numbers/live-numbers.js";
import type { WorkerColours } from "./colours.js";
import { WorkerRow, type WorkerCommands } from "./worker-row.js";
import type { Tally } from "./worker-tallies.js";

/** A worker that has stopped is folded away after this time, ms: long enough to read why. */
const FOLD_AFTER_MS = 20_000;

export interface ListContext {
  readonly colours: WorkerColours;
  readonly one: ItemWord;
  readonly plan: Sharder["plan"];
  readonly isBusy: boolean;
  readonly numbers: Numbers | undefined;
  /** What each worker has made in the latest job. */
  readonly tallies: ReadonlyMap<string, Tally>;
  /** Gets the focus if the last row had it and is gone. */
  readonly focusAfterRemoval: HTMLElement;
  /** Requests another update, for rows that are due to be folded away. */
  readonly again: () => void;
}

/** The workers, one per row; those that have stopped are folded away below. */
export class WorkerList {
  readonly root: HTMLElement;
  readonly #commands: WorkerCommands;
  readonly #rows = new Map<string, WorkerRow>();
  readonly #deadSinceMs = new Map<string, number>();
  readonly #present = element("ul", { class: "workers" });
  readonly #stopped = element("ul", { class: "workers" });
  readonly #summary = element("summary");
  readonly #fold = element("details", { class: "stopped-workers", hidden: "" }, this.#summary, this.#stopped);

  constructor(commands: WorkerCommands) {
    this.#commands = commands;
    this.root = element("div", {}, this.#present, this.#fold);
  }

  update(workers: readonly WorkerSnapshot[], context: ListContext): void {
    this.#drop(new Set(workers.map(({ id }) => id)), context.focusAfterRemoval);
    const alive = workers.filter(({ state }) => state !== "dead" && state !== "quarantined" && state !== "draining");
    for (const worker of workers) {
      const { id, state } = worker;
      let row = this.#rows.get(id);
      if (row === undefined) {
        row = new WorkerRow(worker, context.colours.of(id), this.#commands);
        this.#rows.set(id, row);
        this.#present.append(row.root);
      }
      const tally = context.tallies.get(id);
      row.update(worker, {
        ...context,
        numbers: context.numbers?.workers.get(id),
        madeCount: tally?.itemCount ?? 0,
        madePercent: tally?.percent ?? 0,
        madePerSecond: context.tallies.size === 0 ? undefined : (tally?.itemsPerSecond ?? 0),
        isLast: alive.length === 1 && alive[0] === worker,
      });
      this.#place(row, id, state === "dead", context.again);
    }
    this.#fold.hidden = this.#stopped.childElementCount === 0;
    const count = this.#stopped.childElementCount;
    setText(this.#summary, `${count} ${count === 1 ? "worker has" : "workers have"} stopped`);
  }

  /** Forget the rows of workers that are listed no more. The focus stays near. */
  #drop(ids: ReadonlySet<string>, fallback: HTMLElement): void {
    for (const [id, row] of this.#rows) {
      if (ids.has(id)) continue;
      const hadFocus = row.root.contains(activeElementOf(this.root));
      const neighbour = row.root.nextElementSibling ?? row.root.previousElementSibling;
      row.root.remove();
      this.#rows.delete(id);
      this.#deadSinceMs.delete(id);
      if (!hadFocus) continue;
      const next = [...this.#rows.values()].find(({ root }) => root === neighbour);
      (next?.removeButton ?? fallback).focus();
    }
  }

  #place(row: WorkerRow, id: string, isDead: boolean, again: () => void): void {
    if (!isDead) {
      this.#deadSinceMs.delete(id);
      if (row.root.parentElement !== this.#present) this.#present.append(row.root);
      return;
    }
    const since = this.#deadSinceMs.get(id);
    if (since === undefined) {
      this.#deadSinceMs.set(id, performance.now());
      setTimeout(again, FOLD_AFTER_MS + 50);
    } else if (performance.now() - since >= FOLD_AFTER_MS && row.root.parentElement === this.#present) {
      // Moving it would take the focus away.
      if (!row.root.contains(activeElementOf(this.root))) this.#stopped.append(row.root);
    }
  }
}

function activeElementOf(node: Node): Element | null {
  const root = node.getRootNode();
  return root instanceof ShadowRoot || root instanceof Document ? root.activeElement : null;
}
