import type { ItemRange } from "../../core/dispatch/types.js";
import type { FaultReports } from "../fault-reports.js";

interface OpenFault {
  readonly range: ItemRange;
  leftCount: number;
  /** `undefined` until it has been reported. */
  faultId: number | undefined;
}

/** The faults of a job that items have not recovered from. A fault is over once all its items are done, however often they were tried. */
export class OpenFaults {
  readonly #faults: FaultReports;
  readonly #open = new Set<OpenFault>();

  constructor(faults: FaultReports) {
    this.#faults = faults;
  }

  /** @param range the items that are affected. @returns what to call with the fault's id once it has been reported. */
  add(range: ItemRange): (faultId: number) => void {
    const fault: OpenFault = { range, leftCount: range.itemCount, faultId: undefined };
    this.#open.add(fault);
    return (faultId) => {
      fault.faultId = faultId;
      this.#close(fault);
    };
  }

  /** These items are done. */
  done({ firstItem, itemCount }: ItemRange): void {
    for (const fault of this.#open) {
      const { range } = fault;
      const first = Math.max(firstItem, range.firstItem);
      fault.leftCount -= Math.max(0, Math.min(firstItem + itemCount, range.firstItem + range.itemCount) - first);
      this.#close(fault);
    }
  }

  #close(fault: OpenFault): void {
    if (fault.leftCount > 0 || fault.faultId === undefined) return;
    this.#open.delete(fault);
    this.#faults.recovered(fault.faultId);
  }

  /** The job is over. */
  forget(): void {
    for (const { faultId } of this.#open) if (faultId !== undefined) this.#faults.forget(faultId);
    this.#open.clear();
  }
}
