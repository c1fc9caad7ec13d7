import type { ItemRange } from "../../core/dispatch/types.js";
import { ShardError } from "../../core/errors.js";
import { overlapItemCount } from "../../core/overlap.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import type { WorkerPool } from "../../pool/worker-pool.js";
import type { ShardOutput } from "../../protocol/outputs.js";
import { callListener } from "../call-listener.js";
import type { AttemptDetail, AttemptKind, Emit, JobProgress } from "../events.js";
import type { FaultReport, FaultReports } from "../fault-reports.js";
import type { PreparedInputs } from "../inputs/prepare-inputs.js";
import { JobChecks } from "../verify/job-checks.js";
import type { Verifier } from "../verify/verifier.js";
import type { ShardUnderWay } from "../worker-snapshot.js";
import { FailedItems } from "./failed-items.js";
import { notSent } from "./job-errors.js";
import { JobItems } from "./job-items.js";
import { Recoveries } from "./recoveries.js";
import type { FinishedShard } from "./shard-sink.js";
import { nextJobId, type JobOptions, type ShardingJob } from "./sharding-job.js";
import { TriedItems } from "./tried-items.js";

/** An attempt that has been sent and has not ended. */
export interface OpenAttempt {
  readonly workerId: string;
  readonly predictedMs: number | undefined;
}

/** What every job needs from its sharder. */
export interface JobContext {
  readonly pool: WorkerPool;
  readonly emit: Emit;
  readonly faults: FaultReports;
  readonly verifier: Verifier;
}

/** `finishing`: every item is computed, but the sink has not accepted all of them yet. */
type Phase = "running" | "finishing" | "finished" | "failed";

/**
 * What all jobs share, however the model is split: a job settles once, reports the end of every attempt once, and discards whatever
 * comes after either. The subclass decides what to attempt by asking a pure state machine.
 */
export abstract class JobBase<A extends OpenAttempt, E> implements ShardingJob {
  readonly id = nextJobId();
  readonly done: Promise<void>;

  protected readonly items = new JobItems({
    unitsAdded: (unitCount, done) => this.unitsAdded(unitCount, done),
    sourceEnded: () => this.sourceEnded(),
  });
  protected readonly priority: number;
  /** Results that wait until another worker's agree. */
  protected readonly checks: JobChecks;
  /** The latest error: the reason if the job has to end. */
  protected lastError: ShardError | undefined;
  readonly #context: JobContext;
  readonly #options: JobOptions;
  readonly #failed = new FailedItems();
  readonly #recoveries: Recoveries;
  readonly #taken = new WeakSet<PoolWorker>();
  readonly #open = new Map<number, { readonly attempt: A; readonly kind: AttemptKind; readonly sentAtMs: number }>();
  readonly #tried = new TriedItems();
  #settle!: { resolve: () => void; reject: (error: unknown) => void };
  #phase: Phase = "running";
  /** What happened and has not been applied yet. */
  readonly #events: E[] = [];
  #isApplying = false;
  /** What is to be emitted once the state machine knows of it. */
  readonly #outbox: (() => void)[] = [];
  /** Shards that the sink has not accepted yet. */
  #acceptingCount = 0;

  protected constructor(context: JobContext, options: JobOptions) {
    this.#context = context;
    this.#options = options;
    this.priority = options.priority;
    this.checks = new JobChecks(context.verifier, {
      id: this.id,
      isBusyOn: (workerId) => this.isBusyOn(workerId),
      itemsOf: (units) => this.items.of(units),
      revoke: (units) => this.#revoke(units),
    });
    this.#recoveries = new Recoveries(context.faults);
    this.done = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    // Whoever starts the job awaits `done`. A job that ends before that must not cause an unhandled rejection.
    this.done.catch(() => {});
  }

  abstract readonly wantsItems: boolean;
  abstract workerDraining(workerId: string): void;
  abstract workersExpected(isExpected: boolean): void;
  abstract workerAway(workerId: string, error: ShardError): void;
  abstract workerGone(workerId: string, error: ShardError | undefined): void;
  abstract setPaused(isPaused: boolean): void;
  /** Take in a worker that the job has not seen before. */
  protected abstract takeIn(worker: PoolWorker): void;
  /** Apply one event to the state machine, and carry out what it decides. */
  protected abstract step(event: E): void;
  /** Which items, and which stage, the attempt ran: for the event of its end. */
  protected abstract describe(attempt: A): ItemRange & Pick<AttemptDetail, "stage">;
  /** The first inputs have come: decide how the model takes them, and call `items.useMode`. */
  protected abstract onFirstInputs(inputs: PreparedInputs): void;
  /** More units are there to be run. @param done those of them that are finished already. */
  protected abstract unitsAdded(unitCount: number, done: readonly ItemRange[]): void;
  /** No more units will come. */
  protected abstract sourceEnded(): void;
  /** Called once, when nothing is left to compute. */
  protected abstract onEnd(): void;
  /** Held units are final, or have to be computed again. */
  protected abstract settleHeld(type: "items-released" | "items-revoked", range: ItemRange): void;

