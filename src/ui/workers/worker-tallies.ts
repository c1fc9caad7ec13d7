import type { AttemptDetail, Sharder, SharderEventMap } from "../../index.js";
import { percentsByName } from "../numbers/percents.js";

/** What one worker has made in the latest job. */
export interface Tally {
  /** If the model is split by layers: items that have passed through its stages. */
  readonly itemCount: number;
  /** Its part of what all workers have made, whole percents that add up to 100. */
  readonly percent: number;
  /** The mean over the job so far; `undefined` before anything was made. */
  readonly itemsPerSecond: number | undefined;
}

/** Counts the items that each worker has made in the latest job. */
export class WorkerTallies {
  #byWorker = new Map<string, number>();
  #jobId = -1;
  #startMs = 0;
  #endMs = 0;

  /** @param isCounted whether what ends now is of a job to count. @param signal ends the counting. */
  constructor(sharder: Sharder, isCounted: () => boolean, signal: AbortSignal) {
    const onAttempt = ({ detail }: SharderEventMap["attempt"]): void => {
      if (isCounted()) this.add(detail, performance.now());
    };
    sharder.addEventListener("attempt", onAttempt, { signal });
  }

  /** @param nowMs when the attempt ended. */
  add({ jobId, workerId, itemCount, outcome, latencyMs }: AttemptDetail, nowMs: number): void {
    if (jobId < this.#jobId) return;
    if (jobId > this.#jobId) {
      this.#jobId = jobId;
      this.#byWorker = new Map();
      this.#startMs = nowMs - latencyMs;
    }
    if (outcome !== "completed") return;
    this.#endMs = nowMs;
    this.#byWorker.set(workerId, (this.#byWorker.get(workerId) ?? 0) + itemCount);
  }

  /** By worker id; workers that have made nothing are left out. */
  read(): ReadonlyMap<string, Tally> {
    const percents = percentsByName(this.#byWorker);
    const seconds = Math.max(1, this.#endMs - this.#startMs) / 1e3;
    return new Map(
      [...this.#byWorker].map(([id, itemCount]) => [
        id,
        { itemCount, percent: percents.get(id) ?? 0, itemsPerSecond: itemCount / seconds },
      ]),
    );
  }
}
