import { ShardError } from "../../src/core/errors.js";
import { messageOf } from "../../src/protocol/error-record.js";
import type { WorkerNotice } from "../../src/protocol/link.js";
import type { RunTiming } from "../../src/protocol/worker-api.js";
import { EngineBroken, type EngineTurn } from "./engine.js";
import { yieldMacrotask } from "./yield-macrotask.js";

/** What the queue needs to know about a request. */
export interface Attempt {
  /** Unique among all queued attempts. */
  readonly attemptId: string;
  /** The highest priority runs first. Attempts of equal priority run in the order of their arrival. */
  readonly priority: number;
}

/**
 * Lets the worker handle pending messages.
 * @throws ShardError "aborted" if one of them cancelled the attempt.
 */
export type Checkpoint = () => Promise<void>;

/** What an attempt may do while it runs. */
export interface Turn extends EngineTurn {
  readonly checkpoint: Checkpoint;
}

/** Something done around a piece of work. */
export type AroundWork = <T>(work: () => Promise<T>) => Promise<T>;

export interface Completed<T> {
  readonly value: T;
  readonly timing: RunTiming;
}

interface Queued {
  /** `undefined` if it can't be cancelled. */
  readonly attemptId: string | undefined;
  readonly priority: number;
  /** Never rejects. */
  readonly run: (running: Running) => Promise<void>;
  readonly reject: (error: ShardError) => void;
}

/** A piece of work that runs. */
interface Running {
  readonly attemptId: string | undefined;
  readonly cancelling: AbortController;
  readonly handOver: () => void;
  /** Settles once the one before it has ended: it may have handed over. */
  readonly before: Promise<void>;
}

/** The priority of work that runs before every waiting attempt. */
export const BEFORE_ALL = Infinity;

/**
 * Runs the worker's work, one piece at a time; but an attempt that only waits for a GPU or a server lets the next one begin, and no other after that
 * before it has ended. Attempts end in the order in which they began. It yields a macrotask before each piece, so that a cancel or an attempt of
 * higher priority that was posted later overtakes queued work.
 */
export class AttemptQueue {
  readonly #isIntact: () => boolean;
  readonly #onBroken: (notice: WorkerNotice) => void;
  readonly #queued: Queued[] = [];
  #isDraining = false;
  /** What has begun and not ended: more than one where the first has handed over. */
  readonly #running = new Set<Running>();
  /** Settles once everything that has begun has ended. */
  #ended: Promise<void> = Promise.resolve();
  /** When the latest piece of work succeeded or failed; before any work, when the queue was created. */
  #endedAtMs = performance.now();
  #around: AroundWork | undefined;
  /** Why nothing runs any more. */
  #brokenBy: ShardError | undefined;

  /**
   * @param isIntact whether the device still works. Results that were computed on a lost device are discarded.
   * @param onBroken called once, after the work that showed it has been answered: nothing runs from now on, and whatever waits has been
   *        rejected with "worker-lost".
   */
  constructor(isIntact: () => boolean, onBroken: (notice: WorkerNotice) => void = () => {}) {
    this.#isIntact = isIntact;
    this.#onBroken = onBroken;
  }

  /** @throws ShardError "aborted", "worker-lost"; whatever `work` throws. */
  enqueue<T>({ attemptId, priority }: Attempt, work: (turn: Turn) => Promise<T>): Promise<Completed<T>> {
    return this.#add(attemptId, priority, work);
  }

