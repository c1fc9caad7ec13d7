import type {
  DispatchAction,
  DispatchEvent,
  DispatchOptions,
  ItemRange,
  PlannedShare,
} from "../../core/dispatch/types.js";
import { ShardError } from "../../core/errors.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import type { BatchMode, WireModel } from "../../protocol/model-on-wire.js";
import type { BatchModes, TryBatch } from "../inputs/batch-modes.js";
import { cannotSplitBatch, JobMode } from "../inputs/job-mode.js";
import type { PreparedInputs } from "../inputs/prepare-inputs.js";
import { JobBase, type JobContext } from "../job/job-base.js";
import { missedAgain, noWorkers } from "../job/job-errors.js";
import type { JobOptions } from "../job/sharding-job.js";
import type { ListedWorkers } from "../choice/listed-workers.js";
import type { ChoosingJob, WorkerChoice } from "../choice/worker-choice.js";
import { Dispatcher } from "./dispatcher.js";
import { JobStart } from "./job-start.js";
import type { KindRecords } from "./kind-records.js";
import type { LearnedThroughput } from "./learned-throughput.js";
import { PlanReports } from "./plan-reports.js";
import { ShardAttempts, type OpenShardAttempt } from "./shard-attempts.js";
import { ShardBytes } from "./shard-bytes.js";
import { UnitThroughput } from "./unit-throughput.js";
import { endOf } from "./worker-end.js";

export interface BatchJobContext extends JobContext {
  /** The whole model. */
  readonly wire: WireModel;
  readonly learned: LearnedThroughput;
  readonly records: KindRecords;
  readonly modes: BatchModes;
  readonly tryBatch: TryBatch;
  /** End a job whose items depend on each other, instead of running them in one call. */
  readonly refusesWhole: boolean;
  readonly dispatch: Partial<DispatchOptions>;
  /** Which workers are used; left out: all. */
  readonly choice?: WorkerChoice | undefined;
  /** Sees what workers bring that are used anyway. */
  readonly listed?: ListedWorkers | undefined;
  /** Called once it is decided how the model takes the items. */
  readonly onBegin: (inputs: PreparedInputs, mode: BatchMode) => void;
  /** Called with the plan for what remains after every re-plan. */
  readonly onPlan: (plan: readonly PlannedShare[]) => void;
}

/** How often the passing of time is looked at, at most, ms. */
const TICK_MS = 100;

/** Carries out the dispatcher's actions for one job on real workers. */
export class BatchJob extends JobBase<OpenShardAttempt, DispatchEvent> implements ChoosingJob {
  readonly #context: BatchJobContext;
  readonly #dispatcher: Dispatcher;
  readonly #mode: JobMode;
  readonly #throughput: UnitThroughput;
  readonly #shardAttempts: ShardAttempts;
  readonly #reports: PlanReports;
  readonly #start: JobStart;
  /** Ids of those that get shards of this job. */
  readonly #used = new Set<string>();
  #usesAll = false;
  /** Items that its workers have made. */
  #madeItemCount = 0;
  #hasTakenIn = false;
  #ticks: ReturnType<typeof setInterval> | undefined;
  #bytes: ShardBytes | undefined;

