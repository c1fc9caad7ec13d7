import type { ItemRange } from "../../core/dispatch/types.js";
import { overlapItemCount } from "../../core/overlap.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import type { CheckedResult } from "./checked-result.js";
import type { CheckedJob } from "./track.js";
import type { Verifier } from "./verifier.js";

/** What a job does about results that wait. */
export interface HoldingJob {
  readonly id: number;
  isBusyOn(workerId: string): boolean;
  /** The items of some units. */
  itemsOf(units: ItemRange): ItemRange;
  /** Held units have to be computed again. */
  revoke(units: ItemRange): void;
}

/** Names some units of a job on their way: unique while they wait. */
type PassageId = number | string;

/** Some units of a job that pass one worker (a shard) or several (a micro-batch). */
interface Passage {
  readonly units: ItemRange;
  /** What each worker computed and nobody has confirmed. */
  readonly pending: Map<number, PoolWorker>;
  /** A worker that it passed was wrong. */
  isTainted: boolean;
  /** Gives it to the sink; `undefined` until all of it is computed. */
  finish: (() => void) | undefined;
}

/** The results of one job that wait for checks. The job asks whether a result is final; if not, it is finished from here. */
export class JobChecks implements CheckedJob {
  readonly #verifier: Verifier;
  readonly #job: HoldingJob;
  readonly #passages = new Map<PassageId, Passage>();
  readonly #entries = new Map<number, PassageId>();
  /** Revoked units that have not been computed again. */
  readonly #revoked: { left: number; readonly units: ItemRange; readonly resolve: () => void }[] = [];

  constructor(verifier: Verifier, job: HoldingJob) {
    this.#verifier = verifier;
    this.#job = job;
  }

  get id(): number {
    return this.#job.id;
  }

  isBusyOn(workerId: string): boolean {
    return this.#job.isBusyOn(workerId);
  }

  /** Whether so much waits that a stream should not pull its source. */
  get isFull(): boolean {
    return this.#passages.size > 0 && this.#verifier.isFull;
  }

  /** A worker has computed something for these units. @param passageId of the shard or the micro-batch. */
  computed(passageId: PassageId, units: ItemRange, result: CheckedResult): void {
    const entryId = this.#verifier.take(result, this);
    if (entryId === undefined) return;
    const passage: Passage = this.#passages.get(passageId) ?? {
      units,
      pending: new Map<number, PoolWorker>(),
      isTainted: false,
      finish: undefined,
    };
    this.#passages.set(passageId, passage);
    passage.pending.set(entryId, result.worker);
    this.#entries.set(entryId, passageId);
  }

  /** Whether something that was computed for these units is not final. */
  isHeld(passageId: PassageId): boolean {
    return this.#passages.has(passageId);
  }

  /** Everything is computed. @param finish called once all of it is final, maybe at once; never if it has to be computed again. */
  hold(passageId: PassageId, finish: () => void): void {
    const passage = this.#passages.get(passageId);
    if (passage === undefined) return finish();
    passage.finish = finish;
    this.#finishIfSettled(passageId, passage);
  }

  /** The micro-batch starts again from its inputs. */
  drop(passageId: PassageId): void {
    const passage = this.#passages.get(passageId);
    if (passage === undefined) return;
    this.#passages.delete(passageId);
    this.#forget(passage);
  }

  /** The job has ended. */
  end(): void {
    for (const passageId of this.#passages.keys()) this.drop(passageId);
    for (const { resolve } of this.#revoked.splice(0)) resolve();
  }

  /** Look at what is due, after anything has happened. */
  settle(): void {
    if (this.#passages.size === 0) return;
    const workers = new Set([...this.#passages.values()].flatMap(({ pending }) => [...pending.values()]));
    for (const worker of workers) this.#verifier.look(worker);
  }

  released(entryId: number): void {
    const found = this.#take(entryId);
    if (found !== undefined) this.#finishIfSettled(found.passageId, found.passage);
  }

  revoked(entryId: number): Promise<void> {
    const found = this.#take(entryId);
    if (found === undefined) return Promise.resolve();
    const { passageId, passage } = found;
    passage.isTainted = true;
    const { units } = passage;
    const done = new Promise<void>((resolve) => this.#revoked.push({ left: units.itemCount, units, resolve }));
    this.#finishIfSettled(passageId, passage);
    return done;
  }

  itemsOf(entryId: number): ItemRange | undefined {
    const passage = this.#passages.get(this.#entries.get(entryId) ?? NaN);
    return passage && this.#job.itemsOf(passage.units);
  }

  /** These units have been given to the sink. */
  delivered(units: ItemRange): void {
    if (this.#revoked.length === 0) return;
    for (const entry of this.#revoked) {
      entry.left -= overlapItemCount(entry.units, units);
      if (entry.left <= 0) entry.resolve();
    }
    const open = this.#revoked.filter(({ left }) => left > 0);
    this.#revoked.splice(0, this.#revoked.length, ...open);
  }

  #take(entryId: number): { passageId: PassageId; passage: Passage } | undefined {
    const passageId = this.#entries.get(entryId);
    this.#entries.delete(entryId);
    const passage = passageId === undefined ? undefined : this.#passages.get(passageId);
    passage?.pending.delete(entryId);
    return passage && { passageId: passageId!, passage };
  }

  #finishIfSettled(passageId: PassageId, passage: Passage): void {
    const { finish, isTainted, pending, units } = passage;
    // Some stages of a micro-batch have not run yet. A tainted one runs through them, and starts again then.
    if (finish === undefined || (pending.size > 0 && !isTainted)) return;
    this.#passages.delete(passageId);
    this.#forget(passage);
    if (isTainted) this.#job.revoke(units);
    else finish();
  }

  #forget({ pending }: Passage): void {
    for (const entryId of pending.keys()) this.#entries.delete(entryId);
    for (const worker of new Set(pending.values())) this.#verifier.forget(worker, new Set(pending.keys()));
  }
}