  /**
   * Change what the worker holds. The change runs before all waiting attempts, and never while one runs.
   * @throws ShardError "worker-lost"; whatever `work` throws.
   */
  async change<T>(work: () => Promise<T>): Promise<T> {
    return (await this.#add(undefined, BEFORE_ALL, work)).value;
  }

  /** Waiting attempts reject at once with "aborted", the running one at its next checkpoint. Unknown ids are ignored. */
  cancel(attemptIds: readonly string[]): void {
    for (const attemptId of attemptIds) {
      const index = this.#queued.findIndex((queued) => queued.attemptId === attemptId);
      if (index >= 0) this.#queued.splice(index, 1)[0]!.reject(cancelled("before it ran"));
      else [...this.#running].find((running) => running.attemptId === attemptId)?.cancelling.abort();
    }
  }

  /** Carry out all further work inside `around`, which may take its time. */
  surround(around: AroundWork): void {
    this.#around = around;
  }

  #add<T>(attemptId: string | undefined, priority: number, work: (turn: Turn) => Promise<T>): Promise<Completed<T>> {
    const arrivedAtMs = performance.now();
    return new Promise((resolve, reject) => {
      this.#queued.push({
        attemptId,
        priority,
        run: (running) => this.#run(arrivedAtMs, running, work).then(resolve, reject),
        reject,
      });
      if (!this.#isDraining) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#isDraining = true;
    for (;;) {
      await yieldMacrotask();
      const next = this.#takeNext();
      if (next === undefined) break;
      if (this.#brokenBy === undefined) await this.#begin(next);
      else next.reject(this.#brokenBy);
    }
    this.#isDraining = false;
  }

  /** @returns once it has ended, or has handed over and all before it have ended. */
  async #begin(next: Queued): Promise<void> {
    const before = this.#ended;
    // What the worker holds is not changed while a GPU computes.
    if (next.priority === BEFORE_ALL) {
      await before;
      // What ran meanwhile may have broken the engine.
      if (this.#brokenBy !== undefined) return next.reject(this.#brokenBy);
    }
    let handOver!: () => void;
    const handedOver = new Promise<void>((resolve) => (handOver = resolve));
    const running: Running = { attemptId: next.attemptId, cancelling: new AbortController(), handOver, before };
    this.#running.add(running);
    this.#ended = next.run(running).then(() => void this.#running.delete(running));
    await Promise.race([this.#ended, handedOver.then(() => before)]);
  }

  /** Take the first of those with the highest priority. */
  #takeNext(): Queued | undefined {
    let best = 0;
    for (const [index, { priority }] of this.#queued.entries()) {
      if (priority > this.#queued[best]!.priority) best = index;
    }
    return this.#queued.splice(best, 1)[0];
  }

  async #run<T>(arrivedAtMs: number, running: Running, work: (turn: Turn) => Promise<T>): Promise<Completed<T>> {
    try {
      const value = await this.#carryOut(running, work);
      await running.before;
      const previousEndMs = this.#endedAtMs;
      this.#endedAtMs = performance.now();
      const timing = {
        idleMs: Math.max(0, arrivedAtMs - previousEndMs),
        ranMs: this.#endedAtMs - Math.max(arrivedAtMs, previousEndMs),
      };
      return { value, timing };
    } catch (thrown) {
      await running.before;
      this.#endedAtMs = performance.now();
      throw thrown;
    }
  }

  async #carryOut<T>(running: Running, work: (turn: Turn) => Promise<T>): Promise<T> {
    const turn: Turn = {
      checkpoint: () => checkpoint(running),
      signal: running.cancelling.signal,
      // What is done around work is done around one piece at a time.
      handOver: () => {
        if (this.#around === undefined) running.handOver();
      },
    };
    const compute = async (): Promise<T> => {
      const value = await work(turn);
      await running.before;
      if (this.#brokenBy !== undefined) throw this.#brokenBy;
      if (!this.#isIntact()) throw this.#break(deviceLost(), "device-lost");
      return value;
    };
    try {
      return await (this.#around === undefined ? compute() : this.#around(compute));
    } catch (thrown) {
      if (thrown instanceof EngineBroken) throw this.#break(thrown, thrown.notice);
      if (thrown instanceof WebAssembly.RuntimeError) throw this.#break(trapped(thrown), "trapped");
      // A read-back may reject before the loss of the device is reported.
      await yieldMacrotask();
      throw this.#isIntact() ? thrown : this.#break(deviceLost(thrown), "device-lost");
    }
  }

  #break(error: ShardError, notice: WorkerNotice["notice"]): ShardError {
    if (this.#brokenBy !== undefined) return error;
    this.#brokenBy = new ShardError(
      "worker-lost",
      `Expected a worker that still computes, but it failed: ${error.message}`,
      {
        cause: error,
      },
    );
    // After the answer has been posted: the notice ends the worker.
    void yieldMacrotask().then(() => this.#onBroken({ notice, message: error.message }));
    return error;
  }
}

async function checkpoint({ cancelling }: Running): Promise<void> {
  await yieldMacrotask();
  if (cancelling.signal.aborted) throw cancelled("while it ran");
}

/** WASM code of any engine that broke off in the middle leaves its memory in any state. */
function trapped(cause: WebAssembly.RuntimeError): EngineBroken {
  const message = `Expected the engine to finish its work, but it failed with a trap (${messageOf(cause)}): run these items on another backend.`;
  return new EngineBroken("trapped", message, { cause });
}

function cancelled(when: string): ShardError {
  return new ShardError("aborted", `The attempt was cancelled ${when}.`);
}

function deviceLost(cause?: unknown): ShardError {
  return new ShardError("worker-lost", "Expected the GPU to answer the shard, but its device was lost meanwhile.", {
    cause,
  });
}
