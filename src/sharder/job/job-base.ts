import type { ItemRange } from "../../core/dispatch/types.js";
import { ShardError } from "../../core/errors.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import type { WorkerPool } from "../../pool/worker-pool.js";
import type { ShardOutput } from "../../protocol/outputs.js";
import { callListener } from "../call-listener.js";
import type { AttemptDetail, Emit, JobProgress } from "../events.js";
import type { PreparedInputs } from "../inputs/prepare-inputs.js";
import { ItemStore } from "./item-store.js";
import { notSent } from "./job-errors.js";
import { nextJobId, type JobOptions, type ShardingJob } from "./sharding-job.js";

/** An attempt that has been sent and has not ended. */
export interface OpenAttempt {
  readonly workerId: string;
  readonly predictedMs: number | undefined;
}

/** What every job needs of its sharder. */
export interface JobContext {
  readonly pool: WorkerPool;
  readonly emit: Emit;
}

/** `finishing`: every item is computed, and the sink has not accepted all of them. */
type Phase = "running" | "finishing" | "finished" | "failed";

/**
 * What a job is however the model is split: it settles once, reports the end of every attempt once, and drops what comes after either.
 * What to attempt is the subclass's business, which asks a pure state machine.
 */
export abstract class JobBase<A extends OpenAttempt> implements ShardingJob {
  readonly id = nextJobId();
  readonly done: Promise<void>;

  protected readonly store = new ItemStore();
  protected readonly priority: number;
  /** The latest thing that went wrong: why the job ends, if it does. */
  protected lastError: ShardError | undefined;
  readonly #context: JobContext;
  readonly #options: JobOptions;
  readonly #taken = new WeakSet<PoolWorker>();
  readonly #open = new Map<number, { readonly attempt: A; readonly sentAtMs: number }>();
  #settle!: { resolve: () => void; reject: (error: unknown) => void };
  #phase: Phase = "running";
  /** Shards that the sink is still taking. */
  #acceptingCount = 0;

  protected constructor(context: JobContext, options: JobOptions) {
    this.#context = context;
    this.#options = options;
    this.priority = options.priority;
    this.done = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    // Whoever started the job awaits `done`; a job that ends before that is no unhandled rejection.
    this.done.catch(() => {});
  }

  abstract readonly wantsItems: boolean;
  abstract addItems(inputs: PreparedInputs, done?: readonly ItemRange[]): void;
  abstract endSource(): void;
  abstract workerDraining(workerId: string): void;
  abstract workerAway(workerId: string, error: ShardError): void;
  abstract workerGone(workerId: string, error: ShardError | undefined): void;
  abstract setPaused(isPaused: boolean): void;
  /** A worker that the job has not seen before. */
  protected abstract takeIn(worker: PoolWorker): void;
  /** Call back what is under way. */
  protected abstract cancelAll(): void;
  /** What the attempt was of, for the event of its end. */
  protected abstract describe(attempt: A): ItemRange & Pick<AttemptDetail, "stage">;
  /** Once, when nothing is left to compute. */
  protected abstract onEnd(): void;

