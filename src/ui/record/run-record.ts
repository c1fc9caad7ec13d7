import type {
  FaultDetail,
  JobDetail,
  JobProgress,
  RebalanceDetail,
  Sharder,
  WorkerDetail,
  WorkerState,
} from "../../index.js";
import { AttemptLog } from "./attempt-log.js";
import { Recent } from "./recent.js";

/** An event, and when it happened by `performance.now()`, ms. */
export type At<T> = T & { readonly atMs: number };

export interface RecordedFault extends At<FaultDetail> {
  /** When it was recovered from, by `performance.now()`; `undefined` before that. `recoverMs` is set from then on. */
  readonly recoveredAtMs: number | undefined;
}

export interface RecordedJob {
  readonly jobId: number;
  readonly startMs: number;
  /** `undefined` while it runs. */
  readonly endMs: number | undefined;
  readonly state: JobDetail["state"];
  /** Why it failed. */
  readonly message: string | undefined;
  /** Whether the page itself runs it, to measure how fast the workers are. */
  readonly isMeasurement: boolean;
  /** When it was paused and resumed, in turn, ms. */
  readonly pauses: readonly number[];
}

/** The most of each that are held, other than attempts. */
const MAX_EVENTS = 5_000;
const MAX_JOBS = 1_000;

/** Jobs between which less time passes belong to one run, ms. */
const RUN_GAP_MS = 1_000;

/**
 * What has happened on a sharder since it was attached. The panels, the trace and the report read it: nobody is called when it changes, but
 * `revision` rises, so that a panel that draws once per frame knows whether anything is new. Its memory is bounded.
 */
export class RunRecord {
  readonly attempts = new AttemptLog();
  /** When it began, by `performance.now()`, ms. */
  readonly startMs = performance.now();
  readonly #rebalances = new Recent<At<RebalanceDetail>>(MAX_EVENTS);
  readonly #faults = new Recent<RecordedFault>(MAX_EVENTS);
  readonly #states = new Recent<At<WorkerDetail>>(MAX_EVENTS);
  readonly #latestStates = new Map<string, WorkerState>();
  readonly #busySinceMs = new Map<string, number>();
  readonly #jobs = new Map<number, RecordedJob>();
  readonly #progress = new Map<number, At<JobProgress>>();
  readonly #isMeasuring: () => boolean;
  #revision = 0;
  #latestMs = this.startMs;

