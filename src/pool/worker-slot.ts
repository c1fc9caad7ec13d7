import type { ShardError } from "../core/errors.js";
import type { WorkerApi, WorkerReport } from "../protocol/worker-api.js";
import { PoolWorker } from "./pool-worker.js";
import type { WorkerSpec } from "./worker-entries.js";
import type { WorkerLink } from "./worker-link.js";

/** A worker's state as its user sees it: that of the present incarnation, or what happens between two incarnations. */
export type WorkerState = "starting" | "ready" | "busy" | "draining" | "restarting" | "quarantined" | "dead";

/**
 * What survives a worker's death: its id, its spec, and how often it was restarted. One incarnation runs at a time; each is a
 * `PoolWorker`, which stays dead once it has died.
 */
export class WorkerSlot {
  readonly id: string;
  readonly spec: WorkerSpec;
  #worker: PoolWorker | undefined;
  #report: WorkerReport | undefined;
  #lastError: ShardError | undefined;
  #incarnationCount = 0;
  #isAway = false;
  #isLeaving = false;
  #isQuarantined = false;
  #hasBeenReady = false;

  constructor(id: string, spec: WorkerSpec) {
    this.id = id;
    this.spec = spec;
  }

  get state(): WorkerState {
    if (this.#isAway && (this.#worker === undefined || this.#worker.state === "dead")) return "restarting";
    const state = this.#worker?.state ?? "dead";
    return state === "dead" && this.#isQuarantined ? "quarantined" : state;
  }

  /** The present incarnation, or the last one; `undefined` if none could be opened. */
  get worker(): PoolWorker | undefined {
    return this.#worker;
  }

  /** What the latest incarnation that started has reported about itself. */
  get report(): WorkerReport | undefined {
    return this.#worker?.report ?? this.#report;
  }

  /** How often a new incarnation replaced one that had ended. */
  get restarts(): number {
    return Math.max(0, this.#incarnationCount - 1);
  }

  /** The latest thing that went wrong, in any incarnation. */
  get lastError(): ShardError | undefined {
    return this.#worker?.lastError ?? this.#lastError;
  }

  /** Whether its incarnation has ended and another will replace it. */
  get isAway(): boolean {
    return this.#isAway;
  }

  /** It is being removed: no other incarnation comes after this one. */
  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  retire(): void {
    this.#isLeaving = true;
  }

  /** Whether it has ever been ready. */
  get hasBeenReady(): boolean {
    return this.#hasBeenReady;
  }

  /**
   * Start an incarnation, in place of the one that ended, if any.
   * @throws ShardError "backend-unavailable" if the browser refuses to start the script.
   */
  incarnate(open: () => WorkerLink<WorkerApi>, onStateChange: (worker: PoolWorker) => void): PoolWorker {
    [this.#report, this.#lastError] = [this.report, this.lastError];
    this.#worker = new PoolWorker(this.id, this.spec, open(), onStateChange);
    this.#incarnationCount++;
    return this.#worker;
  }

  /** Its incarnation has ended, and another will follow. */
  leave(): void {
    this.#isAway = true;
  }

  /** It is ready, for the first time or again. */
  arrive(): void {
    this.#hasBeenReady = true;
    this.#isAway = false;
  }

  /** No other incarnation will follow. */
  settle(): void {
    this.#isAway = false;
  }

  /** It was proven wrong: jobs no longer count on it. */
  quarantine(): void {
    this.#isQuarantined = true;
  }
}