  constructor(context: BatchJobContext, options: JobOptions) {
    super(context, options);
    this.#context = context;
    this.#mode = new JobMode(context.modes, context.tryBatch);
    this.#dispatcher = new Dispatcher(context.dispatch);
    this.#throughput = new UnitThroughput(context.learned, context.records, this.items);
    const { items, priority } = this;
    const dispatcher = this.#dispatcher;
    this.#shardAttempts = new ShardAttempts({
      job: {
        apply: (event) => this.apply(event),
        close: (attemptId, outcome, serviceMs) => this.close(attemptId, outcome, serviceMs),
        deliver: (...shard) => this.deliver(...shard),
        released: (workerId) => {
          this.#report(workerId);
          this.wantMore();
        },
        fail: (error) => this.fail(error),
        noteError: (error) => {
          this.lastError = error;
          this.#useAll();
        },
        wireId: (attemptId) => this.wireId(attemptId),
        hasFinished: () => this.isOver && !this.hasFailed,
        ran: (workerId, outputs, unitCount) => {
          if (this.#bytes?.learn(outputs, unitCount)) this.#limitShards(this.#bytes);
          this.#report(workerId);
          this.#measure(workerId, unitCount);
        },
      },
      pool: context.pool,
      wire: context.wire,
      priority,
      dispatcher,
      items,
      open: this.attempts,
      checks: this.checks,
      faults: this.faults,
      mode: this.#mode,
      throughput: this.#throughput,
    });
    this.#reports = new PlanReports({
      jobId: this.id,
      dispatcher,
      items,
      emit: context.emit,
      emitProgress: (itemsPerSecond, remainingMs) => this.emitProgress(itemsPerSecond, remainingMs),
      onPlan: context.onPlan,
    });
    this.#start = new JobStart({
      pool: context.pool,
      mode: this.#mode,
      dispatcher,
      isOver: () => this.isOver,
      onBegin: (mode) => this.#begin(mode),
    });
  }

  /** The workers are taken in now: what is known about them depends on the shape of the items. */
  protected override onFirstInputs(inputs: PreparedInputs): void {
    this.#start.consider(inputs);
  }

  protected override unitsAdded(unitCount: number, done: readonly ItemRange[]): void {
    this.apply({ type: "items-added", itemCount: unitCount, done });
  }

  protected override sourceEnded(): void {
    this.apply({ type: "source-ended" });
  }

  #begin(mode: BatchMode): void {
    if (this.#mode.isFoundWhole && this.#context.refusesWhole) {
      this.fail(cannotSplitBatch(this.#context.modes.reason));
      return;
    }
    this.#bytes = new ShardBytes(this.items.first!, mode === "groups" ? this.items.first!.groupItemCount : 1);
    this.#limitShards(this.#bytes);
    this.items.useMode(mode);
    this.#context.onBegin(this.items.first!, mode);
    // Only the passing of time shows that an attempt is overdue, or that an idle worker should take over the shard queued behind it.
    const { quantumMs } = this.#dispatcher.options;
    this.#ticks = setInterval(() => this.#tick(), Math.min(quantumMs, TICK_MS));
    this.#context.choice?.began(this);
    this.#context.listed?.began(this);
    for (const worker of this.#context.pool.readyWorkers) this.workerReady(worker);
    if (!this.hasFailed) this.#reports.look();
    this.#failIfNobodyComes();
    this.wantMore();
  }

  #tick(): void {
    this.useChosen();
    this.apply({ type: "tick", elsewhere: this.#shardAttempts.elsewhere() });
    if (!this.isOver) this.#reports.timePassed();
  }

  #limitShards(bytes: ShardBytes): void {
    this.apply({ type: "shard-limit", itemCount: bytes.maxItemCount });
  }

  override workerReady(worker: PoolWorker): void {
    // Until it has begun the job can't use a worker; it then takes in all that are ready.
    if (this.#start.hasBegun) super.workerReady(worker);
    else this.#beginIfPossible();
  }

  protected override takeIn(worker: PoolWorker): void {
    this.#context.choice?.workersChanged();
    if (this.#isWanted(worker)) this.#use(worker);
  }

  #isWanted(worker: PoolWorker): boolean {
    const { choice } = this.#context;
    return choice === undefined || (this.#usesAll ? choice.isUsable(worker) : choice.isUsed(worker));
  }

  #use(taken: PoolWorker): void {
    const { id, kind, wantsPowersOfTwo } = taken;
    if (this.#used.has(id)) return;
    this.#used.add(id);
    this.#hasTakenIn = true;
    const throughput = this.#throughput.of(taken);
    const maxItemCount = this.#throughput.limitOf(id);
    const callItemCount = this.#throughput.callItemCountOf(taken);
    const worker = { workerId: id, kind, throughput, maxItemCount, callItemCount, bucketed: wantsPowersOfTwo };
    this.apply({ type: "worker-added", worker });
    this.wantMore();
  }

  useChosen(): void {
    const { choice, pool } = this.#context;
    if (choice === undefined || !this.#start.hasBegun || this.isOver) return;
    choice.workersChanged();
    const [wanted, others] = [true, false].map((is) => pool.readyWorkers.filter((each) => this.#isWanted(each) === is));
    // One that was benched a moment ago ends what it has first, unless the others are in trouble.
    for (const worker of wanted!) if (this.#usesAll || !this.isBusyOn(worker.id)) this.#use(worker);
    const isReplaced = wanted!.some(({ id }) => this.#used.has(id));
    for (const worker of others!) {
      if (this.#used.has(worker.id) && (isReplaced || !choice.mayWork(worker))) this.workerDraining(worker.id);
    }
  }

  /** Something is wrong with items or with workers: in this job, no worker is spared any more. */
  #useAll(): void {
    if (this.#usesAll) return;
    this.#usesAll = true;
    this.#context.choice?.needsAll(this);
    this.useChosen();
  }

  workersExpected(isExpected: boolean): void {
    this.apply({ type: "workers-expected", isExpected });
    if (!isExpected) this.#failIfNobodyComes();
  }

  workerDraining(workerId: string): void {
    this.#used.delete(workerId);
    this.apply({ type: "worker-draining", workerId });
  }

  workerAway(workerId: string, error: ShardError): void {
    this.#loseWorker("worker-away", workerId, error);
  }

  workerGone(workerId: string, error: ShardError | undefined): void {
    this.#loseWorker("worker-lost", workerId, error);
    this.#beginIfPossible();
    this.#failIfNobodyComes();
  }

  #loseWorker(type: "worker-away" | "worker-lost", workerId: string, error: ShardError | undefined): void {
    if (this.isOver) return;
    this.lastError = error ?? this.lastError;
    this.#used.delete(workerId);
    this.#context.choice?.workersChanged();
    this.#useAll();
    const attemptId = this.#shardAttempts.lost(workerId);
    const end = error && endOf(this.#context.pool.get(workerId), error, attemptId);
    if (end?.cause === "out-of-memory" && attemptId !== undefined)
      this.#shardAttempts.answers.tooLarge(workerId, attemptId);
    this.apply({ type, workerId, end });
    if (!this.hasFailed) this.#reports.look();
  }

  /** Once the dispatcher has had a worker, it checks this itself. */
  #failIfNobodyComes(): void {
    if (!this.#start.hasBegun || this.#hasTakenIn || this.isOver) return;
    if (!this.#context.pool.isAnyAway) this.fail(noWorkers(this.lastError));
  }

  setPaused(isPaused: boolean): void {
    this.apply({ type: isPaused ? "pause" : "resume" });
    this.#beginIfPossible();
  }

  #beginIfPossible(): void {
    if (!this.isOver && this.items.first !== undefined) this.#start.consider(this.items.first);
  }

  protected override describe(attempt: OpenShardAttempt): ItemRange {
    return this.items.of(attempt);
  }

  protected override onEnd(): void {
    clearInterval(this.#ticks);
    this.#context.listed?.ended(this);
    this.#context.choice?.ended(
      this,
      this.hasFailed || this.#usesAll ? undefined : this.#madeItemCount,
      this.#throughput,
    );
  }

  get wantsItems(): boolean {
    return (
      !this.isOver &&
      !this.checks.isFull &&
      !this.items.areUndecided &&
      (this.items.first === undefined || this.#dispatcher.wantsItems)
    );
  }

  protected override step(event: DispatchEvent): void {
    if (event.type === "worker-lost" || event.type === "worker-away") this.loseAttempts(event.workerId);
    for (const action of this.#dispatcher.step(event)) {
      // An action can call listeners, and one of them may have ended the job.
      if (!this.isOver) this.#carryOut(action);
    }
  }

  #carryOut(action: DispatchAction): void {
    switch (action.type) {
      case "dispatch":
        void this.#shardAttempts.run(action);
        break;
      case "cancel-attempt":
        this.cancel(action.attemptId, action.workerId);
        break;
      case "exclude-worker":
        this.#shardAttempts.answers.excluded(action.workerId);
        break;
      case "attempt-overdue":
        this.#shardAttempts.answers.overdue(action.workerId, action, this.#dispatcher.openRanges(action.attemptId));
        break;
      case "items-given-up":
        this.failItems(action, missedAgain(action.error ?? noWorkers(this.lastError)));
        break;
      case "finish":
        this.finish();
        break;
      case "fail":
        this.end(action.reason === "no-workers" ? noWorkers(this.lastError) : this.faults.hopeless());
        break;
    }
  }

  protected override settleHeld(type: "items-released" | "items-revoked", range: ItemRange): void {
    this.apply({ type, range });
  }

  #measure(workerId: string, unitCount: number): void {
    const itemCount = unitCount * this.items.perUnit;
    this.#madeItemCount += itemCount;
    const { choice, listed } = this.#context;
    const isBacklog = this.#dispatcher.undispatchedItemCount > 0;
    choice?.finished(workerId, itemCount, this.#throughput, isBacklog && !this.#usesAll);
    listed?.finished(workerId, itemCount, this.#throughput, isBacklog);
  }

  /** A worker has finished something. */
  #report(workerId: string): void {
    if (this.hasFailed) return;
    const throughput = this.#dispatcher.throughputOf(workerId);
    const worker = this.#context.pool.get(workerId);
    if (throughput !== undefined && worker !== undefined) this.#throughput.learn(worker, throughput);
    this.#reports.progress();
  }
}
