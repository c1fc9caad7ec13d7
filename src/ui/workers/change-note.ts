import { element, setText } from "../parts/dom.js";
import { formatNumber } from "../parts/format.js";
import type { ChangeEffect, WorkerChange } from "./change-effect.js";

/** A difference below this is noise. */
const NOISE = 0.03;

/**
 * What adding or removing workers has done, in words: "With cpu-1: 2.9 tiles/s. Without it: 9.5 tiles/s."
 * @param one what the items are called.
 */
export function effectText({ changes, before, after }: ChangeEffect, one: string): string {
  const rate = (value: number | undefined): string =>
    value === undefined ? "not measured yet" : `${formatNumber(value)}\u00a0${one}s/s`;
  if (before === undefined && after === undefined) return "";
  const [change] = changes;
  if (changes.length > 1 || change === undefined)
    return `Workers as they are now: ${rate(after)}. Before: ${rate(before)}.`;
  const isAdded = change.kind === "added";
  const [withIt, without] = isAdded ? [after, before] : [before, after];
  const verdict = verdictFor(withIt, without);
  const words = isAdded
    ? `With ${change.workerId}: ${rate(withIt)}. Without it: ${rate(without)}.`
    : `Without ${change.workerId}: ${rate(without)}. With it: ${rate(withIt)}.`;
  return verdict === "" ? words : `${words} ${verdict}`;
}

function verdictFor(withIt: number | undefined, without: number | undefined): string {
  if (withIt === undefined || without === undefined) return "";
  if (withIt < without * (1 - NOISE)) return "It makes the whole slower.";
  return withIt > without * (1 + NOISE) ? "It helps." : "It makes no difference.";
}

/** Says what the last change of the workers has brought, with a button that undoes it. */
export class ChangeNote {
  readonly root: HTMLElement;
  readonly #text = element("p", { "data-testid": "change-effect" });
  readonly #undo = element("button", { type: "button", class: "small", "data-testid": "undo-change" });
  #change: WorkerChange | undefined;

  constructor(undo: (change: WorkerChange) => void) {
    this.#undo.addEventListener("click", () => {
      if (this.#change !== undefined) undo(this.#change);
    });
    this.root = element("div", { class: "change-note", hidden: "" }, this.#text, this.#undo);
  }

  /** @param isPresent whether the worker with this id is still there. */
  update(effect: ChangeEffect | undefined, one: string, isPresent: (workerId: string) => boolean): void {
    const text = effect === undefined ? "" : effectText(effect, one);
    this.root.hidden = text === "";
    setText(this.#text, text);
    const change = effect?.changes.length === 1 ? effect.changes[0] : undefined;
    this.#change = change;
    const canUndo = change !== undefined && (change.kind === "removed" || isPresent(change.workerId));
    this.#undo.hidden = !canUndo;
    if (change !== undefined) setText(this.#undo, change.kind === "added" ? "Remove it again" : "Add it again");
  }
}
