import { ShardError } from "../core/errors.js";
import { releaseId } from "./live-workers.js";
import type { PoolWorker } from "./pool-worker.js";
import type { WorkerSlot } from "./worker-slot.js";

/** How many workers that were given up stay listed, so that their errors can be read. */
const MOST_GONE = 16;

/** The workers of a pool by id, in the order in which they were started. Some dead ones stay. */
export class SlotTable {
  readonly #slots = new Map<string, WorkerSlot>();
  /** Of workers that are listed no more, but that jobs may still remember. */
  readonly #removedIds = new Set<string>();

  get all(): readonly WorkerSlot[] {
    return [...this.#slots.values()];
  }

  get ids(): readonly string[] {
    return [...this.#slots.keys()];
  }

  get(id: string): WorkerSlot | undefined {
    return this.#slots.get(id);
  }

  /** @throws ShardError "unknown-worker" listing the known ids. */
  require(id: string): WorkerSlot {
    const slot = this.#slots.get(id);
    if (slot !== undefined) return slot;
    throw new ShardError(
      "unknown-worker",
      `Expected the id of a worker (${this.ids.join(", ") || "there are none"}), received "${id}": see sharder.workers.`,
    );
  }

  /** The present incarnations for which this holds. */
  workers(isWanted: (worker: PoolWorker) => boolean): readonly PoolWorker[] {
    return this.all.flatMap(({ worker }) => (worker !== undefined && isWanted(worker) ? worker : []));
  }

  /** Whether a worker is about to come: one that starts for the first time, or another incarnation of one that is away. */
  get isAnyAway(): boolean {
    return this.all.some(({ isAway, isNew, isLeaving }) => (isAway || isNew) && !isLeaving);
  }

  /** Whether no other worker is there, or is about to be. */
  isLast(slot: WorkerSlot): boolean {
    return this.all.every((other) => other === slot || !isExpected(other));
  }

  add(slot: WorkerSlot): void {
    this.#slots.set(slot.id, slot);
  }

  /** It could not be opened: nobody knows of it. */
  discard(slot: WorkerSlot): void {
    this.#slots.delete(slot.id);
    releaseId(slot.id);
  }

  /** List a worker no more. Its id stays taken until `releaseIds`. */
  delete({ id }: WorkerSlot): void {
    this.#slots.delete(id);
    this.retireId(id);
  }

  /** A worker that was not listed has ended: its id stays taken until `releaseIds`. */
  retireId(id: string): void {
    this.#removedIds.add(id);
  }

  /** Nothing refers to removed workers any more: others may get their ids. */
  releaseIds(): void {
    for (const id of this.#removedIds) releaseId(id);
    this.#removedIds.clear();
  }

  /** Of the workers that were given up, those that are too many to be listed. */
  get surplus(): readonly WorkerSlot[] {
    const gone = this.all.filter(({ isGone, isLeaving }) => isGone && !isLeaving);
    return gone.slice(0, Math.max(0, gone.length - MOST_GONE));
  }
}

/** Whether a worker is there, or is about to be. */
function isExpected({ worker, isAway, isNew, isUnloaded }: WorkerSlot): boolean {
  return isAway || isNew || isUnloaded || worker?.isReady === true;
}
