import { ShardError } from "../core/errors.js";
import type { Emit, JobState } from "./events.js";
import type { ShardingJob } from "./job/sharding-job.js";
import type { ShardUnderWay } from "./worker-snapshot.js";

/** The jobs of a sharder that have not ended. It reports how each of them fares, and pauses all of them together. */
export class LiveJobs {
  readonly #jobs = new Set<ShardingJob>();
  readonly #emit: Emit;
  readonly #onIdle: () => void;
  #isPaused = false;

  /** @param onIdle called when the last job has ended. */
  constructor(emit: Emit, onIdle: () => void) {
    this.#emit = emit;
    this.#onIdle = onIdle;
  }

  get all(): ReadonlySet<ShardingJob> {
    return this.#jobs;
  }

  /** A job has been created: it is paused if the others are, and reported. */
  add(job: ShardingJob): void {
    const isPaused = this.#isPaused;
    if (isPaused) job.setPaused(true);
    this.#jobs.add(job);
    this.#report(job, "started");
    // A listener may have resumed it.
    if (isPaused && this.#isPaused) this.#report(job, "paused");
    void job.done.then(
      () => this.#ended(job, "completed"),
      (reason: unknown) => {
        if (reason instanceof ShardError && reason.code === "aborted") this.#ended(job, "cancelled");
        else this.#ended(job, "failed", reason instanceof Error ? reason.message : String(reason));
      },
    );
  }

  #ended(job: ShardingJob, state: JobState, message?: string): void {
    this.#jobs.delete(job);
    if (this.#jobs.size === 0) this.#onIdle();
    this.#report(job, state, message);
  }

  #report({ id: jobId }: ShardingJob, state: JobState, message?: string): void {
    this.#emit("job", { jobId, state, message });
  }

  /** This holds for later jobs, too. */
  setPaused(isPaused: boolean): void {
    const hasChanged = this.#isPaused !== isPaused;
    this.#isPaused = isPaused;
    for (const job of this.#jobs) {
      job.setPaused(isPaused);
      if (hasChanged) this.#report(job, isPaused ? "paused" : "resumed");
    }
  }

  /** The shards that a worker was given and has not answered, of all jobs. */
  underWayOn(workerId: string): readonly ShardUnderWay[] {
    return [...this.#jobs].flatMap((job) => job.underWayOn(workerId));
  }

  /** End all of them with an error. */
  fail(error: ShardError): void {
    for (const job of this.#jobs) job.fail(error);
  }
}
