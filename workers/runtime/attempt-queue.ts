import { ShardError } from "../../src/core/errors.js";
import { toErrorRecord, type Reply } from "../../src/protocol/error-record.js";

/** What the queue has to know of a request. */
export interface Attempt {
  /** Unique among all that are queued. */
  readonly attemptId: string;
  /** When the page sent it, ms since the epoch on the shared monotonic clock. */
  readonly sentAtEpochMs: number;
}

/**
 * The work of an attempt.
 * @param isCancelled asked now and then, after `pause` has let pending messages in.
 */
export type AttemptWork<T> = (isCancelled: () => boolean, pause: () => Promise<void>) => Promise<T>;

/** The work's result, and its time from the previous completion on this worker, or the sending if it was idle. */
export interface Completed<T> {
  readonly value: T;
  readonly serviceMs: number;
}

interface QueuedAttempt {
  readonly attempt: Attempt;
  readonly run: () => Promise<void>;
  readonly answerAborted: () => void;
}

/**
 * The worker's attempts, one at a time and in order. Before each it yields a macrotask, so that a cancel
 * that was posted later overtakes attempts that are still queued.
 */
export class AttemptQueue {
  readonly #isIntact: () => boolean;
  readonly #queued: QueuedAttempt[] = [];
  #running: string | undefined;
  readonly #cancelled = new Set<string>();
  #completedAtMs = -Infinity;
  #slowdown = 1;

  /** @param isIntact whether the device is still there; an attempt that ended on a lost one is not answered with numbers. */
  constructor(isIntact: () => boolean) {
    this.#isIntact = isIntact;
  }

  enqueue<T>(attempt: Attempt, work: AttemptWork<T>): Promise<Reply<Completed<T>>> {
    const arrivedAtMs = performance.now();
    return new Promise((answer) => {
      const run = async (): Promise<void> => answer(await this.#run(attempt, arrivedAtMs, work));
      this.#queued.push({ attempt, run, answerAborted: () => answer(aborted()) });
      if (this.#running === undefined) void this.#drain();
    });
  }

  cancel(attemptIds: readonly string[]): void {
    for (const attemptId of attemptIds) {
      const index = this.#queued.findIndex((queued) => queued.attempt.attemptId === attemptId);
      if (index >= 0) this.#queued.splice(index, 1)[0]!.answerAborted();
      else if (attemptId === this.#running) this.#cancelled.add(attemptId);
    }
  }

  slow(factor: number): void {
    this.#slowdown = factor;
  }

  async #drain(): Promise<void> {
    this.#running = "";
    for (;;) {
      await yieldMacrotask();
      const next = this.#queued.shift();
      if (next === undefined) break;
      this.#running = next.attempt.attemptId;
      await next.run();
      this.#cancelled.delete(next.attempt.attemptId);
    }
    this.#running = undefined;
  }

  async #run<T>(attempt: Attempt, arrivedAtMs: number, work: AttemptWork<T>): Promise<Reply<Completed<T>>> {
    const startedAtMs = performance.now();
    try {
      const isCancelled = (): boolean => this.#cancelled.has(attempt.attemptId);
      const value = await work(isCancelled, yieldMacrotask);
      if (!this.#isIntact()) throw deviceLost();
      const computeMs = performance.now() - startedAtMs;
      if (this.#slowdown > 1) await sleep(computeMs * (this.#slowdown - 1));
      const completedAtMs = performance.now();
      const sentAtMs = Math.min(arrivedAtMs, attempt.sentAtEpochMs - performance.timeOrigin);
      const serviceMs = completedAtMs - Math.max(this.#completedAtMs, sentAtMs);
      return { ok: true, value: { value, serviceMs } };
    } catch (thrown) {
      // A read-back may reject before the loss of the device is told.
      await yieldMacrotask();
      return { ok: false, error: toErrorRecord(this.#isIntact() ? thrown : deviceLost(thrown), "model-failed") };
    } finally {
      this.#completedAtMs = performance.now();
    }
  }
}

function deviceLost(cause?: unknown): ShardError {
  return new ShardError("worker-lost", "Expected the GPU to answer the shard, its device was lost meanwhile.", {
    cause,
  });
}

function aborted(): Reply<never> {
  return {
    ok: false,
    error: toErrorRecord(new ShardError("aborted", "The attempt was cancelled before it ran."), "aborted"),
  };
}

const channel = new MessageChannel();
const waiting: (() => void)[] = [];
channel.port1.onmessage = () => waiting.shift()?.();

/** Let every message that has already been posted to this worker be handled first. */
function yieldMacrotask(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    channel.port2.postMessage(undefined);
  });
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
