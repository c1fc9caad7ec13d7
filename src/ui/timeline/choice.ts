import type { AttemptLog } from "../record/attempt-log.js";
import { neighbour } from "./hit.js";

/** The attempt that the keyboard is on. */
export class Choice {
  #lane = 0;
  #index: number | undefined;

  /** Its index in the log; `undefined` if there is none, or it is no longer held. */
  in(attempts: AttemptLog): number | undefined {
    return this.#index !== undefined && this.#index >= attempts.first && this.#index < attempts.total
      ? this.#index
      : undefined;
  }

  /** @returns whether there was one. */
  clear(): boolean {
    const had = this.#index !== undefined;
    this.#index = undefined;
    return had;
  }

  /** Go to the next attempt of the same worker, or the one before. Stays at the ends. */
  step(attempts: AttemptLog, direction: 1 | -1): void {
    this.#index = neighbour(attempts, this.#lane, this.in(attempts), direction) ?? this.in(attempts);
  }

  /**
   * Go to another worker, to what it did at about the same time.
   * @param rows the worker of each lane, from above.
   */
  stepLane(attempts: AttemptLog, rows: readonly string[], direction: 1 | -1): void {
    const present = this.in(attempts);
    if (present === undefined) return this.step(attempts, direction);
    const row = rows.indexOf(attempts.workerIds[this.#lane]!);
    for (let next = row + direction; next >= 0 && next < rows.length; next += direction) {
      const lane = attempts.workerIds.indexOf(rows[next]!);
      const found = lane < 0 ? undefined : nearest(attempts, lane, attempts.beginMsOf(present));
      if (found === undefined) continue;
      this.#lane = lane;
      this.#index = found;
      return;
    }
  }

  toEdge(attempts: AttemptLog, edge: "first" | "last"): void {
    const [from, direction] = edge === "first" ? ([attempts.first, 1] as const) : ([attempts.total - 1, -1] as const);
    for (let index = from; index >= attempts.first && index < attempts.total; index += direction) {
      if (attempts.laneOf(index) !== this.#lane) continue;
      this.#index = index;
      return;
    }
  }

  /** Go to an attempt that was pointed at. */
  set(attempts: AttemptLog, index: number): void {
    this.#index = index;
    this.#lane = attempts.laneOf(index);
  }
}

/** The attempt of a lane that ended first after a time, or the last one before. */
function nearest(attempts: AttemptLog, lane: number, atMs: number): number | undefined {
  const from = attempts.firstEndingFrom(atMs);
  for (let index = from; index < attempts.total; index++) if (attempts.laneOf(index) === lane) return index;
  for (let index = from - 1; index >= attempts.first; index--) if (attempts.laneOf(index) === lane) return index;
  return undefined;
}
