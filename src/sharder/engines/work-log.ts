import type { JobProgress, JobState } from "../events.js";

interface RunningJob {
  readonly startedAtMs: number;
  remainingMs: number | undefined;
}

/** How long jobs have taken, and how long those that run still take, as far as can be told. */
export class WorkLog {
  readonly #now: () => number;
  readonly #jobs = new Map<number, RunningJob>();
  #earlierMs = 0;

  /** @param now ms. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** What jobs took that have ended, ms; with those of earlier visits once `add` was called with them. */
  get earlierMs(): number {
    return this.#earlierMs;
  }

  get isIdle(): boolean {
    return this.#jobs.size === 0;
  }

  /** Of all jobs that run, ms. A stream without an end is expected to take as long again as it took so far. */
  get remainingMs(): number {
    let ms = 0;
    for (const { startedAtMs, remainingMs } of this.#jobs.values()) ms += remainingMs ?? this.#now() - startedAtMs;
    return ms;
  }

  add(earlierMs: number): void {
    this.#earlierMs += earlierMs;
  }

  job(jobId: number, state: JobState): void {
    if (state === "started") this.#jobs.set(jobId, { startedAtMs: this.#now(), remainingMs: undefined });
    const job = this.#jobs.get(jobId);
    if (job === undefined || state === "started" || state === "paused" || state === "resumed") return;
    this.#jobs.delete(jobId);
    this.#earlierMs += this.#now() - job.startedAtMs;
  }

  progress({ jobId, remainingMs }: Pick<JobProgress, "jobId" | "remainingMs">): void {
    const job = this.#jobs.get(jobId);
    if (job !== undefined) job.remainingMs = remainingMs;
  }
}
