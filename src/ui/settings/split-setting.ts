import type { SharderOptions } from "../../index.js";
import { element } from "../parts/dom.js";

export type SplitName = NonNullable<SharderOptions["split"]>;

const TITLES: readonly (readonly [SplitName, string])[] = [
  ["auto", "whichever is faster"],
  ["batch", "not at all: each worker holds all of it"],
  ["layers", "by layers: each worker holds a stage"],
];

/**
 * Chooses how the model is divided among the workers. That takes other workers, since each holds either all of the model or a stage.
 * @param change resolves to whether the model is divided so now; rejects never.
 */
export class SplitSetting {
  readonly root: HTMLElement;
  readonly #select: HTMLSelectElement;
  #current: SplitName = "auto";

  constructor(id: string, change: (split: SplitName) => Promise<boolean>) {
    this.#select = element("select", { id, "data-testid": id });
    for (const [value, title] of TITLES) this.#select.append(element("option", { value }, title));
    this.#select.addEventListener("change", () => {
      const chosen = TITLES.find(([value]) => value === this.#select.value)?.[0] ?? "auto";
      void this.#change(chosen, change);
    });
    this.root = element("div", { class: "field" }, element("label", { for: id }, "The model is divided"), this.#select);
  }

  /** What holds now. */
  show(split: SplitName): void {
    this.#current = split;
    this.#select.value = split;
  }

  async #change(split: SplitName, change: (split: SplitName) => Promise<boolean>): Promise<void> {
    // Not `disabled`, which would send the focus back to the top of the page.
    this.#select.setAttribute("aria-busy", "true");
    const isDone = await change(split);
    this.#select.setAttribute("aria-busy", "false");
    // Another choice may have been made meanwhile.
    if (this.#select.value === split) this.show(isDone ? split : this.#current);
  }
}
