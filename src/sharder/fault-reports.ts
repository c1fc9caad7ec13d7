import type { Emit, FaultDetail } from "./events.js";

/** What is known when a fault is noticed. */
export type FaultReport = Omit<FaultDetail, "faultId" | "recoverMs" | "items"> & Partial<Pick<FaultDetail, "items">>;

/**
 * Emits `fault` events: one when a fault is noticed, and another of the same `faultId`, with the time to recover, once it has been
 * recovered from. One per sharder, so that ids are unique in it.
 */
export class FaultReports {
  readonly #emit: Emit;
  readonly #open = new Map<number, { readonly detail: FaultDetail; readonly noticedAtMs: number }>();
  #count = 0;

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  /**
   * A fault was noticed. @returns its id. Faults with the action "gave-up" or "excluded" are closed at once: nothing recovers from them.
   * @param noticedAtMs on the page's clock (`performance.now()`). Default: now.
   */
  report({ items = [], ...report }: FaultReport, noticedAtMs: number = performance.now()): number {
    const faultId = ++this.#count;
    const detail: FaultDetail = { ...report, items, faultId, recoverMs: undefined };
    const isFinal = report.action === "gave-up" || report.action === "excluded";
    if (!isFinal) this.#open.set(faultId, { detail, noticedAtMs });
    this.#emit("fault", detail);
    return faultId;
  }

  /** It was recovered from. Unknown and closed faults are ignored. @param change what turned out otherwise than it was reported. */
  recovered(faultId: number, change: Partial<Pick<FaultDetail, "action" | "message">> = {}): void {
    const found = this.#open.get(faultId);
    if (found === undefined) return;
    this.#open.delete(faultId);
    this.#emit("fault", { ...found.detail, ...change, recoverMs: performance.now() - found.noticedAtMs });
  }

  /** Nobody waits for the recovery any more: the worker was removed, or the job has ended. */
  forget(faultId: number): void {
    this.#open.delete(faultId);
  }
}
