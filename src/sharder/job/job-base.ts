import type { ItemRange } from "../../core/dispatch/types.js";
import { ShardError } from "../../core/errors.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import type { WorkerPool } from "../../pool/worker-pool.js";
import type { ShardOutput } from "../../protocol/outputs.js";
import { callListener } from "../call-listener.js";
import type { AttemptDetail, Emit, JobProgress } from "../events.js";
import { ItemStore } from "./item-store.js";
import { notSent } from "./job-errors.js";
import type { PreparedInputs } from "../inputs/prepare-inputs.js";
import { nextJobId, type JobShard, type ShardingJob } from "./sharding-job.js";

/** An attempt that has been sent and has not ended. */
export interface OpenAttempt {
  readonly workerId: string;
  readonly predictedMs: number | undefined;
}

/**
 * What a job is however the model is split: it settles once, tells of the end of every attempt once, and drops what comes after either.
 * What to attempt is the subclass's business, which asks a pure state machine.
 */
export abstract class JobBase<A extends OpenAttempt> implements ShardingJob {
  readonly id = nextJobId();
  readonly done: Promise<void>;
  onShard: ((shard: JobShard) => void) | undefined;
  onProgress: ((progress: JobProgress) => void) | undefined;

  protected readonly store = new ItemStore();
  /** The latest thing that went wrong: why the job ends, if it does. */
  protected lastError: ShardError | undefined;
  readonly #pool: WorkerPool;
  readonly #emit: Emit;
  readonly #open = new Map<number, { readonly attempt: A; readonly sentAtMs: number }>();
  #settle!: { resolve: () => void; reject: (error: unknown) => void };
  #outcome: "finished" | "failed" | undefined;

  protected constructor({ pool, emit }: { readonly pool: WorkerPool; readonly emit: Emit }) {
    this.#pool = pool;
    this.#emit = emit;
    this.done = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    // Whoever started the job awaits `done`; a job that ends before that is no unhandled rejection.
    this.done.catch(() => {});
  }

  abstract readonly wantsItems: boolean;
  abstract addItems(inputs: PreparedInputs): void;
  abstract endSource(): void;
  abstract addWorker(worker: PoolWorker): void;
  abstract drainWorker(workerId: string): void;
  abstract loseWorker(workerId: string, error: ShardError | undefined): void;
  abstract setPaused(isPaused: boolean): void;
  /** Call back what is under way. */
  protected abstract cancelAll(): void;
  /** What the attempt was of, for the event of its end. */
  protected abstract describe(attempt: A): ItemRange & Pick<AttemptDetail, "stage">;
  /** Once, when the job ends. */
  protected abstract onEnd(): void;

  /** Whatever comes from now on is dropped. */
  protected get isOver(): boolean {
    return this.#outcome !== undefined;
  }

  protected get hasFailed(): boolean {
    return this.#outcome === "failed";
  }

  fail(error: unknown): void {
    if (this.isOver) return;
    this.cancelAll();
    this.end(error);
  }

  /** @param error `undefined` where all has been gathered. */
  protected end(error: unknown): void {
    if (this.isOver) return;
    this.#outcome = error === undefined ? "finished" : "failed";
    this.#open.clear();
    this.onEnd();
    if (error === undefined) this.#settle.resolve();
    else this.#settle.reject(error);
  }

  protected open(attemptId: number, attempt: A): void {
    this.#open.set(attemptId, { attempt, sentAtMs: performance.now() });
  }

  protected isOpen(attemptId: number): boolean {
    return this.#open.has(attemptId);
  }

  /** Tell of an attempt's end, unless it has been told. */
  protected close(attemptId: number, outcome: AttemptDetail["outcome"], serviceMs?: number): void {
    const found = this.#open.get(attemptId);
    if (found === undefined) return;
    this.#open.delete(attemptId);
    const { attempt, sentAtMs } = found;
    const { workerId, predictedMs } = attempt;
    const latencyMs = performance.now() - sentAtMs;
    const timing = { outcome, latencyMs, serviceMs, predictedMs };
    this.#emit("attempt", { jobId: this.id, attemptId, workerId, ...this.describe(attempt), ...timing });
  }

  protected cancel(attemptId: number, workerId: string): void {
    this.#pool.get(workerId)?.cancel([this.wireId(attemptId)]);
    this.close(attemptId, "cancelled");
  }

  /** @param error what the worker was lost to; `undefined` where it was stopped on purpose. */
  protected loseAttempts(workerId: string, error: ShardError | undefined): void {
    this.lastError = error ?? this.lastError;
    for (const [attemptId, { attempt }] of this.#open) if (attempt.workerId === workerId) this.close(attemptId, "lost");
  }

  /**
   * An attempt did not come back with a result. What ended with its worker is told by `loseWorker`; what could not be sent ends the job.
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
    const worker = this.#pool.get(attempt.workerId);
    if (worker === undefined || worker.state === "dead") return undefined;
    this.close(attemptId, "failed");
    return { attempt, error: thrown };
  }

  protected tellFault(workerId: string, { code, message }: Pick<ShardError, "code" | "message">): void {
    this.#emit("fault", { workerId, code, message });
  }

  /** @returns false where taking the outputs or gathering them threw: the job has failed with that. */
  protected deliver(range: ItemRange, workerId: string, take: () => Readonly<Record<string, ShardOutput>>): boolean {
    try {
      const outputs = take();
      this.store.release(range);
      this.onShard?.({ ...range, workerId, outputs });
      return true;
    } catch (thrown) {
      this.fail(thrown);
      return false;
    }
  }

  protected tellProgress(progress: JobProgress): void {
    this.#emit("progress", progress);
    callListener(this.onProgress, progress);
  }

  /** A state machine's ids are unique within a job only. */
  protected wireId(attemptId: number): string {
    return `${this.id}/${attemptId}`;
  }
}
