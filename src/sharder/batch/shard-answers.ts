import type { DispatchEvent, ItemRange } from "../../core/dispatch/types.js";
import { ShardError } from "../../core/errors.js";
import type { WorkerPool } from "../../pool/worker-pool.js";
import type { FinishedRun } from "../../pool/worker-runs.js";
import type { ShardOutput } from "../../protocol/outputs.js";
import type { AttemptDetail } from "../events.js";
import { hasRows } from "../inputs/batch-modes.js";
import type { JobMode } from "../inputs/job-mode.js";
import { causeOf } from "../job/fault-cause.js";
import { notSent } from "../job/job-errors.js";
import type { JobFaults } from "../job/job-faults.js";
import type { OpenAttempt, OpenAttempts } from "../job/open-attempts.js";
import type { FinishedShard } from "../job/shard-sink.js";
import type { JobChecks } from "../verify/job-checks.js";
import { checkedShard, partOf, type ComputedPart, type ShardSource } from "./checked-shard.js";
import type { ShardRun } from "./shard-runs.js";
import type { UnitThroughput } from "./unit-throughput.js";
import { refuseBatches, rejectAttempt } from "../job/reject-attempt.js";

/** The job whose shards are answered. */
export interface AnsweredJob {
  apply(event: DispatchEvent): void;
  /** Report an attempt's end. */
  close(attemptId: number, outcome: AttemptDetail["outcome"], serviceMs?: number): void;
  /** Give finished units to the sink. @param onCopied as in `FinishedShard`. @returns false if the job is over. */
  deliver(
    units: ItemRange,
    workerId: string,
    take: () => Readonly<Record<string, ShardOutput>>,
    onCopied?: FinishedShard["onCopied"],
  ): boolean;
  /** Units that were held are with the sink. */
  released(workerId: string): void;
  fail(error: unknown): void;
  /** The reason, if the job has to end. */
  noteError(error: ShardError): void;
}

interface AnswerParts {
  readonly job: AnsweredJob;
  readonly pool: Pick<WorkerPool, "slots">;
  readonly open: Pick<OpenAttempts<OpenAttempt>, "isOpen">;
  readonly source: ShardSource;
  readonly checks: JobChecks;
  readonly faults: JobFaults;
  readonly mode: JobMode;
  readonly throughput: UnitThroughput;
  /** Of outputs that nothing but the sink has looked at. */
  readonly onCopied: NonNullable<FinishedShard["onCopied"]>;
}

/** What the answer to a shard means for its items. It is asked about open attempts only. */
export class ShardAnswers {
  readonly #parts: AnswerParts;
  /** How often a server has answered a batch without rows. */
  #rowlessServerCount = 0;

  constructor(parts: AnswerParts) {
    this.#parts = parts;
  }

