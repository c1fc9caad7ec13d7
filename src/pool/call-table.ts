import { ShardError } from "../core/errors.js";

/** What the owner of a call wants to know while it is under way. */
export interface CallWatch {
  /** How long the worker may be on it before it is overdue, ms; called again at every check. Infinity: never. */
  readonly overdueMs: () => number;
  /** Called once, when that time is over. The call continues: the worker may only be slow. */
  readonly onOverdue: () => void;
  /** Called when the worker turns to the call, which may be before `race` returns. */
  readonly onTurn: () => void;
}

interface PendingCall {
  readonly what: string;
  readonly deadlineMs: () => number;
  readonly priority: number;
  readonly watch: CallWatch | undefined;
  isOverdue: boolean;
  readonly reject: (error: ShardError) => void;
}

/** The priority of calls that a worker answers at once, between two pieces of work: they prove that it listens, not that it works. */
export const ASIDE = -Infinity;

/** How often deadlines are checked, ms. */
const TICK_MS = 250;
/** The most time that one tick may count, ms: a deadline must not expire because a laptop slept or a tab was frozen. */
const LONGEST_TICK_MS = 4 * TICK_MS;
/** After so many late ticks in a row the page is short of CPU rather than blocked once, and deadlines are judged all the same. */
const MOST_LATE_TICKS = 5;

/**
 * The calls under way on one worker. Comlink never settles a call whose worker died, so each is raced
 * here against the worker's death and a deadline.
 *
 * A worker does one thing at a time, by priority and then in order, so only the deadline of the call it is working on runs. A worker
 * that finishes any other call isn't hung either, so the clock restarts.
 */
export class CallTable {
  readonly #pending = new Set<PendingCall>();
  readonly #onExpired: (error: ShardError) => void;
  readonly #name: string;
  readonly #workerId: string | undefined;
  readonly #onEmpty: (() => void)[] = [];
  /** The call that the worker is working on. */
  #current: PendingCall | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #elapsedMs = 0;
  /** The same for `CallWatch`, which counts late ticks less. */
  #watchedMs = 0;
  #lastTickMs = 0;
  #lateTickCount = 0;
  #death: ShardError | undefined;

  /**
   * @param name what people call the worker, in the middle of a sentence. @param workerId put into errors; only workers that run models have one.
   * @param onExpired called once a deadline has passed; the owner then ends the worker.
   */
  constructor(name: string, workerId: string | undefined, onExpired: (error: ShardError) => void) {
    this.#name = name;
    this.#workerId = workerId;
    this.#onExpired = onExpired;
  }

  /** How many calls are under way. */
  get size(): number {
    return this.#pending.size;
  }

  /**
   * @param deadlineMs counted from when the worker turns to the call; a function is called again at every check.
   * @param priority the worker takes calls of a higher priority first. Default 0.
   * @throws the error given to `rejectAll`, also for calls made after it.
   */
  async race<T>(
    what: string,
    deadlineMs: number | (() => number),
    call: () => Promise<T>,
    priority = 0,
    watch?: CallWatch,
  ): Promise<T> {
    if (this.#death !== undefined) throw this.#death;
    let entry: PendingCall | undefined;
    let isAnswered = false;
    try {
      const value = await new Promise<T>((resolve, reject) => {
        const deadline = typeof deadlineMs === "number" ? () => deadlineMs : deadlineMs;
        entry = { what, deadlineMs: deadline, priority, watch, isOverdue: false, reject };
        this.#pending.add(entry);
        // What is called aside comes before work, but is answered at once: a hang is the work's, and has its deadline.
        if (this.#current === undefined || (this.#current.priority === ASIDE && priority !== ASIDE)) {
          this.#elapsedMs = 0;
          this.#turnTo(entry);
        }
        this.#startClock();
        call().then(resolve, reject);
      });
      isAnswered = true;
      return value;
    } finally {
      if (entry !== undefined) this.#remove(entry, isAnswered);
    }
  }

  /** Resolves once no call is pending. */
  async whenEmpty(): Promise<void> {
    while (this.#pending.size > 0) await new Promise<void>((resolve) => this.#onEmpty.push(resolve));
  }

  /** The worker is gone: every call, pending or to come, rejects with `error`. */
  rejectAll(error: ShardError): void {
    this.#death = error;
    for (const call of this.#pending) call.reject(error);
  }

  /** @param isAnswered with a value: a call that was cancelled while it waited says nothing about the worker's progress. */
  #remove(entry: PendingCall, isAnswered: boolean): void {
    this.#pending.delete(entry);
    if (entry === this.#current || (isAnswered && entry.priority !== ASIDE)) this.#elapsedMs = this.#watchedMs = 0;
    if (entry === this.#current) this.#turnTo(this.#next());
    if (this.#pending.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      for (const resolve of this.#onEmpty.splice(0)) resolve();
    }
  }

  #turnTo(call: PendingCall | undefined): void {
    this.#current = call;
    if (this.#death === undefined) call?.watch?.onTurn();
  }

  /** The call that the worker turns to next: the first of those with the highest priority. */
  #next(): PendingCall | undefined {
    let next: PendingCall | undefined;
    for (const call of this.#pending) if (next === undefined || call.priority > next.priority) next = call;
    return next;
  }

  #startClock(): void {
    if (this.#timer !== undefined) return;
    this.#elapsedMs = this.#watchedMs = 0;
    this.#lastTickMs = performance.now();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  #tick(): void {
    const nowMs = performance.now();
    const sinceMs = nowMs - this.#lastTickMs;
    const isLate = sinceMs > LONGEST_TICK_MS;
    this.#lastTickMs = nowMs;
    this.#elapsedMs += Math.min(sinceMs, LONGEST_TICK_MS);
    // The worker may have been frozen, too.
    this.#watchedMs += isLate ? TICK_MS : sinceMs;
    // What arrived while the page was blocked may be handled only after this tick: judge at the next one.
    this.#lateTickCount = isLate ? this.#lateTickCount + 1 : 0;
    if (this.#lateTickCount > 0 && this.#lateTickCount < MOST_LATE_TICKS) return;
    const current = this.#current;
    if (current?.watch !== undefined && !current.isOverdue && this.#watchedMs > current.watch.overdueMs()) {
      current.isOverdue = true;
      current.watch.onOverdue();
    }
    const deadlineMs = current?.deadlineMs() ?? Infinity;
    if (current === undefined || this.#elapsedMs <= deadlineMs) return;
    this.#onExpired(
      new ShardError(
        "worker-timeout",
        `Expected ${this.#name} to ${current.what} within ${Math.round(deadlineMs)} ms, ` +
          `received no answer: ${this.#workerId === undefined ? "it is ended; try again" : "the worker is ended and its work goes to the others"}.`,
        { workerId: this.#workerId },
      ),
    );
  }
}