  workerReady(worker: PoolWorker): void {
    // A listener may have ended it since it was found ready: then its loss has been reported already.
    if (this.isOver || !worker.isReady || this.#taken.has(worker)) return;
    this.#taken.add(worker);
    this.takeIn(worker);
  }

  addItems(inputs: PreparedInputs, done: readonly ItemRange[] = []): void {
    // A source may still yield after the job was aborted.
    if (this.isOver) return;
    if (this.items.add(inputs, done)) this.onFirstInputs(inputs);
  }

  endSource(): void {
    this.items.endSource();
  }

  /** Whether the job discards whatever comes from now on. */
  protected get isOver(): boolean {
    return this.#phase !== "running";
  }

  protected get hasFailed(): boolean {
    return this.#phase === "failed";
  }

  fail(error: unknown): void {
    if (this.#phase === "running") {
      for (const [attemptId, { attempt }] of this.#open) this.cancel(attemptId, attempt.workerId);
    }
    this.end(error);
    this.#flush();
  }

  /**
   * Something happened. Events are applied one after another: what a listener does while one is carried out waits for its turn, and
   * nothing is emitted before the state machine knows of it.
   */
  protected apply(event: E): void {
    this.#events.push(event);
    if (this.#isApplying) return;
    this.#isApplying = true;
    try {
      while (this.#events.length > 0 && !this.isOver) this.step(this.#events.shift()!);
    } finally {
      this.#events.length = 0;
      this.#isApplying = false;
    }
    this.#flush();
    this.checks.settle();
  }

  #flush(): void {
    while (this.#outbox.length > 0) this.#outbox.shift()!();
  }

  /** Every item has been given to the sink, or was given up. */
  protected finish(): void {
    if (this.#phase !== "running") return;
    const { count } = this.#failed;
    if (count > 0 && (this.#options.onItemError !== "report" || count === this.items.addedItemCount)) {
      this.end(this.#failed.toError());
      return;
    }
    this.#phase = "finishing";
    this.#close();
    this.#settleIfAccepted();
  }

  /** End with an error. The caller has to cancel the attempts under way. */
  protected end(error: unknown): void {
    if (this.#phase === "finished" || this.#phase === "failed") return;
    const wasRunning = this.#phase === "running";
    this.#phase = "failed";
    if (wasRunning) this.#close();
    this.#settle.reject(error);
  }

  #close(): void {
    this.#open.clear();
    this.checks.end();
    this.#outbox.push(() => this.#recoveries.end());
    this.onEnd();
  }

  #settleIfAccepted(): void {
    if (this.#phase !== "finishing" || this.#acceptingCount > 0) return;
    this.#phase = "finished";
    this.#settle.resolve();
  }

  protected open(attemptId: number, attempt: A): void {
    this.#open.set(attemptId, { attempt, kind: this.#kindOf(attempt), sentAtMs: performance.now() });
  }

  #kindOf(attempt: A): AttemptKind {
    const { stage = 0, ...range } = this.describe(attempt);
    for (const { attempt: other } of this.#open.values()) {
      const { stage: otherStage = 0, ...otherRange } = this.describe(other);
      if (otherStage === stage && overlapItemCount(otherRange, range) > 0) return "backup";
    }
    return this.#tried.has(range, stage) ? "retry" : "first";
  }

  /** Held units were computed wrongly. */
  #revoke(units: ItemRange): void {
    this.#tried.add(this.items.of(units), Infinity);
    this.settleHeld("items-revoked", units);
  }

  /** Whether attempts are under way whose results may follow those that wait. */
  protected isBusyOn(workerId: string): boolean {
    for (const { attempt } of this.#open.values()) if (attempt.workerId === workerId) return true;
    return false;
  }

  protected isOpen(attemptId: number): boolean {
    return this.#open.has(attemptId);
  }

  /** Report an attempt's end, unless it has been reported; emitted after the event that is applied next, or now. */
  protected close(attemptId: number, outcome: AttemptDetail["outcome"], serviceMs?: number): void {
    const found = this.#open.get(attemptId);
    if (found === undefined) return;
    this.#open.delete(attemptId);
    const { attempt, kind, sentAtMs } = found;
    const { workerId, predictedMs } = attempt;
    const latencyMs = performance.now() - sentAtMs;
    const timing = { outcome, latencyMs, serviceMs, predictedMs };
    const described = this.describe(attempt);
    const { stage = 0, ...range } = described;
    if (outcome === "completed") this.#tried.delete(range, stage);
    else if (outcome !== "cancelled") this.#tried.add(range, stage);
    const detail = { jobId: this.id, attemptId, workerId, kind, ...described, ...timing };
    this.#outbox.push(() => this.#context.emit("attempt", detail));
  }

  protected cancel(attemptId: number, workerId: string): void {
    this.#context.pool.get(workerId)?.cancel([this.wireId(attemptId)]);
    this.close(attemptId, "cancelled");
  }

  underWayOn(workerId: string): readonly ShardUnderWay[] {
    return [...this.#open].flatMap(([attemptId, { attempt, sentAtMs }]) =>
      attempt.workerId === workerId ? { jobId: this.id, attemptId, ...this.describe(attempt), sentAtMs } : [],
    );
  }

  itemsOn(workerId: string): readonly ItemRange[] {
    return this.underWayOn(workerId).map(({ firstItem, itemCount }) => ({ firstItem, itemCount }));
  }

  /** A worker has ended, and with it what it was on. */
  protected loseAttempts(workerId: string): void {
    for (const [attemptId, { attempt }] of this.#open) if (attempt.workerId === workerId) this.close(attemptId, "lost");
  }

  /**
   * Close an attempt that failed. If its worker has ended, the pool reports that. If the attempt could not be sent, the job ends.
   * @returns the closed attempt and its error, if its worker is still usable.
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

  /** Report a fault once the state machine knows of it. @param onReported called with the fault's id. */
  protected reportFault(fault: FaultReport, onReported: (faultId: number) => void = () => {}): void {
    const noticedAtMs = performance.now();
    this.#outbox.push(() => onReported(this.#context.faults.report(fault, noticedAtMs)));
  }

  /**
   * Report a fault whose items are tried again; it is recovered from once they are done, which they are if the job has finished.
   * @param open those of its units that are not done yet.
   */
  protected reportRetried(
    fault: Omit<FaultReport, "action" | "items">,
    units: ItemRange,
    open: readonly ItemRange[] = [units],
  ): void {
    const leftCount = open.reduce((total, part) => total + this.items.of(part).itemCount, 0);
    const range = this.items.of(units);
    const report: FaultReport = { ...fault, action: "retried", items: [range] };
    this.reportFault(report, (faultId) => {
      if (this.isOver) this.#context.faults.recovered(faultId);
      else this.#recoveries.await(faultId, range, leftCount);
    });
    if (this.isOver) this.#flush();
  }

  /** These units failed wherever they were tried: they count as done, and the sink learns why. */
  protected failItems(units: ItemRange, error: ShardError): void {
    const range = this.items.of(units);
    const itemErrors = this.#failed.add(range, error);
    const { code, message, workerId } = error;
    this.reportFault({ cause: "poison", workerId, code, message, items: [range], action: "gave-up" });
    this.#outbox.push(() => {
      this.#recoveries.givenUp(range);
      for (const failure of itemErrors) callListener(this.#options.onItemFailed, failure);
    });
    try {
      this.#accept({ ...range, workerId: workerId ?? "", outputs: {}, itemErrors });
    } catch (thrown) {
      this.fail(thrown);
    }
  }

  /** The error of a job of which so much failed, and nothing succeeded, that the rest was not tried. */
  protected hopeless(): ShardError {
    return this.#failed.toError(" Nothing has succeeded, so the other items were not tried.");
  }

  #accept(shard: FinishedShard): void {
    const { firstItem, itemCount } = shard;
    this.items.completedItemCount += itemCount;
    this.#tried.delete({ firstItem, itemCount }, Infinity);
    const accepted = this.#options.sink.accept(shard);
    if (accepted === undefined) this.items.release({ firstItem, itemCount });
    else void this.#whenAccepted({ firstItem, itemCount }, accepted);
  }

  /**
   * Give finished units to the sink, and release their inputs once it has accepted them.
   * @returns false if the job is over, as it is once taking the outputs or the sink has thrown.
   */
  protected deliver(units: ItemRange, workerId: string, take: () => Readonly<Record<string, ShardOutput>>): boolean {
    // A listener may have ended it while its results were held: nobody has found them right, and a sink may keep what it gets.
    if (this.isOver) return false;
    try {
      for (const { range, outputs } of this.items.shardsOf(units, take())) {
        this.#accept({ ...range, workerId, outputs });
        this.#outbox.push(() => this.#recoveries.done(range));
      }
      this.checks.delivered(units);
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
    this.items.release(range);
    this.#settleIfAccepted();
  }

  /** The workers can take more items than before: a stream should look at its source. */
  protected wantMore(): void {
    if (!this.isOver) this.#options.onWantsMore?.();
  }

  protected emitProgress(progress: JobProgress): void {
    this.#outbox.push(() => {
      this.#context.emit("progress", progress);
      callListener(this.#options.onProgress, progress);
    });
    if (!this.#isApplying) this.#flush();
  }

  /** The state machine's ids are only unique within a job; these are unique on the page. */
  protected wireId(attemptId: number): string {
    return `${this.id}/${attemptId}`;
  }
}