  /**
   * The shard has run: what no other attempt has completed goes to the sink, or waits until the worker has been found right.
   * @returns whether the outputs are of use, and the job has taken them.
   */
  completed(run: ShardRun, { outputs, serviceMs, callItemCount }: FinishedRun): boolean {
    const { job, source, checks, throughput, onCopied } = this.#parts;
    const { attemptId, units: shard, worker, mode } = run;
    if (mode === "batched" && !Object.values(outputs).every((output) => hasRows(output, shard.itemCount))) {
      this.#lacksRows(run);
      return false;
    }
    const parts = source.dispatcher.openRanges(attemptId).map((units, index) => ({
      id: `${attemptId}/${index}`,
      ...partOf(shard, outputs, units),
    }));
    for (const { id, ...part } of parts) {
      checks.computed(id, part.units, checkedShard(source, run, part, throughput.unitClass));
    }
    const isHeld = parts.some(({ id }) => checks.isHeld(id));
    for (const part of isHeld ? [] : parts) {
      if (!job.deliver(part.units, worker.id, () => part.outputs, onCopied)) return false;
    }
    job.close(attemptId, "completed", serviceMs);
    job.apply({ type: "attempt-completed", attemptId, serviceMs, callItemCount, isHeld });
    for (const part of isHeld ? parts : []) checks.hold(part.id, () => this.#release(part, worker.id));
    return true;
  }

  /**
   * A batch came out without a row for each of its items. On a worker of this page that is the model's way. A server may be wrong about it:
   * what it says about the model counts if only servers run it, and one has said it before.
   */
  #lacksRows({ attemptId, units, worker }: ShardRun): void {
    const { job, mode, pool, open } = this.#parts;
    if (worker.spec.backend !== "remote") return refuseBatches(job, mode, attemptId);
    const isOnlyServers = pool.slots.every(({ isGone, spec }) => isGone || spec.backend === "remote");
    if (isOnlyServers && this.#rowlessServerCount++ > 0) return refuseBatches(job, mode, attemptId);
    const error = new ShardError(
      "server-failed",
      `Expected outputs with a row for each of ${units.itemCount} items from the server of worker "${worker.id}", received others: its items are computed elsewhere; check that the address is that of this model.`,
      { workerId: worker.id },
    );
    worker.kill(error, "server-lost");
    // Its end may have closed it.
    if (open.isOpen(attemptId)) rejectAttempt(job, attemptId);
  }

  /** Held outputs are final. */
  #release({ units, outputs }: ComputedPart, workerId: string): void {
    const { job } = this.#parts;
    if (!job.deliver(units, workerId, () => outputs)) return;
    job.apply({ type: "items-released", range: units });
    job.released(workerId);
  }

  /** The shard has failed. If it could not be sent, the job ends; if its worker has ended, the pool reports that. */
  failed({ attemptId, units, worker, mode: ranIn }: ShardRun, thrown: unknown): void {
    const { job, source, faults, mode } = this.#parts;
    if (!(thrown instanceof ShardError)) {
      job.fail(notSent(thrown));
      return;
    }
    job.noteError(thrown);
    if (!worker.isUsable) return;
    const isTooLarge = thrown.code === "out-of-memory";
    // Some models declare a batch axis but reshape to a fixed batch inside.
    if (ranIn === "batched" && units.itemCount > 1 && !isTooLarge) {
      mode.doubtBatches(worker.id);
      rejectAttempt(job, attemptId);
      return;
    }
    job.close(attemptId, "failed");
    const { code, message } = thrown;
    if (!source.dispatcher.isSuspect(attemptId)) {
      faults.reportRetried({ cause: causeOf(thrown), workerId: worker.id, code, message }, units);
    }
    if (isTooLarge) this.tooLarge(worker.id, attemptId);
    job.apply({ type: "attempt-failed", attemptId, isTooLarge, error: thrown });
  }

  /** An attempt was too large for its worker's memory. */
  tooLarge(workerId: string, attemptId: number): void {
    const { source, throughput } = this.#parts;
    const unitCount = source.dispatcher.itemCountOf(attemptId);
    if (unitCount !== undefined) throughput.tooLarge(workerId, unitCount);
  }

  /** A worker has not answered a shard in time. @param open those of its units that are not done yet. */
  overdue(workerId: string, units: ItemRange, open?: readonly ItemRange[]): void {
    const message =
      `Expected worker "${workerId}" to answer a shard within 3 times its usual time and a second, received no answer yet: ` +
      `its items are run on another worker, too, and it is ended if it does not answer in time.`;
    this.#parts.faults.reportRetried({ cause: "overdue", workerId, code: "worker-timeout", message }, units, open);
  }

  /** The dispatcher has given a worker up, for this job. */
  excluded(workerId: string): void {
    const message = `Worker "${workerId}" failed three shards in a row: it gets no more shards of this job.`;
    this.#parts.faults.report({ cause: "threw", workerId, action: "excluded", code: "model-failed", message });
  }
}
