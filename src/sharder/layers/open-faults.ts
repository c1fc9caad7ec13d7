import type { ItemRange } from "../../core/dispatch/types.js";
import type { FaultReports } from "../fault-reports.js";

/** The faults of a job that items have not recovered from. A fault is over once all its items are done, however often they were tried. */
export class OpenFaults {
  readonly #faults: FaultReports;
  readonly #open = new Map<number, { readonly range: ItemRange; leftCount: number }>();

  constructor(faults: FaultReports) {
    this.#faults = faults;
  }

  /** @param range the items that were affected. */
  add(faultId: number, range: ItemRange): void {
    this.#open.set(faultId, { range, leftCount: range.itemCount });
  }

  /** These items are done. */
  done({ firstItem, itemCount }: ItemRange): void {
    for (const [faultId, fault] of this.#open) {
      const { range } = fault;
      const first = Math.max(firstItem, range.firstItem);
      fault.leftCount -= Math.max(0, Math.min(firstItem + itemCount, range.firstItem + range.itemCount) - first);
      if (fault.leftCount > 0) continue;
      this.#open.delete(faultId);
      this.#faults.recovered(faultId);
    }
  }

  /** The job is over. */
  forget(): void {
    for (const faultId of this.#open.keys()) this.#faults.forget(faultId);
    this.#open.clear();
  }
}
