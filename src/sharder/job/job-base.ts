import type { ItemRange } from "../../core/dispatch/types.js";
import type { ShardError } from "../../core/errors.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import type { WorkerPool } from "../../pool/worker-pool.js";
import type { ShardOutput } from "../../protocol/outputs.js";
import { callListener } from "../call-listener.js";
import type { AttemptDetail, Emit } from "../events.js";
import type { FaultReports } from "../fault-reports.js";
import type { PreparedInputs } from "../inputs/prepare-inputs.js";
import { JobChecks } from "../verify/job-checks.js";
import type { Verifier } from "../verify/verifier.js";
import type { ShardUnderWay } from "../worker-snapshot.js";
import { Delivery } from "./delivery.js";
import { EventQueue } from "./event-queue.js";
import { JobFaults } from "./job-faults.js";
import { JobItems } from "./job-items.js";
import { JobLife } from "./job-life.js";
import { OpenAttempts, type AttemptScope, type OpenAttempt } from "./open-attempts.js";
import { Outbox } from "./outbox.js";
import type { FinishedShard } from "./shard-sink.js";
import { nextJobId, progressOf, type JobOptions, type ShardingJob } from "./sharding-job.js";

/** What every job needs from its sharder. */
export interface JobContext {
  readonly pool: WorkerPool;
  readonly emit: Emit;
  readonly faults: FaultReports;
  readonly verifier: Verifier;
}

/**
 * What all jobs share, however the model is split: a job settles once, reports the end of every attempt once, and discards whatever
 * comes after either. The subclass decides what to attempt by asking a pure state machine.
 */
export abstract class JobBase<A extends OpenAttempt, E> implements ShardingJob {
  readonly id = nextJobId();

