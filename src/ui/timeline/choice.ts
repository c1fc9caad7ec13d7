import type { AttemptLog } from "../record/attempt-log.js";

/** The attempt that the keyboard is on. `rows`: the worker of each lane, from above. */
export class Choice {
  #workerId: string | undefined;
  #index: number | undefined;

  /** Its index in the log; `undefined` if there is none, or it is no longer held. */
  in(attempts: AttemptLog): number | undefined {
    const index = this.#index;
    return index !== undefined && index >= attempts.first && index < attempts.total ? index : undefined;
  }

  /** @returns whether there was one. */
  clear(): boolean {
    const had = this.#index !== undefined;
    this.#index = undefined;
    return had;
  }

  /** Go to the next attempt of the same worker, or the one before; to the newest if there is none yet. Stays at the ends. */
  step(attempts: AttemptLog, rows: readonly string[], direction: 1 | -1): void {
    const present = this.in(attempts);
    if (present === undefined) this.toEdge(attempts, rows, "last");
    else this.#index = search(attempts, this.#lane(attempts, rows), present + direction, direction) ?? present;
  }

  /** Go to another worker, to what it did at about the same time. */
  stepLane(attempts: AttemptLog, rows: readonly string[], direction: 1 | -1): void {
    const present = this.in(attempts);
    if (present === undefined) {
      this.toEdge(attempts, rows, "last");
      return;
    }
    const from = attempts.firstEndingFrom(attempts.beginMsOf(present) + 1e-6);
    for (let row = rows.indexOf(this.#workerId ?? "") + direction; row >= 0 && row < rows.length; row += direction) {
      const lane = attempts.workerIds.indexOf(rows[row]!);
      // What ended first after this one began, or last before.
      const found = search(attempts, lane, from, 1) ?? search(attempts, lane, from - 1, -1);
      if (found === undefined) continue;
      this.#workerId = rows[row]!;
      this.#index = found;
      return;
    }
  }

  /** Go to the oldest attempt of the worker that is held, or to its newest. */
  toEdge(attempts: AttemptLog, rows: readonly string[], edge: "first" | "last"): void {
    const lane = this.#lane(attempts, rows);
    this.#index =
      edge === "first" ? search(attempts, lane, attempts.first, 1) : search(attempts, lane, attempts.total - 1, -1);
  }

  /** The lane that the keyboard is in: at first that of the uppermost worker that has done anything. */
  #lane(attempts: AttemptLog, rows: readonly string[]): number {
    if (this.#workerId === undefined || !attempts.workerIds.includes(this.#workerId)) {
      this.#workerId = rows.find((id) => attempts.workerIds.includes(id));
    }
    return attempts.workerIds.indexOf(this.#workerId ?? "");
  }
}

/** The first attempt of a lane from an index on, in one direction. */
function search(attempts: AttemptLog, lane: number, from: number, direction: 1 | -1): number | undefined {
  for (let index = from; index >= attempts.first && index < attempts.total; index += direction) {
    if (attempts.laneOf(index) === lane) return index;
  }
  return undefined;
}
