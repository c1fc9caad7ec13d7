import type { ItemRange } from "../../core/dispatch/types.js";
import type { CallWatch } from "../../pool/call-table.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import type { FinishedRun } from "../../pool/worker-runs.js";
import type { RunMode } from "../../protocol/model-on-wire.js";
import type { ModelKey } from "../../protocol/worker-api.js";
import type { JobItems } from "../job/job-items.js";
import type { Dispatcher } from "./dispatcher.js";
import type { ShardBuffers } from "./shard-buffers.js";
import type { UnitThroughput } from "./unit-throughput.js";

/** The key under which every replica holds the model. */
export const WHOLE_MODEL: ModelKey = "whole";

interface ShardRunsParts {
  readonly buffers: ShardBuffers;
  readonly dispatcher: Dispatcher;
  readonly items: JobItems;
  readonly priority: number;
  readonly throughput: UnitThroughput;
  /** An attempt's id as workers know it. */
  readonly wireId: (attemptId: number) => string;
  /** Whether the job has ended well: then nobody else looks for workers that are overdue. */
  readonly hasFinished: () => boolean;
  /** A worker has been on a shard for longer than it should, and the job has ended. */
  readonly onOverdue: (workerId: string, units: ItemRange) => void;
}

/** A shard that goes to a worker. */
export interface ShardRun {
  readonly attemptId: number;
  readonly units: ItemRange;
  readonly worker: PoolWorker;
  readonly mode: RunMode;
}

/** Sends one job's shards to workers, and knows which of them each worker is on. */
export class ShardRuns {
  readonly #parts: ShardRunsParts;
  /** The attempt that each worker is on, if it is one of this job. */
  readonly #running = new Map<string, number>();

  constructor(parts: ShardRunsParts) {
    this.#parts = parts;
  }

  /**
   * Run some units. Call `answered` once that has settled.
   * @param firstDeadlineMs by what was known when the shard was planned, ms.
   * @throws what copying the inputs throws; as `PoolWorker.run`.
   */
  send(run: ShardRun, firstDeadlineMs: number): Promise<FinishedRun> {
    const { buffers, dispatcher, items, priority, throughput, wireId } = this.#parts;
    const { attemptId, units, worker, mode } = run;
    const request = {
      attemptId: wireId(attemptId),
      modelKey: WHOLE_MODEL,
      priority,
      itemCount: units.itemCount,
      mode,
      // A GPU would compile for each size of calls, and a server's worker has several under way at once.
      calls:
        worker.wantsPowersOfTwo || worker.spec.backend === "remote"
          ? undefined
          : { firstItemCount: throughput.callItemCountOf(worker) },
      inputs: items.cut(units, buffers.spare),
      spare: buffers.lend(units.itemCount),
      forwardedNames: [],
    };
    // Batches of one job may differ in size, so that one says little about how long the next takes.
    const leastMs = items.areUnits ? 0 : dispatcher.options.warmUpDeadlineMs;
    const deadlineMs = (): number => Math.max(leastMs, dispatcher.deadlineMs(attemptId) ?? firstDeadlineMs);
    return worker.run(request, deadlineMs, this.#watch(run));
  }

  /** Notes when the worker turns to an attempt. While the job runs, its dispatcher looks for overdue ones; after its end, this does. */
  #watch({ attemptId, units, worker: { id } }: ShardRun): CallWatch {
    const { dispatcher, hasFinished, onOverdue } = this.#parts;
    return {
      overdueMs: () => (hasFinished() ? dispatcher.overdueMs(attemptId) : Infinity),
      onOverdue: () => onOverdue(id, units),
      onTurn: () => void this.#running.set(id, attemptId),
    };
  }

  /** The worker has turned to something else. */
  answered({ attemptId, worker }: ShardRun): void {
    if (this.#running.get(worker.id) === attemptId) this.#running.delete(worker.id);
  }

  /** A worker has ended. @returns the attempt that it was on, if it was one of this job. */
  lost(workerId: string): number | undefined {
    const attemptId = this.#running.get(workerId);
    this.#running.delete(workerId);
    return attemptId;
  }

  /** Those of the workers that are busy with something other than this job's attempts. */
  elsewhere(workers: readonly PoolWorker[]): string[] {
    return workers.flatMap(({ id, state }) => (state === "busy" && !this.#running.has(id) ? id : []));
  }
}