  /** @param signal ends the recording. @param isMeasuring whether a job that starts now is a measurement, and none of the user's. */
  constructor(sharder: Sharder, signal: AbortSignal, isMeasuring: () => boolean = () => false) {
    this.#isMeasuring = isMeasuring;
    for (const { id, state } of sharder.workers) this.#addState({ workerId: id, state, atMs: this.startMs });
    sharder.addEventListener("attempt", ({ detail }) => this.attempts.add(detail, this.#now()), { signal });
    sharder.addEventListener("rebalance", ({ detail }) => this.#rebalances.add({ ...detail, atMs: this.#now() }), {
      signal,
    });
    sharder.addEventListener("fault", ({ detail }) => this.#addFault(detail), { signal });
    sharder.addEventListener("worker", ({ detail }) => this.#addState({ ...detail, atMs: this.#now() }), { signal });
    sharder.addEventListener("job", ({ detail }) => this.#addJob(detail), { signal });
    sharder.addEventListener(
      "progress",
      ({ detail }) => void this.#progress.set(detail.jobId, { ...detail, atMs: this.#now() }),
      { signal },
    );
  }

  /** Rises with every event. */
  get revision(): number {
    return this.#revision;
  }

  /** When the latest event happened, by `performance.now()`, ms. */
  get latestMs(): number {
    return this.#latestMs;
  }

  get rebalances(): readonly At<RebalanceDetail>[] {
    return this.#rebalances.all;
  }

  /** One for each fault, whether it was recovered from or not. */
  get faults(): readonly RecordedFault[] {
    return this.#faults.all;
  }

  /**
   * When workers came, went, restarted and so on, in order; also those that were there at the beginning. "busy" is recorded as "ready":
   * workers switch between the two with every shard, and the attempts show it.
   */
  get states(): readonly At<WorkerDetail>[] {
    return this.#states.all;
  }

  /** The newest jobs by id, in the order of their beginnings. */
  get jobs(): ReadonlyMap<number, RecordedJob> {
    return this.#jobs;
  }

  /** The latest of each job in `jobs`. */
  get progress(): ReadonlyMap<number, At<JobProgress>> {
    return this.#progress;
  }

  /** Ids of all workers that there are or were, in the order in which they came. */
  get workerIds(): readonly string[] {
    return [...this.#latestStates.keys()];
  }

  /** Since when a worker has been on what it is on now, as far as can be told, by `performance.now()`; `undefined` if it is idle or away. */
  busySinceMs(workerId: string): number | undefined {
    const busyMs = this.#busySinceMs.get(workerId);
    return busyMs && Math.max(busyMs, this.attempts.freeSinceMs(workerId));
  }

  /**
   * When the latest run began, and ended if it has: the latest job, with those before it that followed each other with hardly a pause, as
   * the pictures of a folder do. Measurements are left out. `undefined` before the first job.
   */
  get latestRun(): { readonly startMs: number; readonly endMs: number | undefined } | undefined {
    let run: { readonly startMs: number; readonly endMs: number | undefined } | undefined;
    for (const { startMs, endMs, isMeasurement } of this.#jobs.values()) {
      if (isMeasurement) continue;
      const follows = run !== undefined && (run.endMs === undefined || startMs - run.endMs < RUN_GAP_MS);
      const isOpen = endMs === undefined || (follows && run?.endMs === undefined);
      run = {
        startMs: follows ? run!.startMs : startMs,
        endMs: isOpen ? undefined : Math.max(endMs, follows ? run!.endMs! : 0),
      };
    }
    return run;
  }

  /** Whether a job is under way: then time passes in the record though nothing is reported. */
  get isRunning(): boolean {
    for (const { endMs, state } of this.#jobs.values()) if (endMs === undefined && state !== "paused") return true;
    return false;
  }

  #now(): number {
    this.#revision++;
    this.#latestMs = performance.now();
    return this.#latestMs;
  }

  #addState({ workerId, state, atMs }: At<WorkerDetail>): void {
    if (state !== "busy") this.#busySinceMs.delete(workerId);
    else if (!this.#busySinceMs.has(workerId)) this.#busySinceMs.set(workerId, atMs);
    const plain = state === "busy" ? "ready" : state;
    if (this.#latestStates.get(workerId) === plain) return;
    this.#latestStates.set(workerId, plain);
    this.#states.add({ workerId, state: plain, atMs });
  }

  #addFault(detail: FaultDetail): void {
    const atMs = this.#now();
    if (detail.recoverMs === undefined) {
      this.#faults.add({ ...detail, atMs, recoveredAtMs: undefined });
      return;
    }
    const { action, recoverMs } = detail;
    this.#faults.replaceLast(
      ({ faultId }) => faultId === detail.faultId,
      (fault) => ({ ...fault, action, recoverMs, recoveredAtMs: atMs }),
    );
  }

  #addJob({ jobId, state, message }: JobDetail): void {
    const atMs = this.#now();
    const job = this.#jobs.get(jobId) ?? {
      ...{ jobId, startMs: atMs, endMs: undefined, state, message, pauses: [] },
      isMeasurement: this.#isMeasuring(),
    };
    const isPause = state === "paused" || state === "resumed";
    const hasEnded = state === "completed" || state === "failed" || state === "cancelled";
    const pauses = isPause ? [...job.pauses, atMs] : job.pauses;
    this.#jobs.set(jobId, { ...job, state, message, pauses, endMs: hasEnded ? atMs : undefined });
    if (this.#jobs.size <= MAX_JOBS) return;
    const [oldest] = this.#jobs.keys();
    this.#jobs.delete(oldest!);
    this.#progress.delete(oldest!);
  }
}
