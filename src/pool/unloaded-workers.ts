import type { PoolWorker } from "./pool-worker.js";
import type { RestartTimers } from "./restart-timers.js";
import type { SlotTable } from "./slot-table.js";
import type { WorkerSlot } from "./worker-slot.js";

interface UnloadedParts {
  readonly slots: SlotTable;
  readonly restarts: RestartTimers;
  /** Nothing needs a worker that takes no more work. Never rejects. */
  readonly release: (worker: PoolWorker) => Promise<void>;
  readonly onState: (slot: WorkerSlot) => void;
}

/** Ends workers that are not needed for a while, so that their memory is free, and starts them again when they are. They stay listed. */
export class UnloadedWorkers {
  readonly #parts: UnloadedParts;

  constructor(parts: UnloadedParts) {
    this.#parts = parts;
  }

  /** A worker finishes what it is on and ends. Ignored for one that is not ready. */
  unload(slot: WorkerSlot): void {
    const { worker } = slot;
    if (worker?.isReady !== true || slot.isLeaving) return;
    slot.unload();
    worker.drain();
    void this.#parts.release(worker).then(() => worker.stop());
  }

  /** Ignored for a worker that is not unloaded. It is ready once it has started and loaded the model. */
  wake(slot: WorkerSlot): void {
    if (!slot.isUnloaded || slot.isLeaving) return;
    slot.wake();
    // One that is still ending is replaced once it has.
    if (slot.worker?.state === "dead") this.#parts.restarts.set(slot, 0);
    this.#parts.onState(slot);
  }

  wakeAll(): void {
    for (const slot of this.#parts.slots.all) this.wake(slot);
  }
}
