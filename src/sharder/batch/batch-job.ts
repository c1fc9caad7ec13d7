import type {
  DispatchAction,
  DispatchEvent,
  DispatchOptions,
  ItemRange,
  PlannedShare,
} from "../../core/dispatch/types.js";
import * as dispatch from "../../core/dispatch/dispatch.js";
import { ShardError } from "../../core/errors.js";
import { SteadyClock } from "../../core/steady-clock.js";
import { predictMs } from "../../core/throughput/throughput.js";
import type { CallWatch } from "../../pool/call-table.js";
import type { FinishedRun, PoolWorker } from "../../pool/pool-worker.js";
import type { BatchMode, RunMode, WireModel } from "../../protocol/model-on-wire.js";
import { hasRows, type BatchModes, type TryBatch } from "../inputs/batch-modes.js";
import { cannotSplitBatch, JobMode } from "../inputs/job-mode.js";
import type { PreparedInputs } from "../inputs/prepare-inputs.js";
import { JobBase, type JobContext } from "../job/job-base.js";
import type { OpenAttempt } from "../job/open-attempts.js";
import { causeOf } from "../job/fault-cause.js";
import { noWorkers, notSent } from "../job/job-errors.js";
import type { JobOptions } from "../job/sharding-job.js";
import { sliceItems } from "../../protocol/outputs.js";
import { outputBytes, type CheckedResult } from "../verify/checked-result.js";
import type { LearnedThroughput } from "./learned-throughput.js";
import { ShardBytes } from "./shard-bytes.js";
import { ShareWatch } from "./share-watch.js";
import { endOf } from "./worker-end.js";

export interface BatchJobContext extends JobContext {
  /** The whole model. */
  readonly wire: WireModel;
  readonly learned: LearnedThroughput;
  readonly modes: BatchModes;
  readonly tryBatch: TryBatch;
  /** End a job whose items depend on each other, instead of running them in one call. */
  readonly refusesWhole: boolean;
  readonly dispatch: Partial<DispatchOptions>;
  /** Called with the plan for what remains after every re-plan. */
  readonly onPlan: (plan: readonly PlannedShare[]) => void;
}

interface ShardAttempt extends ItemRange, OpenAttempt {
  readonly attemptId: number;
  readonly mode: RunMode;
}

/** Units of an attempt that no other attempt had completed, and what it computed for them. */
interface ComputedPart {
  readonly units: ItemRange;
  readonly outputs: FinishedRun["outputs"];
}

/** The key under which every replica holds the model. */
export const WHOLE_MODEL = "whole";

/** How often the passing of time is looked at, at most, ms. */
const TICK_MS = 100;
/** While a worker is late, progress is reported so often though nothing is finished, ms. */
const PROGRESS_MS = 500;
/** What a tick counts at most, ms: a page that could not read answers says nothing about workers. */
const LONGEST_TICK_MS = 500;

/** Carries out the dispatcher's actions for one job on real workers. */
export class BatchJob extends JobBase<ShardAttempt, DispatchEvent> {
  readonly #context: BatchJobContext;
  readonly #shares: ShareWatch;
  #state: dispatch.DispatchState;
  readonly #mode: JobMode;
  #isDeciding = false;
  #hasBegun = false;
  #hasTakenIn = false;
  #ticks: ReturnType<typeof setInterval> | undefined;
  readonly #clock = new SteadyClock(performance.now(), LONGEST_TICK_MS);
  #bytes: ShardBytes | undefined;
  /** When progress was reported last, ms. */
  #progressMs = -Infinity;
  /** The attempt that each worker is on, if it is one of this job. */
  readonly #running = new Map<string, number>();

  constructor(context: BatchJobContext, options: JobOptions) {
    super(context, options);
    this.#context = context;
    this.#mode = new JobMode(context.modes, context.tryBatch);
    this.#shares = new ShareWatch(this.id, context.emit);
    this.#state = dispatch.createDispatch(context.dispatch);
  }

  /** The workers are taken in now: what is known about them depends on the shape of the items. */
  protected override onFirstInputs(inputs: PreparedInputs): void {
    this.#decideMode(inputs);
  }