  protected readonly items = new JobItems({
    unitsAdded: (unitCount, done) => this.unitsAdded(unitCount, done),
    sourceEnded: () => this.sourceEnded(),
  });
  protected readonly priority: number;
  protected readonly attempts = new OpenAttempts<A>(this.id, (attempt) => this.describe(attempt));
  protected readonly faults: JobFaults;
  /** Results that wait until another worker's agree. */
  protected readonly checks: JobChecks;
  /** The latest error: the reason if the job has to end. */
  protected lastError: ShardError | undefined;
  readonly #context: JobContext;
  readonly #options: JobOptions;
  readonly #taken = new WeakSet<PoolWorker>();
  readonly #outbox = new Outbox();
  readonly #events: EventQueue<E>;
  readonly #delivery: Delivery;
  readonly #life = new JobLife();

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
    const isOver = (): boolean => this.#life.isOver;
    this.#events = new EventQueue<E>({
      isOver,
      step: (event) => this.step(event),
      applied: () => {
        this.#outbox.flush();
        this.checks.settle();
      },
    });
    this.faults = new JobFaults({
      faults: context.faults,
      items: this.items,
      outbox: this.#outbox,
      isOver,
      onItemFailed: options.onItemFailed,
    });
    this.#delivery = new Delivery({
      sink: options.sink,
      items: this.items,
      onRefused: (thrown) => this.fail(thrown),
      onSettled: () => this.#settleIfAccepted(),
    });
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
  protected abstract describe(attempt: A): AttemptScope;
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

  get done(): Promise<void> {
    return this.#life.done;
  }

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
    return this.#life.isOver;
  }

  protected get hasFailed(): boolean {
    return this.#life.hasFailed;
  }

  fail(error: unknown): void {
    if (!this.isOver) {
      for (const [attemptId, { workerId }] of this.attempts) this.cancel(attemptId, workerId);
    }
    this.end(error);
    this.#outbox.flush();
  }

  /** Something happened. Nothing is emitted before the state machine knows of it. */
  protected apply(event: E): void {
    this.#events.apply(event);
  }

  /** Every item has been given to the sink, or was given up. */
  protected finish(): void {
    if (this.isOver) return;
    const { givenUpCount } = this.faults;
    if (givenUpCount > 0 && (this.#options.onItemError !== "report" || givenUpCount === this.items.addedItemCount)) {
      this.end(this.faults.givenUpError());
      return;
    }
    this.#life.computed();
    this.#close();
    this.#settleIfAccepted();
  }

  /** End with an error. The caller has to cancel the attempts under way. */
  protected end(error: unknown): void {
    if (this.#life.fail(error) === "running") this.#close();
  }

  #close(): void {
    this.attempts.clear();
    this.checks.end();
    this.faults.end();
    this.onEnd();
  }

  #settleIfAccepted(): void {
    if (this.#delivery.isAccepted) this.#life.accepted();
  }

  /** Held units were computed wrongly. */
  #revoke(units: ItemRange): void {
    this.attempts.revoked(this.items.of(units));
    this.settleHeld("items-revoked", units);
  }

  /** Whether attempts are under way whose results may follow those that wait. */
  protected isBusyOn(workerId: string): boolean {
    return this.attempts.isAnyOn(workerId);
  }

  /** Report an attempt's end, unless it has been reported; emitted after the event that is applied next, or now. */
  protected close(attemptId: number, outcome: AttemptDetail["outcome"], serviceMs?: number): void {
    const detail = this.attempts.close(attemptId, outcome, serviceMs);
    if (detail !== undefined) this.#outbox.add(() => this.#context.emit("attempt", detail));
  }

  protected cancel(attemptId: number, workerId: string): void {
    this.#context.pool.get(workerId)?.cancel([this.wireId(attemptId)]);
    this.close(attemptId, "cancelled");
  }

  underWayOn(workerId: string): readonly ShardUnderWay[] {
    return this.attempts.underWayOn(workerId);
  }

  itemsOn(workerId: string): readonly ItemRange[] {
    return this.underWayOn(workerId).map(({ firstItem, itemCount }) => ({ firstItem, itemCount }));
  }

  /** A worker has ended, and with it what it was on. */
  protected loseAttempts(workerId: string): void {
    for (const [attemptId, attempt] of this.attempts) if (attempt.workerId === workerId) this.close(attemptId, "lost");
  }

  /** These units failed wherever they were tried: they count as done, and the sink learns why. */
  protected failItems(units: ItemRange, error: ShardError): void {
    const shard = this.faults.giveUp(units, error);
    try {
      this.#give(shard);
    } catch (thrown) {
      this.fail(thrown);
    }
  }

  #give(shard: FinishedShard): void {
    const { firstItem, itemCount } = shard;
    this.attempts.finished({ firstItem, itemCount });
    this.#delivery.give(shard);
  }

  /**
   * Give finished units to the sink, and release their inputs once it has accepted them.
   * @param onCopied as in `FinishedShard`.
   * @returns false if the job is over, as it is once taking the outputs or the sink has thrown.
   */
  protected deliver(
    units: ItemRange,
    workerId: string,
    take: () => Readonly<Record<string, ShardOutput>>,
    onCopied?: FinishedShard["onCopied"],
  ): boolean {
    // A listener may have ended it while its results were held: nobody has found them right, and a sink may keep what it gets.
    if (this.isOver) return false;
    try {
      for (const { range, outputs } of this.items.shardsOf(units, take())) {
        this.#give({ ...range, workerId, outputs, onCopied });
        this.faults.done(range);
      }
      this.checks.delivered(units);
      return true;
    } catch (thrown) {
      this.fail(thrown);
      return false;
    }
  }

  /** The workers can take more items than before: a stream should look at its source. */
  protected wantMore(): void {
    if (!this.isOver) this.#options.onWantsMore?.();
  }

  /** @param itemsPerSecond of all workers together. @param remainingMs predicted until all items known so far are done. */
  protected emitProgress(itemsPerSecond: number | undefined, remainingMs: number | undefined): void {
    const { completedItemCount, totalItemCount } = this.items;
    const progress = progressOf({ jobId: this.id, completedItemCount, totalItemCount, itemsPerSecond, remainingMs });
    this.#outbox.add(() => {
      this.#context.emit("progress", progress);
      callListener(this.#options.onProgress, progress);
    });
    if (!this.#events.isApplying) this.#outbox.flush();
  }

  /** The state machine's ids are only unique within a job; these are unique on the page. */
  protected wireId(attemptId: number): string {
    return `${this.id}/${attemptId}`;
  }
}
