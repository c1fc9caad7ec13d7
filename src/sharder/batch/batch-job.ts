import type {
  DispatchAction,
  DispatchEvent,
  DispatchOptions,
  ItemRange,
  PlannedShare,
} from "../../core/dispatch/types.js";
import * as dispatch from "../../core/dispatch/dispatch.js";
import type { ShardError } from "../../core/errors.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import type { WorkerPool } from "../../pool/worker-pool.js";
import type { RunResult } from "../../protocol/worker-api.js";
import type { Emit } from "../events.js";
import { JobBase, type OpenAttempt } from "../job/job-base.js";
import { itemsFailed, noWorkers } from "../job/job-errors.js";
import type { LearnedThroughput } from "./learned-throughput.js";
import type { PreparedInputs } from "../inputs/prepare-inputs.js";
import { progressOf } from "../job/sharding-job.js";
import { ShareWatch } from "./share-watch.js";

export interface JobContext {
  readonly pool: WorkerPool;
  readonly learned: LearnedThroughput;
  readonly emit: Emit;
  readonly options: Partial<DispatchOptions>;
  /** Told the plan for what remains, whenever it is made anew. */
  readonly onPlan: (plan: readonly PlannedShare[]) => void;
}

interface ShardAttempt extends ItemRange, OpenAttempt {}

/** Under which every replica holds the model. */
export const WHOLE_MODEL = "whole";

/** Carries out the dispatcher's actions for one job on real workers. */
export class Job extends JobBase<ShardAttempt> {
  readonly #context: JobContext;
  readonly #shares: ShareWatch;
  #state: dispatch.DispatchState;
  #inputs: PreparedInputs | undefined;
  #knownItemCount = 0;
  #isSourceEnded = false;
  #ticks: ReturnType<typeof setInterval> | undefined;

  constructor(context: JobContext) {
    super(context);
    this.#context = context;
    this.#shares = new ShareWatch(this.id, context.emit);
    this.#state = dispatch.createDispatch(context.options);
  }

  /**
   * More items. The first call brings the workers in: what is known of them depends on the items' shape.
   * @throws ShardError "invalid-input" where the items differ in shape from those before.
   */
  addItems(inputs: PreparedInputs): void {
    // A source may still yield after the job was aborted.
    if (this.isOver) return;
    this.store.add(inputs);
    this.#knownItemCount += inputs.itemCount;
    const isFirst = this.#inputs === undefined;
    this.#inputs ??= inputs;
    this.#apply({ type: "items-added", itemCount: inputs.itemCount });
    if (!isFirst) return;
    // Time alone shows that an attempt is overdue, and an idle worker that it should take over what waits behind it.
    this.#ticks = setInterval(() => this.#apply({ type: "tick" }), this.#context.options.quantumMs);
    for (const worker of this.#context.pool.workers) {
      // One that has just started may not hold the model yet.
      if ((worker.state === "ready" || worker.state === "busy") && worker.holds(WHOLE_MODEL)) this.addWorker(worker);
    }
    this.#lookAtPlan();
    const hasWorkers = this.#context.pool.workers.some(({ state }) => state === "ready" || state === "busy");
    if (!hasWorkers) this.fail(noWorkers(this.lastError));
  }

  endSource(): void {
    this.#isSourceEnded = true;
    this.#apply({ type: "source-ended" });
  }

