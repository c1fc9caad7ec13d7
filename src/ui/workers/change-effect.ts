import { ActiveTime } from "./active-time.js";

/** A worker that the user has added or removed. */
export interface WorkerChange {
  readonly kind: "added" | "removed";
  readonly workerId: string;
}

/** What the changes have done to the sum of all workers, in items per second. */
export interface ChangeEffect {
  /** Those since the last measurement, the latest last. */
  readonly changes: readonly WorkerChange[];
  /** `undefined` if too little ran before to say. */
  readonly before: number | undefined;
  /** `undefined` as long as too little has run since. */
  readonly after: number | undefined;
}

/** One attempt that has ended. */
export interface EndedAttempt {
  readonly workerId: string;
  readonly startMs: number;
  readonly endMs: number;
  /** Items that the job has gained by it. */
  readonly itemCount: number;
}

/** Less than this says nothing about a rate. */
const LEAST_MS = 1_000;
const LEAST_ITEMS = 4;
/** A new worker's first attempt compiles and allocates, and is not counted. It may also never get one. ms of work. */
const WARM_UP_MS = 3_000;

/**
 * Measures the total throughput before and after the user adds or removes workers: items per second of the time in which anything was
 * under way, so that pauses between jobs don't count.
 */
export class ChangeMeter {
  #changes: WorkerChange[] = [];
  #before: number | undefined;
  #period = new Period(-Infinity, undefined);

  /** @param atMs now. */
  change(change: WorkerChange, atMs: number): void {
    const rate = this.#period.rate;
    if (rate !== undefined) {
      this.#before = rate;
      this.#changes = [];
    }
    this.#changes.push(change);
    this.#period = new Period(atMs, change.kind === "added" ? change.workerId : undefined);
  }

  /** Something else has changed the rates, so what was measured so far can't be compared. @param atMs now. */
  reset(atMs: number): void {
    this.#changes = [];
    this.#before = undefined;
    this.#period = new Period(atMs, undefined);
  }

  add(attempt: EndedAttempt): void {
    this.#period.add(attempt);
  }

  /** `undefined` as long as nothing was added or removed. */
  get effect(): ChangeEffect | undefined {
    if (this.#changes.length === 0) return undefined;
    return { changes: this.#changes, before: this.#before, after: this.#period.rate };
  }
}

/** The time in which the workers stay the same. */
class Period {
  readonly #warmingId: string | undefined;
  readonly #warmUp: ActiveTime;
  #active: ActiveTime | undefined;
  #itemCount = 0;

  /** @param warmingId the worker whose first attempt is not counted. */
  constructor(startMs: number, warmingId: string | undefined) {
    this.#warmingId = warmingId;
    this.#warmUp = new ActiveTime(startMs);
    if (warmingId === undefined) this.#active = new ActiveTime(startMs);
  }

  add({ workerId, startMs, endMs, itemCount }: EndedAttempt): void {
    if (this.#active === undefined) {
      this.#warmUp.add(startMs, endMs);
      if (workerId === this.#warmingId || this.#warmUp.ms > WARM_UP_MS) this.#active = new ActiveTime(endMs);
      return;
    }
    this.#active.add(startMs, endMs);
    this.#itemCount += itemCount;
  }

  get rate(): number | undefined {
    const ms = this.#active?.ms ?? 0;
    return ms < LEAST_MS || this.#itemCount < LEAST_ITEMS ? undefined : this.#itemCount / (ms / 1e3);
  }
}
