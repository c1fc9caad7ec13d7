import { ShardError } from "../core/errors.js";

interface PendingCall {
  readonly what: string;
  readonly deadlineMs: () => number;
  readonly reject: (error: ShardError) => void;
}

/** How often deadlines are looked at, ms. */
const TICK_MS = 250;
/** The most that one tick may count, ms: a laptop that slept or a frozen tab must not expire a deadline. */
const LONGEST_TICK_MS = 4 * TICK_MS;

/**
 * The calls under way on one worker. Comlink never settles a call whose worker died, so each is raced
 * here against the worker's death and a deadline.
 *
 * A worker takes its calls in order: only the oldest is being worked on, and only its deadline runs.
 */
export class CallTable {
  readonly #pending = new Set<PendingCall>();
  readonly #onExpired: (error: ShardError) => void;
  readonly #workerId: string;
  readonly #onEmpty: (() => void)[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;
  #elapsedMs = 0;
  #lastTickMs = 0;
  #death: ShardError | undefined;

  /** @param onExpired called once a deadline has passed; the owner then ends the worker. */
  constructor(workerId: string, onExpired: (error: ShardError) => void) {
    this.#workerId = workerId;
    this.#onExpired = onExpired;
  }

  /** Calls under way. */
  get size(): number {
    return this.#pending.size;
  }

  /**
   * @param deadlineMs counted from when the call is the oldest; asked anew for as long as the call is under way.
   * @throws the error given to `rejectAll`, also for calls made after it.
   */
  async race<T>(what: string, deadlineMs: number | (() => number), call: () => Promise<T>): Promise<T> {
    if (this.#death !== undefined) throw this.#death;
    let entry: PendingCall | undefined;
    try {
      return await new Promise<T>((resolve, reject) => {
        entry = { what, deadlineMs: typeof deadlineMs === "number" ? () => deadlineMs : deadlineMs, reject };
        this.#pending.add(entry);
        this.#startClock();
        call().then(resolve, reject);
      });
    } finally {
      if (entry !== undefined) this.#remove(entry);
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

  #remove(entry: PendingCall): void {
    if (this.#oldest() === entry) this.#elapsedMs = 0;
    this.#pending.delete(entry);
    if (this.#pending.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      for (const resolve of this.#onEmpty.splice(0)) resolve();
    }
  }

  #oldest(): PendingCall | undefined {
    return this.#pending.values().next().value;
  }

  #startClock(): void {
    if (this.#timer !== undefined) return;
    this.#elapsedMs = 0;
    this.#lastTickMs = performance.now();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  #tick(): void {
    const nowMs = performance.now();
    this.#elapsedMs += Math.min(nowMs - this.#lastTickMs, LONGEST_TICK_MS);
    this.#lastTickMs = nowMs;
    const oldest = this.#oldest();
    const deadlineMs = oldest?.deadlineMs() ?? Infinity;
    if (oldest === undefined || this.#elapsedMs <= deadlineMs) return;
    this.#onExpired(
      new ShardError(
        "worker-timeout",
        `Expected worker "${this.#workerId}" to ${oldest.what} within ${Math.round(deadlineMs)} ms, ` +
          `received nothing: it is ended and its work goes to the others.`,
        { workerId: this.#workerId },
      ),
    );
  }
}
