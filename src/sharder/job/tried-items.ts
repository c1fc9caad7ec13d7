import type { ItemRange } from "../../core/dispatch/types.js";
import { overlapItemCount } from "../../core/overlap.js";

interface Failed {
  /** The stage that failed; every stage up to it may be run again. */
  readonly stage: number;
  readonly range: ItemRange;
}

/** The items of attempts that failed or were lost, until they are done: whoever runs them next retries them. */
export class TriedItems {
  #failed: Failed[] = [];

  /** @param stage 0 if the worker holds the whole model. */
  add(range: ItemRange, stage: number): void {
    this.#failed.push({ stage, range });
  }

  /** Whether an attempt at these items in this stage follows a failure. */
  has(range: ItemRange, stage: number): boolean {
    return this.#failed.some((failed) => failed.stage >= stage && overlapItemCount(failed.range, range) > 0);
  }

  /** The items have passed this stage, or were given up. */
  delete(range: ItemRange, stage: number): void {
    if (this.#failed.length === 0) return;
    this.#failed = this.#failed.flatMap((failed) =>
      failed.stage > stage ? failed : without(failed.range, range).map((left) => ({ ...failed, range: left })),
    );
  }
}

/** The parts of a range before and after another one. */
function without(range: ItemRange, taken: ItemRange): readonly ItemRange[] {
  if (overlapItemCount(range, taken) === 0) return [range];
  const end = range.firstItem + range.itemCount;
  const takenEnd = taken.firstItem + taken.itemCount;
  return [
    { firstItem: range.firstItem, itemCount: taken.firstItem - range.firstItem },
    { firstItem: takenEnd, itemCount: end - takenEnd },
  ].filter(({ itemCount }) => itemCount > 0);
}
