import type { ItemRange } from "../../core/dispatch/types.js";
import { overlapItemCount } from "../../core/overlap.js";
import type { FaultReports } from "../fault-reports.js";

interface Open {
  readonly faultId: number;
  readonly range: ItemRange;
  leftCount: number;
}

/** Reports faults as recovered once the items that they had affected are done. */
export class Recoveries {
  readonly #faults: FaultReports;
  #open: Open[] = [];

  constructor(faults: FaultReports) {
    this.#faults = faults;
  }

  /** @param leftCount how many of these items were not done when the fault was noticed. */
  await(faultId: number, range: ItemRange, leftCount: number): void {
    if (leftCount > 0) this.#open.push({ faultId, range, leftCount });
    else this.#faults.recovered(faultId);
  }

  /** Items are done: each is reported once. */
  done(range: ItemRange): void {
    this.#settle(range, (faultId) => this.#faults.recovered(faultId));
  }

  /** Items were given up: nobody waits for them any more. */
  givenUp(range: ItemRange): void {
    this.#settle(range, (faultId) => this.#faults.forget(faultId));
  }

  /** The job is over. */
  end(): void {
    for (const { faultId } of this.#open.splice(0)) this.#faults.forget(faultId);
  }

  #settle(range: ItemRange, settle: (faultId: number) => void): void {
    if (this.#open.length === 0) return;
    for (const each of this.#open) each.leftCount -= overlapItemCount(each.range, range);
    const settled = this.#open.filter(({ leftCount }) => leftCount <= 0);
    this.#open = this.#open.filter(({ leftCount }) => leftCount > 0);
    for (const { faultId } of settled) settle(faultId);
  }
}
