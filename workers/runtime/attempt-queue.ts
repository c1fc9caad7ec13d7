import { ShardError } from "../../src/core/errors.js";
import { toErrorRecord, type Reply } from "../../src/protocol/error-record.js";
import type { RunRequest, RunResult } from "../../src/protocol/worker-api.js";
import type { ShardRunner } from "./run-shard.js";

interface QueuedAttempt {
  readonly request: RunRequest;
  readonly arrivedAtMs: number;
  readonly answer: (reply: Reply<RunResult>) => void;
}

/**
 * The worker's attempts, one at a time and in order. Before each it yields a macrotask, so that a cancel
 * that was posted later overtakes attempts that are still queued.
 */
export class AttemptQueue {
  readonly #runner: ShardRunner;
  readonly #isIntact: () => boolean;
  readonly #queued: QueuedAttempt[] = [];
  #running: string | undefined;
  readonly #cancelled = new Set<string>();
  #completedAtMs = -Infinity;
  #slowdown = 1;

  /** @param isIntact whether the device is still there; a shard that ended on a lost one is not answered with numbers. */
  constructor(runner: ShardRunner, isIntact: () => boolean) {
    this.#runner = runner;
    this.#isIntact = isIntact;
  }

  enqueue(request: RunRequest): Promise<Reply<RunResult>> {
    return new Promise((answer) => {
      this.#queued.push({ request, arrivedAtMs: performance.now(), answer });
      if (this.#running === undefined) void this.#drain();
    });
  }

  cancel(attemptIds: readonly string[]): void {
    for (const attemptId of attemptIds) {
      const index = this.#queued.findIndex((queued) => queued.request.attemptId === attemptId);
      if (index >= 0) this.#queued.splice(index, 1)[0]!.answer(aborted());
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
      this.#running = next.request.attemptId;
      next.answer(await this.#run(next));
      this.#cancelled.delete(next.request.attemptId);
    }
    this.#running = undefined;
  }

  async #run({ request, arrivedAtMs }: QueuedAttempt): Promise<Reply<RunResult>> {
    const startedAtMs = performance.now();
    try {
      const isCancelled = (): boolean => this.#cancelled.has(request.attemptId);
      const outputs = await this.#runner.run(request, isCancelled, yieldMacrotask);
      if (!this.#isIntact()) throw deviceLost();
      const computeMs = performance.now() - startedAtMs;
      if (this.#slowdown > 1) await sleep(computeMs * (this.#slowdown - 1));
      const completedAtMs = performance.now();
      const sentAtMs = Math.min(arrivedAtMs, request.sentAtEpochMs - performance.timeOrigin);
      const serviceMs = completedAtMs - Math.max(this.#completedAtMs, sentAtMs);
      return { ok: true, value: { outputs, serviceMs } };
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
