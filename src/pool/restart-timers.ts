import type { WorkerSlot } from "./worker-slot.js";

/** Timers can't wait longer than this, ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** When workers that have no incarnation are looked at again. */
export class RestartTimers {
  readonly #timers = new Map<WorkerSlot, ReturnType<typeof setTimeout>>();
  readonly #onDue: (slot: WorkerSlot) => void;

  constructor(onDue: (slot: WorkerSlot) => void) {
    this.#onDue = onDue;
  }

  /** @param delayMs Infinity: never. A delay that is too long for a timer is cut: whoever is called then asks again. */
  set(slot: WorkerSlot, delayMs: number): void {
    if (delayMs === Infinity) return;
    const isDue = (): void => {
      this.#timers.delete(slot);
      this.#onDue(slot);
    };
    this.#timers.set(slot, setTimeout(isDue, Math.min(delayMs, LONGEST_TIMER_MS)));
  }

  cancel(slot: WorkerSlot): void {
    clearTimeout(this.#timers.get(slot));
    this.#timers.delete(slot);
  }
}
