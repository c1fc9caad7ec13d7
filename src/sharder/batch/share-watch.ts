import type { PlannedShare } from "../../core/dispatch/types.js";
import type { Emit } from "../events.js";

/** A share must move by this fraction of the remaining items to be worth an event. */
const NOTEWORTHY_CHANGE = 0.03;

/** Emits "rebalance": compares each plan with the one that was last emitted. */
export class ShareWatch {
  readonly #jobId: number;
  readonly #emit: Emit;
  #emitted: Readonly<Record<string, number>> | undefined;

  constructor(jobId: number, emit: Emit) {
    this.#jobId = jobId;
    this.#emit = emit;
  }

  look(plan: readonly PlannedShare[]): void {
    const after = Object.fromEntries(plan.map(({ workerId, share }) => [workerId, share]));
    const before = this.#emitted;
    if (before !== undefined && !differs(before, after)) return;
    this.#emitted = after;
    if (before === undefined) return;
    const itemsPerSecond = Object.fromEntries(plan.map((entry) => [entry.workerId, entry.itemsPerSecond]));
    this.#emit("rebalance", { jobId: this.#jobId, before, after, itemsPerSecond });
  }
}

function differs(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): boolean {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].some(
    (id) => Math.abs((a[id] ?? 0) - (b[id] ?? 0)) >= NOTEWORTHY_CHANGE,
  );
}