  addWorker({ id, spec }: PoolWorker): void {
    if (this.#inputs === undefined) return;
    const throughput = this.#context.learned.get(id, this.#inputs.shapeClass);
    const bucketed = spec.backend === "webgpu" || spec.backend === "webgl";
    this.#apply({ type: "worker-added", worker: { workerId: id, throughput, bucketed } });
  }

  drainWorker(workerId: string): void {
    this.#apply({ type: "worker-draining", workerId });
  }

  /** @param error what it was lost to; `undefined` where it was stopped on purpose. */
  loseWorker(workerId: string, error: ShardError | undefined): void {
    const isOurs = dispatch.workerThroughput(this.#state, workerId) !== undefined;
    if (!isOurs || this.isOver) return;
    this.loseAttempts(workerId, error);
    this.#apply({ type: "worker-lost", workerId });
    this.#lookAtPlan();
  }

  setPaused(isPaused: boolean): void {
    this.#apply({ type: isPaused ? "pause" : "resume" });
  }

  protected override cancelAll(): void {
    this.#apply({ type: "cancel" });
  }

  protected override describe({ firstItem, itemCount }: ShardAttempt): ItemRange {
    return { firstItem, itemCount };
  }

  protected override onEnd(): void {
    clearInterval(this.#ticks);
  }

  /** Whether a stream should pull from its source. */
  get wantsItems(): boolean {
    return !this.isOver && (this.#inputs === undefined || dispatch.wantsItems(this.#state));
  }

  /** The plan of what remains; told to others while anything is left to plan. */
  #lookAtPlan(): PlannedShare[] {
    if (this.hasFailed) return [];
    const plan = dispatch.plannedShares(this.#state, performance.now());
    if (!this.#isSourceEnded || dispatch.undispatchedItemCount(this.#state) > 0) {
      this.#context.onPlan(plan);
      this.#shares.look(plan);
    }
    return plan;
  }

  #apply(event: DispatchEvent): void {
    if (this.isOver) return;
    const { state, actions } = dispatch.step(this.#state, event, performance.now());
    this.#state = state;
    for (const action of actions) {
      // Carrying one out tells listeners, and one of them may have ended the job.
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
        this.tellFault(action.workerId, {
          code: "model-failed",
          message: `Worker "${action.workerId}" failed three shards in a row: it gets no more of this job.`,
        });
        break;
      case "finish":
        this.end(undefined);
        break;
      case "fail":
        this.end(
          action.reason === "no-workers" ? noWorkers(this.lastError) : itemsFailed(action.range, this.lastError),
        );
        break;
    }
  }

  async #attempt(action: DispatchAction & { type: "dispatch" }): Promise<void> {
    const { attemptId, workerId, firstItem, itemCount, predictedMs, deadlineMs } = action;
    const range: ItemRange = { firstItem, itemCount };
    this.open(attemptId, { ...range, workerId, predictedMs });
    let result: RunResult;
    try {
      const { mode } = this.#inputs!;
      const worker = this.#context.pool.require(workerId);
      result = await worker.run(
        { attemptId: this.wireId(attemptId), modelKey: WHOLE_MODEL, itemCount, mode, ...this.store.cut(range) },
        () => dispatch.attemptDeadlineMs(this.#state, attemptId) ?? deadlineMs,
      );
    } catch (thrown) {
      this.#attemptFailed(attemptId, thrown);
      return;
    }
    if (!this.isOpen(attemptId) || !this.deliver(range, workerId, () => result.outputs)) return;
    this.close(attemptId, "completed", result.serviceMs);
    this.#apply({ type: "attempt-completed", attemptId, serviceMs: result.serviceMs });
    if (this.hasFailed) return;
    this.#report(workerId);
  }

  #attemptFailed(attemptId: number, thrown: unknown): void {
    const failed = this.closeFailed(attemptId, thrown);
    if (failed === undefined) return;
    this.tellFault(failed.attempt.workerId, failed.error);
    this.#apply({ type: "attempt-failed", attemptId });
  }

  #report(workerId: string): void {
    const throughput = dispatch.workerThroughput(this.#state, workerId);
    if (throughput !== undefined) this.#context.learned.set(workerId, this.#inputs!.shapeClass, throughput);
    const plan = this.#lookAtPlan();
    const completedItemCount = dispatch.completedItemCount(this.#state);
    const totalItemCount = this.#isSourceEnded ? this.#knownItemCount : undefined;
    const rates = plan.flatMap(({ itemsPerSecond }) => itemsPerSecond ?? []);
    const itemsPerSecond = rates.length === 0 ? undefined : rates.reduce((sum, rate) => sum + rate, 0);
    this.tellProgress(progressOf(this.id, completedItemCount, totalItemCount, itemsPerSecond));
  }
}
