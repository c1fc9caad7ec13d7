import type { SharderOptions } from "../../index.js";
import { element } from "../parts/dom.js";

export type SplitName = NonNullable<SharderOptions["split"]>;

export const SPLIT_TITLES: readonly (readonly [SplitName, string])[] = [
  ["auto", "whichever is faster"],
  ["batch", "not at all: each worker holds all of it"],
  ["layers", "by layers: each worker holds a stage"],
];

/**
 * Chooses what takes other workers: how the model is divided, since each holds either all of it or a stage, or which engine they run.
 * @param change resolves to whether it is so now; rejects never.
 */
export class WorkersSetting<Value extends string> {
  readonly root: HTMLElement;
  readonly #select: HTMLSelectElement;
  #current: Value;

  constructor(
    id: string,
    label: string,
    titles: readonly (readonly [Value, string])[],
    change: (value: Value) => Promise<boolean>,
  ) {
    this.#current = titles[0]![0];
    this.#select = element("select", { id, "data-testid": id });
    for (const [value, title] of titles) this.#select.append(element("option", { value }, title));
    this.#select.addEventListener("change", () => {
      const chosen = titles.find(([value]) => value === this.#select.value)?.[0] ?? this.#current;
      void this.#change(chosen, change);
    });
    this.root = element("div", { class: "field" }, element("label", { for: id }, label), this.#select);
  }

  /** What holds now. */
  show(value: Value): void {
    this.#current = value;
    this.#select.value = value;
  }

  async #change(value: Value, change: (value: Value) => Promise<boolean>): Promise<void> {
    // Not `disabled`, which would send the focus back to the top of the page.
    this.#select.setAttribute("aria-busy", "true");
    const isDone = await change(value);
    this.#select.setAttribute("aria-busy", "false");
    // Another choice may have been made meanwhile.
    if (this.#select.value === value) this.show(isDone ? value : this.#current);
  }
}