  protected override unitsAdded(unitCount: number, done: readonly ItemRange[]): void {
    this.apply({ type: "items-added", itemCount: unitCount, done });
  }

  /** Decide how the model takes these items before the first is sent. A trial waits for the end of a pause. */
  #decideMode(inputs: PreparedInputs): void {
    const { pool } = this.#context;
    const known = this.#mode.decideAtOnce(inputs);
    if (known !== undefined) {
      this.#begin(known);
      // With everybody away, a trial would show nothing: it waits for the first to return.
    } else if (
      this.#state.phase === "running" &&
      !this.#isDeciding &&
      !(pool.readyWorkers.length === 0 && pool.isAnyAway)
    ) {
      this.#isDeciding = true;
      void this.#mode.decide(inputs).then((mode) => this.#begin(mode));
    }
  }

  protected override sourceEnded(): void {
    this.apply({ type: "source-ended" });
  }

  #begin(mode: BatchMode): void {
    if (this.isOver || this.#hasBegun) return;
    this.#hasBegun = true;
    if (this.#mode.isFoundWhole && this.#context.refusesWhole) {
      this.fail(cannotSplitBatch(this.#context.modes.reason));
      return;
    }
    this.#bytes = new ShardBytes(this.items.first!, mode === "groups" ? this.items.first!.groupItemCount : 1);
    this.#limitShards(this.#bytes);
    this.items.useMode(mode);
    // Only the passing of time shows that an attempt is overdue, or that an idle worker should take over the shard queued behind it.
    const { quantumMs } = this.#state.options;
    this.#ticks = setInterval(() => this.#tick(), Math.min(quantumMs, TICK_MS));
    for (const worker of this.#context.pool.readyWorkers) this.workerReady(worker);
    this.#lookAtPlan();
    this.#failIfNobodyComes();
    this.wantMore();
  }

  #tick(): void {
    this.apply({ type: "tick", elsewhere: this.#elsewhere() });
    const nowMs = performance.now();
    // Nothing else would say that the job will take longer than predicted.
    const isDue = nowMs - this.#progressMs >= PROGRESS_MS && this.#state.phase === "running";
    if (isDue && !this.isOver && dispatch.isAnyLate(this.#state, this.#clock.read(nowMs))) this.#reportProgress();
  }

  #limitShards(bytes: ShardBytes): void {
    this.apply({ type: "shard-limit", itemCount: bytes.maxItemCount });
  }

  /** Workers that are busy with something other than this job's attempts. */
  #elsewhere(): string[] {
    const busy = this.#context.pool.readyWorkers.filter(({ state }) => state === "busy");
    return busy.flatMap(({ id }) => (this.#running.has(id) ? [] : id));
  }

  override workerReady(worker: PoolWorker): void {
    // Until it has begun the job can't use a worker; it then takes in all that are ready.
    if (this.#hasBegun) super.workerReady(worker);
    else this.#decideUnlessBegun();
  }

  protected override takeIn({ id, kind, wantsPowersOfTwo }: PoolWorker): void {
    this.#hasTakenIn = true;
    const { learned } = this.#context;
    const throughput = learned.get(id, this.#unitClass);
    const maxItemCount = learned.itemLimit(id, this.#unitClass);
    const worker = { workerId: id, kind, throughput, maxItemCount, bucketed: wantsPowersOfTwo };
    this.apply({ type: "worker-added", worker });
    this.wantMore();
  }

  /** Throughput is learned for units of one kind. A whole batch is one with its number of items. */
  get #unitClass(): string {
    const { shapeClass } = this.items.first!;
    return this.items.areUnits ? shapeClass : `${shapeClass} × ${this.items.perUnit}`;
  }

  workersExpected(isExpected: boolean): void {
    this.apply({ type: "workers-expected", isExpected });
    if (!isExpected) this.#failIfNobodyComes();
  }

  workerDraining(workerId: string): void {
    this.apply({ type: "worker-draining", workerId });
  }

  workerAway(workerId: string, error: ShardError): void {
    this.#loseWorker("worker-away", workerId, error);
  }

  workerGone(workerId: string, error: ShardError | undefined): void {
    this.#loseWorker("worker-lost", workerId, error);
    this.#decideUnlessBegun();
    this.#failIfNobodyComes();
  }

  #loseWorker(type: "worker-away" | "worker-lost", workerId: string, error: ShardError | undefined): void {
    if (this.isOver) return;
    this.lastError = error ?? this.lastError;
    const attemptId = this.#running.get(workerId);
    this.#running.delete(workerId);
    const end = error && endOf(this.#context.pool.get(workerId), error, attemptId);
    if (end?.cause === "out-of-memory" && attemptId !== undefined) this.#limitItems(workerId, attemptId);
    this.apply({ type, workerId, end });
    this.#lookAtPlan();
  }

  /** Once the dispatcher has had a worker, it checks this itself. */
  #failIfNobodyComes(): void {
    if (!this.#hasBegun || this.#hasTakenIn || this.isOver) return;
    if (!this.#context.pool.isAnyAway) this.fail(noWorkers(this.lastError));
  }

  setPaused(isPaused: boolean): void {
    this.apply({ type: isPaused ? "pause" : "resume" });
    this.#decideUnlessBegun();
  }

  #decideUnlessBegun(): void {
    if (!this.#hasBegun && !this.isOver && this.items.first !== undefined) this.#decideMode(this.items.first);
  }

  protected override describe(attempt: ShardAttempt): ItemRange {
    return this.items.of(attempt);
  }

  protected override onEnd(): void {
    clearInterval(this.#ticks);
  }

  get wantsItems(): boolean {
    return (
      !this.isOver &&
      !this.checks.isFull &&
      !this.items.areUndecided &&
      (this.items.first === undefined || dispatch.wantsItems(this.#state))
    );
  }

  /** The plan for what remains. It is passed on while anything is left to plan. */
  #lookAtPlan(): PlannedShare[] {
    if (this.hasFailed) return [];
    const perUnit = this.items.perUnit;
    const plan = dispatch
      .plannedShares(this.#state, this.#clock.read(performance.now()))
      .map((share) => ({ ...share, itemsPerSecond: share.itemsPerSecond && perUnit * share.itemsPerSecond }));
    if (!this.items.hasSourceEnded || dispatch.undispatchedItemCount(this.#state) > 0) {
      this.#context.onPlan(plan);
      this.#shares.look(plan);
    }
    return plan;
  }

  protected override step(event: DispatchEvent): void {
    if (event.type === "worker-lost" || event.type === "worker-away") this.loseAttempts(event.workerId);
    const { state, actions } = dispatch.step(this.#state, event, this.#clock.read(performance.now()));
    this.#state = state;
    for (const action of actions) {
      // An action can call listeners, and one of them may have ended the job.
      if (!this.isOver) this.#carryOut(action);
    }
  }

  #carryOut(action: DispatchAction): void {
    switch (action.type) {
      case "dispatch":
        void this.#attempt(action);
        break;
      case "cancel-attempt":
        this.cancel(action.attemptId, action.workerId);
        break;
      case "exclude-worker":
        this.faults.report({
          cause: "threw",
          workerId: action.workerId,
          action: "excluded",
          code: "model-failed",
          message: `Worker "${action.workerId}" failed three shards in a row: it gets no more shards of this job.`,
        });
        break;
      case "attempt-overdue":
        this.#reportOverdue(action.workerId, action, dispatch.openRanges(this.#state, action.attemptId));
        break;
      case "items-given-up":
        this.failItems(action, whyGivenUp(action.error ?? noWorkers(this.lastError)));
        break;
      case "finish":
        this.finish();
        break;
      case "fail":
        this.end(action.reason === "no-workers" ? noWorkers(this.lastError) : this.faults.hopeless());
        break;
    }
  }

  #reportOverdue(workerId: string, units: ItemRange, open?: readonly ItemRange[]): void {
    const message =
      `Expected worker "${workerId}" to answer a shard within 3 times its usual time and a second, received no answer yet: ` +
      `its items are run on another worker, too, and it is ended if it does not answer in time.`;
    this.faults.reportRetried({ cause: "overdue", workerId, code: "worker-timeout", message }, units, open);
  }

  async #attempt(action: DispatchAction & { type: "dispatch" }): Promise<void> {
    const { attemptId, workerId, firstItem, itemCount, predictedMs, deadlineMs } = action;
    const range: ItemRange = { firstItem, itemCount };
    const mode = this.#mode.of(workerId);
    this.attempts.open(attemptId, { ...range, attemptId, mode, workerId, predictedMs });
    let result: FinishedRun;
    let worker: PoolWorker;
    try {
      const request = {
        attemptId: this.wireId(attemptId),
        modelKey: WHOLE_MODEL,
        priority: this.priority,
        itemCount,
        mode,
        inputs: this.items.cut(range),
        forwardedNames: [],
      };
      // Batches of one job may differ in size, so that one says little about how long the next takes.
      const leastMs = this.items.areUnits ? 0 : this.#state.options.warmUpDeadlineMs;
      const deadline = (): number =>
        Math.max(leastMs, dispatch.attemptDeadlineMs(this.#state, attemptId) ?? deadlineMs);
      worker = this.#context.pool.requireWorker(workerId);
      result = await worker.run(request, deadline, this.#watch(attemptId, workerId, range));
    } catch (thrown) {
      this.#hasEnded(workerId, attemptId);
      this.#attemptFailed(attemptId, thrown);
      return;
    }
    this.#hasEnded(workerId, attemptId);
    const { outputs, serviceMs } = result;
    if (!this.attempts.isOpen(attemptId)) {
      // Others were first, but how long it took is worth knowing.
      this.apply({ type: "attempt-completed", attemptId, serviceMs });
      return;
    }
    if (mode === "batched" && !Object.values(outputs).every((output) => hasRows(output, itemCount))) {
      this.#refuseBatches(attemptId);
      return;
    }
    const parts = dispatch.openRanges(this.#state, attemptId).map((units, index) => ({
      id: `${attemptId}/${index}`,
      units,
      outputs: outputsOf(outputs, range, units),
    }));
    for (const { id, ...part } of parts) this.checks.computed(id, part.units, this.#checkable(worker, mode, part));
    const isHeld = parts.some(({ id }) => this.checks.isHeld(id));
    for (const part of isHeld ? [] : parts) {
      if (!this.deliver(part.units, workerId, () => part.outputs)) return;
    }
    this.close(attemptId, "completed", serviceMs);
    this.apply({ type: "attempt-completed", attemptId, serviceMs, isHeld });
    for (const part of isHeld ? parts : []) this.checks.hold(part.id, () => this.#release(part, workerId));
    if (this.#bytes?.learn(outputs, itemCount)) this.#limitShards(this.#bytes);
    if (!this.hasFailed) this.#report(workerId);
  }

  /** Notes when the worker turns to an attempt. While the job runs it looks for overdue ones itself; after its end, this does. */
  #watch(attemptId: number, workerId: string, units: ItemRange): CallWatch {
    return {
      overdueMs: () => (this.isOver && !this.hasFailed ? dispatch.overdueLimitMs(this.#state, attemptId) : Infinity),
      onOverdue: () => this.#reportOverdue(workerId, units),
      onTurn: () => void this.#running.set(workerId, attemptId),
    };
  }

  /** The worker has turned to something else. */
  #hasEnded(workerId: string, attemptId: number): void {
    if (this.#running.get(workerId) === attemptId) this.#running.delete(workerId);
  }

  /** Held outputs are final. */
  #release({ units, outputs }: ComputedPart, workerId: string): void {
    if (!this.deliver(units, workerId, () => outputs)) return;
    this.settleHeld("items-released", units);
    if (!this.hasFailed) this.#report(workerId);
    this.wantMore();
  }

  protected override settleHeld(type: "items-released" | "items-revoked", range: ItemRange): void {
    this.apply({ type, range });
  }

  /** What another worker needs to compute a shard, or what is open of it, again. */
  #checkable(worker: PoolWorker, mode: RunMode, { units, outputs }: ComputedPart): CheckedResult {
    return {
      worker,
      model: { key: WHOLE_MODEL, weightBytes: () => 0, wire: () => this.#context.wire },
      shapeClass: this.#unitClass,
      mode,
      priority: this.priority,
      itemCount: units.itemCount,
      hasRows: true,
      outputs,
      isFinal: () => true,
      byteCount: outputBytes(outputs),
      predictMs: ({ id }, unitCount) => {
        const throughput = dispatch.workerThroughput(this.#state, id);
        return throughput && predictMs(throughput, unitCount);
      },
      inputsOf: ({ firstItem, itemCount }) => this.items.cut({ firstItem: units.firstItem + firstItem, itemCount }),
    };
  }

  #refuseBatches(attemptId: number): void {
    const error = this.#mode.refuseBatches();
    this.#reject(attemptId);
    if (error !== undefined) this.fail(error);
  }

  #attemptFailed(attemptId: number, thrown: unknown): void {
    // Nobody waits for it any more.
    if (!this.attempts.isOpen(attemptId)) this.apply({ type: "attempt-ended", attemptId });
    const failed = this.#closeFailed(attemptId, thrown);
    if (failed === undefined) return;
    const { attempt, error } = failed;
    const { mode, itemCount, workerId } = attempt;
    const isTooLarge = error.code === "out-of-memory";
    // Some models declare a batch axis but reshape to a fixed batch inside.
    if (mode === "batched" && itemCount > 1 && !isTooLarge) {
      this.#mode.doubtBatches(workerId);
      this.#reject(attemptId);
      return;
    }
    const { code, message } = error;
    if (!this.#isSuspect(attemptId))
      this.faults.reportRetried({ cause: causeOf(error), workerId, code, message }, attempt);
    if (isTooLarge) this.#limitItems(workerId, attemptId);
    this.apply({ type: "attempt-failed", attemptId, isTooLarge, error });
  }

  /**
   * Close an attempt that failed. If its worker has ended, the pool reports that. If the attempt could not be sent, the job ends.
   * @returns the closed attempt and its error, if its worker is still usable.
   */
  #closeFailed(attemptId: number, thrown: unknown): { attempt: ShardAttempt; error: ShardError } | undefined {
    const attempt = this.attempts.get(attemptId);
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

  /** Whether it was to be expected that the attempt fails, since it is a part of items that have. */
  #isSuspect(attemptId: number): boolean {
    return dispatch.wasTried(this.#state, attemptId);
  }

  /** The worker, and each later incarnation of it, gets smaller shards of such items. */
  #limitItems(workerId: string, attemptId: number): void {
    const itemCount = dispatch.attemptItemCount(this.#state, attemptId);
    if (itemCount !== undefined) {
      this.#context.learned.limitItems(workerId, this.#unitClass, Math.floor(itemCount / 2));
    }
  }

  /** Send the items again, in the mode that now holds. */
  #reject(attemptId: number): void {
    this.close(attemptId, "failed");
    this.apply({ type: "attempt-rejected", attemptId });
  }

  #report(workerId: string): void {
    const throughput = dispatch.workerThroughput(this.#state, workerId);
    if (throughput !== undefined) {
      this.#context.learned.set(workerId, this.#unitClass, throughput, this.items.perUnit);
    }
    this.#reportProgress();
  }

  #reportProgress(): void {
    const nowMs = performance.now();
    this.#progressMs = nowMs;
    const plan = this.#lookAtPlan();
    const rates = plan.flatMap(({ itemsPerSecond }) => itemsPerSecond ?? []);
    const itemsPerSecond = rates.length === 0 ? undefined : rates.reduce((sum, rate) => sum + rate, 0);
    this.emitProgress(itemsPerSecond, dispatch.remainingMs(this.#state, this.#clock.read(nowMs)));
  }
}

/** A missed deadline is the item's only if no option allows it more time. */
function whyGivenUp(error: ShardError): ShardError {
  if (error.code !== "worker-timeout") return error;
  return new ShardError(
    error.code,
    `${error.message} Another worker has missed its deadline with these items, too: raise firstRunDeadlineMs if one of them takes that long.`,
    { workerId: error.workerId, cause: error },
  );
}

/** Those outputs of a shard's items that are still wanted. */
function outputsOf(outputs: FinishedRun["outputs"], shard: ItemRange, wanted: ItemRange): FinishedRun["outputs"] {
  if (wanted.itemCount === shard.itemCount) return outputs;
  const first = wanted.firstItem - shard.firstItem;
  return Object.fromEntries(
    Object.entries(outputs).map(([name, output]) => [name, sliceItems(output, first, wanted.itemCount)]),
  );
}
