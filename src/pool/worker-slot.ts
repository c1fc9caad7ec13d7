import type { ShardError } from "../core/errors.js";
import type { WorkerApi, WorkerReport } from "../protocol/worker-api.js";
import { fallbackSpecs } from "./fallback-specs.js";
import { kindOf, PoolWorker, type WorkerHooks } from "./pool-worker.js";
import type { WorkerSpec } from "./worker-entries.js";
import type { WorkerLink } from "./worker-link.js";

/**
 * A worker's state as its user sees it: that of the present incarnation, or what happens between two incarnations. "unloaded": it holds no
 * memory, since jobs do without it for a while.
 */
export type WorkerState =
  | "starting"
  | "ready"
  | "busy"
  | "draining"
  | "restarting"
  | "quarantined"
  | "unloaded"
  | "dead";

/**
 * What is expected of a worker beyond its present incarnation:
 * - "new": it has not been ready yet. "present": it has been ready.
 * - "away": another incarnation will replace the one that has ended or is about to. "quarantined": so, too, but nobody waits for it.
 * - "unloaded": another incarnation follows once it is wanted.
 * - "gone": no other incarnation follows.
 */
type Presence = "new" | "present" | "away" | "quarantined" | "unloaded" | "gone";

/** What is shown while there is no living incarnation. */
const STATE_BETWEEN: Readonly<Record<Presence, WorkerState>> = {
  new: "starting",
  present: "dead",
  away: "restarting",
  quarantined: "quarantined",
  unloaded: "unloaded",
  gone: "dead",
};

/** Settled once: by what a worker's first start comes to. */
class Outcome {
  readonly promise: Promise<PoolWorker>;
  resolve!: (worker: PoolWorker) => void;
  reject!: (error: ShardError) => void;

  constructor() {
    this.promise = new Promise((resolve, reject) => ([this.resolve, this.reject] = [resolve, reject]));
    this.promise.catch(() => {});
  }
}

/**
 * What survives a worker's death: its id, what it was started as, and how often it was restarted. One incarnation runs at a time; each
 * is a `PoolWorker`, which stays dead once it has died.
 */
export class WorkerSlot {
  readonly id: string;
  /** What it was started as. */
  readonly wanted: WorkerSpec;
  /** What it may run as, by name; its own first. */
  readonly specs: ReadonlyMap<string, WorkerSpec>;
  /** Settles with the first incarnation whose engine has started, or the error with which it was given up before. */
  readonly started = new Outcome();
  /** Settles once it has been put to use for the first time, or with the error with which it was given up before. */
  readonly entered = new Outcome();
  /** Whether it is kept where its server is not there at first. */
  readonly isPatient: boolean;
  /** Whether what starts may be given the model. */
  mayEnter = false;
  /** How often in a row it was replaced because of its heap though it was fresh. */
  futileCount = 0;
  #spec: WorkerSpec;
  #worker: PoolWorker | undefined;
  #report: WorkerReport | undefined;
  #lastError: ShardError | undefined;
  #incarnationCount = 0;
  #presence: Presence = "new";
  #hasBeenReady = false;
  #isLeaving = false;
  #unloadCount = 0;
  /** It was unloaded, and is wanted again. */
  #isReturning = false;

  constructor(id: string, spec: WorkerSpec, isPatient = false) {
    this.id = id;
    this.isPatient = isPatient;
    this.wanted = spec;
    this.#spec = spec;
    this.specs = fallbackSpecs(spec);
  }

  /** What it runs as: another backend than it was started for if it fell back. */
  get spec(): WorkerSpec {
    return this.#spec;
  }

  get state(): WorkerState {
    const state = this.#worker?.state ?? "dead";
    // Until it is back, it is being restarted.
    if (state !== "dead" && !(state === "starting" && this.isAway)) return state;
    return this.#isReturning ? "starting" : STATE_BETWEEN[this.#presence];
  }

  /** The present incarnation, or the last one; `undefined` if none could be opened. */
  get worker(): PoolWorker | undefined {
    return this.#worker;
  }

  /** What the latest incarnation that started has reported about itself. */
  get report(): WorkerReport | undefined {
    return this.#worker?.report ?? this.#report;
  }

  /** How often a new incarnation replaced one that had ended, but for those that had been unloaded. */
  get restarts(): number {
    return Math.max(0, this.#incarnationCount - 1 - this.#unloadCount);
  }

  /** The latest thing that went wrong, in any incarnation. */
  get lastError(): ShardError | undefined {
    return this.#worker?.lastError ?? this.#lastError;
  }

  /** Whether its incarnation has ended, or is about to, and another will replace it. */
  get isAway(): boolean {
    return this.#presence === "away";
  }

  /** Whether it was ended for want of use, and nobody has asked for it since. */
  get isUnloaded(): boolean {
    return this.#presence === "unloaded";
  }

  /** Whether it is unloaded, or on its way back. */
  get isSpare(): boolean {
    return this.isUnloaded || this.#isReturning;
  }

  /** As `PoolWorker.kind`, by what the latest incarnation that started has reported. */
  get kind(): string {
    return kindOf(this.#spec, this.report);
  }

  /** Whether it starts for the first time. */
  get isNew(): boolean {
    return this.#presence === "new";
  }

  get isGone(): boolean {
    return this.#presence === "gone";
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
  incarnate(spec: WorkerSpec, open: () => WorkerLink<WorkerApi>, hooks: WorkerHooks): PoolWorker {
    [this.#report, this.#lastError] = [this.report, this.lastError];
    const link = open();
    this.#spec = spec;
    this.#worker = new PoolWorker(this.id, spec, link, hooks);
    this.#incarnationCount++;
    return this.#worker;
  }

  /** Its incarnation has ended, or is about to, and another will follow. */
  leave(): void {
    this.#isReturning = false;
    if (this.#presence !== "new") this.#presence = "away";
  }

  /** Its incarnation is about to end, and no other is wanted for now. */
  unload(): void {
    this.#presence = "unloaded";
  }

  /** It is wanted again: another incarnation will follow. */
  wake(): void {
    this.#presence = "away";
    this.#unloadCount++;
    this.#isReturning = true;
  }

  /** It is ready, for the first time or again. */
  arrive(): void {
    this.#hasBeenReady = true;
    this.#isReturning = false;
    this.#presence = "present";
  }

  /** It was proven wrong: another incarnation follows much later, and nobody waits for it. */
  quarantine(): void {
    this.#isReturning = false;
    this.#presence = "quarantined";
  }

  /** No other incarnation will follow. @param error why, for whoever waits for its first start. */
  settle(error: ShardError): void {
    this.#isReturning = false;
    this.#presence = "gone";
    this.fail(error);
  }

  /** Its first start has failed, whether or not another one follows. @param error for whoever waits for it. */
  fail(error: ShardError): void {
    this.started.reject(error);
    this.entered.reject(error);
  }
}