  workerReady(worker: PoolWorker): void {
    if (this.isOver || this.#taken.has(worker)) return;
    this.#taken.add(worker);
    this.takeIn(worker);
  }

  /** Whatever comes from now on is dropped. */
  protected get isOver(): boolean {
    return this.#phase !== "running";
  }

  protected get hasFailed(): boolean {
    return this.#phase === "failed";
  }

  fail(error: unknown): void {
    if (this.#phase === "running") this.cancelAll();
    this.end(error);
  }

  /** Every item has been given to the sink. */
  protected finish(): void {
    if (this.#phase !== "running") return;
    this.#phase = "finishing";
    this.#close();
    this.#settleIfAccepted();
  }

  /** End with an error; what is under way is the caller's to call back. */
  protected end(error: unknown): void {
    if (this.#phase === "finished" || this.#phase === "failed") return;
    const wasRunning = this.#phase === "running";
    this.#phase = "failed";
    if (wasRunning) this.#close();
    this.#settle.reject(error);
  }

  #close(): void {
    this.#open.clear();
    this.onEnd();
  }

  #settleIfAccepted(): void {
    if (this.#phase !== "finishing" || this.#acceptingCount > 0) return;
    this.#phase = "finished";
    this.#settle.resolve();
  }

  protected open(attemptId: number, attempt: A): void {
    this.#open.set(attemptId, { attempt, sentAtMs: performance.now() });
  }

  protected isOpen(attemptId: number): boolean {
    return this.#open.has(attemptId);
  }

  /** Report an attempt's end, unless it has been reported. */
  protected close(attemptId: number, outcome: AttemptDetail["outcome"], serviceMs?: number): void {
    const found = this.#open.get(attemptId);
    if (found === undefined) return;
    this.#open.delete(attemptId);
    const { attempt, sentAtMs } = found;
    const { workerId, predictedMs } = attempt;
    const latencyMs = performance.now() - sentAtMs;
    const timing = { outcome, latencyMs, serviceMs, predictedMs };
    this.#context.emit("attempt", { jobId: this.id, attemptId, workerId, ...this.describe(attempt), ...timing });
  }

  protected cancel(attemptId: number, workerId: string): void {
    this.#context.pool.get(workerId)?.cancel([this.wireId(attemptId)]);
    this.close(attemptId, "cancelled");
  }

  /** @param error what the worker was lost to; `undefined` where it was stopped on purpose. */
  protected loseAttempts(workerId: string, error: ShardError | undefined): void {
    this.lastError = error ?? this.lastError;
    for (const [attemptId, { attempt }] of this.#open) if (attempt.workerId === workerId) this.close(attemptId, "lost");
  }

  /**
   * An attempt did not come back with a result. What ended with its worker is reported by the pool; what could not be sent ends the job.
   * @returns what failed on a worker that lives, closed.
   */
  protected closeFailed(attemptId: number, thrown: unknown): { attempt: A; error: ShardError } | undefined {
    const attempt = this.#open.get(attemptId)?.attempt;
    if (attempt === undefined) return undefined;
    if (!(thrown instanceof ShardError)) {
      this.fail(notSent(thrown));
      return undefined;
    }
    this.lastError = thrown;
    if (this.#context.pool.get(attempt.workerId)?.isUsable !== true) return undefined;
    this.close(attemptId, "failed");
    return { attempt, error: thrown };
  }

  protected emitFault(workerId: string, { code, message }: Pick<ShardError, "code" | "message">): void {
    this.#context.emit("fault", { workerId, code, message });
  }

  /**
   * Give finished items to the sink, and release their inputs once it has accepted them.
   * @returns false where taking the outputs or the sink threw: the job has failed with that.
   */
  protected deliver(range: ItemRange, workerId: string, take: () => Readonly<Record<string, ShardOutput>>): boolean {
    try {
      const accepted = this.#options.sink.accept({ ...range, workerId, outputs: take() });
      if (accepted === undefined) this.store.release(range);
      else void this.#whenAccepted(range, accepted);
      return true;
    } catch (thrown) {
      this.fail(thrown);
      return false;
    }
  }

  async #whenAccepted(range: ItemRange, accepted: Promise<void>): Promise<void> {
    this.#acceptingCount++;
    try {
      await accepted;
    } catch (thrown) {
      this.fail(thrown);
    }
    this.#acceptingCount--;
    this.store.release(range);
    this.#settleIfAccepted();
  }

  protected emitProgress(progress: JobProgress): void {
    this.#context.emit("progress", progress);
    callListener(this.#options.onProgress, progress);
  }

  /** A state machine's ids are unique within a job only. */
  protected wireId(attemptId: number): string {
    return `${this.id}/${attemptId}`;
  }
}
