import type { ItemRange } from "../../core/dispatch/types.js";
import {
  countResult,
  createSchedule,
  isDue,
  scheduleNext,
  type CheckPolicy,
} from "../../core/verify/check-schedule.js";
import * as ledgers from "../../core/verify/ledger.js";
import type { CheckedResult } from "./checked-result.js";

/** A job whose results wait. */
export interface CheckedJob {
  readonly id: number;
  /** Whether the job may get more results from this worker without waiting for its own. */
  isBusyOn(workerId: string): boolean;
  /** A result is final. */
  released(entryId: number): void;
  /** A result is wrong. @returns a promise that resolves once its items have been computed again, or the job has ended. */
  revoked(entryId: number): Promise<void>;
  /** The items of a result. */
  itemsOf(entryId: number): ItemRange | undefined;
  /** A check has ended: look at what else is due. */
  settle(): void;
}

export interface TrackedResult {
  readonly entryId: number;
  readonly result: CheckedResult;
  readonly job: CheckedJob;
  /** The output that looks wrong. */
  readonly suspect: string | undefined;
}

const WINDOW: ledgers.LedgerWindow = { maxEntryCount: 256, maxByteCount: 64 * 2 ** 20 };

let entryCounter = 0;

/** The results of one worker with one model and shape that wait for checks, of all jobs. */
export class Track {
  readonly #random: () => number;
  #schedule: ReturnType<typeof createSchedule>;
  #ledger = ledgers.EMPTY_LEDGER;
  readonly #results = new Map<number, TrackedResult>();

  constructor(policy: CheckPolicy, random: () => number) {
    this.#random = random;
    this.#schedule = createSchedule(policy, random(), performance.now());
  }

  get isEmpty(): boolean {
    return this.#results.size === 0 && this.#ledger.checkedId === undefined;
  }

  has({ entryId }: TrackedResult): boolean {
    return this.#results.has(entryId);
  }

  get byteCount(): number {
    return this.#ledger.byteCount;
  }

  /** @returns the id of the entry. */
  add(result: CheckedResult, job: CheckedJob, suspect: string | undefined): number {
    const entryId = ++entryCounter;
    this.#schedule = countResult(this.#schedule, performance.now());
    const isChosen = isDue(this.#schedule);
    if (isChosen) this.#schedule = scheduleNext(this.#schedule, this.#random());
    const { byteCount } = result;
    const entry = { entryId, isDue: isChosen || suspect !== undefined, ownerId: job.id, byteCount };
    this.#ledger = ledgers.addEntry(this.#ledger, entry);
    this.#results.set(entryId, { entryId, result, job, suspect });
    return entryId;
  }

  /** The result to check now, if any. */
  next(): TrackedResult | undefined {
    const idleOwners = new Set<number>();
    for (const { job, result } of this.#results.values()) {
      if (!idleOwners.has(job.id) && !job.isBusyOn(result.worker.id)) idleOwners.add(job.id);
    }
    const entry = ledgers.nextCheck(this.#ledger, { idleOwners, window: WINDOW });
    return entry && this.#results.get(entry.entryId);
  }

  begin({ entryId }: TrackedResult): void {
    this.#ledger = ledgers.beginLedgerCheck(this.#ledger, entryId);
  }

  end(): void {
    this.#ledger = ledgers.endLedgerCheck(this.#ledger);
  }

  /** A checked result agreed, unless its job no longer waits for it. */
  agree({ entryId }: TrackedResult): void {
    const { ledger, finalIds } = ledgers.agree(this.#ledger, entryId);
    this.#ledger = ledger;
    this.#release(finalIds);
  }

  /** Nobody can check them: all are final. */
  release(): void {
    this.#release([...this.#results.keys()]);
  }

  #release(entryIds: readonly number[]): void {
    const released = this.#takeOut(entryIds);
    for (const { job, entryId } of released) job.released(entryId);
  }

  /** The worker is wrong: everything that waits is computed again. @returns promises that resolve once that is done. */
  revoke(): Promise<void>[] {
    return this.#takeOut([...this.#results.keys()]).map(({ job, entryId }) => job.revoked(entryId));
  }

  #takeOut(entryIds: readonly number[]): TrackedResult[] {
    const taken = entryIds.flatMap((entryId) => this.#results.get(entryId) ?? []);
    this.forget(new Set(entryIds));
    return taken;
  }

  forget(entryIds: ReadonlySet<number>): void {
    for (const entryId of entryIds) this.#results.delete(entryId);
    this.#ledger = ledgers.removeEntries(this.#ledger, entryIds);
  }

  get waitingItems(): ItemRange[] {
    return [...this.#results.values()].flatMap(({ job, entryId }) => job.itemsOf(entryId) ?? []);
  }

  /** Let the jobs that still wait look at what is due. */
  settleOwners(): void {
    for (const job of new Set([...this.#results.values()].map((tracked) => tracked.job))) job.settle();
  }
}
