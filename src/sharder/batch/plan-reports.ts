import type { PlannedShare } from "../../core/dispatch/types.js";
import type { Emit } from "../events.js";
import type { JobItems } from "../job/job-items.js";
import type { Dispatcher } from "./dispatcher.js";
import { ShareWatch } from "./share-watch.js";

/** While a worker is late, progress is reported so often though nothing is finished, ms. */
const PROGRESS_MS = 500;

interface ReportParts {
  readonly jobId: number;
  readonly dispatcher: Dispatcher;
  readonly items: JobItems;
  readonly emit: Emit;
  readonly emitProgress: (itemsPerSecond: number | undefined, remainingMs: number | undefined) => void;
  /** Called with the plan for what remains after every re-plan. */
  readonly onPlan: (plan: readonly PlannedShare[]) => void;
}

/** What one job reports about how it will go on: its plan, the shares that have moved, and its progress. */
export class PlanReports {
  readonly #parts: ReportParts;
  readonly #shares: ShareWatch;
  /** When progress was reported last, ms. */
  #progressMs = -Infinity;

  constructor(parts: ReportParts) {
    this.#parts = parts;
    this.#shares = new ShareWatch(parts.jobId, parts.emit);
  }

  /** The plan may have changed. It is passed on while anything is left to plan. @returns it, in items. */
  look(): readonly PlannedShare[] {
    const { dispatcher, items, onPlan } = this.#parts;
    const { perUnit } = items;
    const plan = dispatcher.plan.map((share) => ({
      ...share,
      itemsPerSecond: share.itemsPerSecond && perUnit * share.itemsPerSecond,
    }));
    if (!items.hasSourceEnded || dispatcher.undispatchedItemCount > 0) {
      onPlan(plan);
      this.#shares.look(plan);
    }
    return plan;
  }

  /** Something is finished. */
  progress(): void {
    this.#progressMs = performance.now();
    const rates = this.look().flatMap(({ itemsPerSecond }) => itemsPerSecond ?? []);
    const itemsPerSecond = rates.length === 0 ? undefined : rates.reduce((sum, rate) => sum + rate, 0);
    this.#parts.emitProgress(itemsPerSecond, this.#parts.dispatcher.remainingMs);
  }

  /** Time has passed: if a worker is late, nothing else would say that the job will take longer than predicted. */
  timePassed(): void {
    const { dispatcher } = this.#parts;
    const isDue = performance.now() - this.#progressMs >= PROGRESS_MS && dispatcher.phase === "running";
    if (isDue && dispatcher.isAnyLate) this.progress();
  }
}
