import * as dispatch from "../../core/dispatch/dispatch.js";
import type {
  DispatchAction,
  DispatchEvent,
  DispatchOptions,
  ItemRange,
  JobPhase,
  PlannedShare,
} from "../../core/dispatch/types.js";
import { SteadyClock } from "../../core/steady-clock.js";
import type { Throughput } from "../../core/throughput/types.js";

/** What a reading of the clock counts at most, ms: a page that could not read answers says nothing about workers. */
const LONGEST_STEP_MS = 500;

/** The dispatcher of one job, on the page's clock: its state, and what the job asks about it. Quantities are in the job's units. */
export class Dispatcher {
  #state: dispatch.DispatchState;
  readonly #clock = new SteadyClock(performance.now(), LONGEST_STEP_MS);

  constructor(options: Partial<DispatchOptions>) {
    this.#state = dispatch.createDispatch(options);
  }

  /** Something has happened. @returns what to do about it. */
  step(event: DispatchEvent): readonly DispatchAction[] {
    const { state, actions } = dispatch.step(this.#state, event, this.#nowMs);
    this.#state = state;
    return actions;
  }

  get #nowMs(): number {
    return this.#clock.read(performance.now());
  }

  get options(): DispatchOptions {
    return this.#state.options;
  }

  get phase(): JobPhase {
    return this.#state.phase;
  }

  /** Whether a stream should pull from its source. */
  get wantsItems(): boolean {
    return dispatch.wantsItems(this.#state);
  }

  get undispatchedItemCount(): number {
    return dispatch.undispatchedItemCount(this.#state);
  }

  /** The plan for what remains. */
  get plan(): PlannedShare[] {
    return dispatch.plannedShares(this.#state, this.#nowMs);
  }

  /** When the last item known so far will be done by the plan, ms from now; `undefined` while too little is known. */
  get remainingMs(): number | undefined {
    return dispatch.remainingMs(this.#state, this.#nowMs);
  }

  /** Whether some worker takes so much longer than it should that the job will, too. */
  get isAnyLate(): boolean {
    return dispatch.isAnyLate(this.#state, this.#nowMs);
  }

  /** What has been learned about a worker; `undefined` for an unknown id. */
  throughputOf(workerId: string): Throughput | undefined {
    return dispatch.workerThroughput(this.#state, workerId);
  }

  /** Those items of an attempt in flight that no other attempt has completed. */
  openRanges(attemptId: number): readonly ItemRange[] {
    return dispatch.openRanges(this.#state, attemptId);
  }

  /** How many items an attempt in flight has; `undefined` for one that is not in flight. */
  itemCountOf(attemptId: number): number | undefined {
    return dispatch.attemptItemCount(this.#state, attemptId);
  }

  /** How long an attempt in flight may take by what is known now, ms; `undefined` for one that is not in flight. */
  deadlineMs(attemptId: number): number | undefined {
    return dispatch.attemptDeadlineMs(this.#state, attemptId);
  }

  /** After how long a worker is overdue with an attempt, ms, where the dispatcher does not look any more since its job has finished. */
  overdueMs(attemptId: number): number {
    return dispatch.overdueLimitMs(this.#state, attemptId);
  }

  /** Whether it was to be expected that an attempt fails, since it is a part of items that have. */
  isSuspect(attemptId: number): boolean {
    return dispatch.wasTried(this.#state, attemptId);
  }
}
