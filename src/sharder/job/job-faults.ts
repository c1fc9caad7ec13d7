import type { ItemRange } from "../../core/dispatch/types.js";
import type { ItemError, ShardError } from "../../core/errors.js";
import { callListener } from "../call-listener.js";
import type { FaultReport, FaultReports } from "../fault-reports.js";
import { FailedItems } from "./failed-items.js";
import type { JobItems } from "./job-items.js";
import type { Outbox } from "./outbox.js";
import { Recoveries } from "./recoveries.js";
import type { FinishedShard } from "./shard-sink.js";

interface JobFaultsParts {
  readonly faults: FaultReports;
  readonly items: JobItems;
  readonly outbox: Outbox;
  /** Whether the job discards whatever comes from now on. */
  readonly isOver: () => boolean;
  readonly onItemFailed: ((failure: ItemError) => void) | undefined;
}

/** The faults of one job: they are reported once its state machine knows of them, and closed once their items are done or given up. */
export class JobFaults {
  readonly #parts: JobFaultsParts;
  readonly #recoveries: Recoveries;
  readonly #failed = new FailedItems();

  constructor(parts: JobFaultsParts) {
    this.#parts = parts;
    this.#recoveries = new Recoveries(parts.faults);
  }

  /** @param onReported called with the fault's id. */
  report(fault: FaultReport, onReported: (faultId: number) => void = () => {}): void {
    const { faults, outbox } = this.#parts;
    const noticedAtMs = performance.now();
    outbox.add(() => onReported(faults.report(fault, noticedAtMs)));
  }

  /**
   * Report a fault whose items are tried again; it is recovered from once they are done, which they are if the job has finished.
   * @param open those of its units that are not done yet.
   */
  reportRetried(
    fault: Omit<FaultReport, "action" | "items">,
    units: ItemRange,
    open: readonly ItemRange[] = [units],
  ): void {
    const { faults, items, outbox, isOver } = this.#parts;
    const leftCount = open.reduce((total, part) => total + items.of(part).itemCount, 0);
    const range = items.of(units);
    this.report({ ...fault, action: "retried", items: [range] }, (faultId) => {
      if (isOver()) faults.recovered(faultId);
      else this.#recoveries.await(faultId, range, leftCount);
    });
    // No event will be applied any more.
    if (isOver()) outbox.flush();
  }

  /** These units failed wherever they were tried. @returns what the sink gets in place of their outputs. */
  giveUp(units: ItemRange, error: ShardError): FinishedShard {
    const { items, outbox, onItemFailed } = this.#parts;
    const range = items.of(units);
    const itemErrors = this.#failed.add(range, error);
    const { code, message, workerId } = error;
    this.report({ cause: "poison", workerId, code, message, items: [range], action: "gave-up" });
    outbox.add(() => {
      this.#recoveries.givenUp(range);
      for (const failure of itemErrors) callListener(onItemFailed, failure);
    });
    return { ...range, workerId: workerId ?? "", outputs: {}, itemErrors };
  }

  /** How many items were given up. */
  get givenUpCount(): number {
    return this.#failed.count;
  }

  /** The error of a job that rejects because of the items that were given up. */
  givenUpError(): ShardError {
    return this.#failed.toError();
  }

  /** The error of a job of which so much failed, and nothing succeeded, that the rest was not tried. */
  hopeless(): ShardError {
    return this.#failed.toError(" Nothing has succeeded, so the other items were not tried.");
  }

  /** These items are done. */
  done(items: ItemRange): void {
    this.#parts.outbox.add(() => this.#recoveries.done(items));
  }

  /** The job is over: nobody waits for a recovery any more. */
  end(): void {
    this.#parts.outbox.add(() => this.#recoveries.end());
  }
}
