import {
  areLeftFor,
  changeAvailable,
  createChoice,
  observeWindow,
  usedCounts,
  type Choice,
  type WorkerCounts,
} from "../../core/choice/choice.js";
import type { ChoosableWorker } from "../../pool/pool-types.js";
import { labelOf } from "../../pool/worker-entries.js";
import type { ModelMemory } from "../memory/model-memory.js";
import { reasonOf } from "./choice-reasons.js";
import { WorkMeter } from "./work-meter.js";

/** What an earlier visit has found is not doubted before so much has been worked, ms. */
const TRUST_MS = 60_000;
/** A whole job that is shorter than this says nothing about its workers, ms. */
const SHORTEST_JOB_MS = 10;
/** A worker that will not be tried within so much work is unloaded, ms: to load it again costs seconds. */
const LONG_MS = 30_000;

/** Why a worker is used, or not. */
export interface ChoiceSnapshot {
  /**
   * "trying": it is used, or left out, only to see what that brings. "costly": it was listed, so it is used, but the total was measured to
   * be lower with it.
   */
  readonly state: "taken" | "left" | "trying" | "costly";
  /** "wasm × 2: total 57.1 → 110 items/s: taken", for people. */
  readonly reason: string;
}

/** A job whose workers are chosen. */
export interface ChoosingJob {
  /** The set has changed: take in those that are used, and bench the others. */
  useChosen(): void;
}

/** What is only compared with its like. It is known once a job has begun. */
interface WorkClass {
  readonly unitClass: string;
}

/** The workers that there are. */
interface ChoicePool {
  readonly choosableWorkers: readonly ChoosableWorker[];
  unload(id: string): void;
  wake(id: string): void;
  wakeAll(): void;
}

/**
 * Which of the workers jobs use, by what all together were measured to do. Those that are left out for long are unloaded. They come back
 * to be tried again, where others are lost, and where items fail.
 */
export class WorkerChoice {
  readonly #pool: ChoicePool;
  readonly #memory: ModelMemory;
  readonly #now: () => number;
  readonly #jobs = new Set<ChoosingJob>();
  /** Those that spare no worker. */
  readonly #needing = new Set<ChoosingJob>();
  readonly #meter: WorkMeter;
  /** By index of the choice's counts; a kind that is gone keeps its place. */
  #kinds: string[] = [];
  #choice: Choice = createChoice([]);
  /** Workers of each kind that an earlier visit has ended with. */
  #remembered: Readonly<Record<string, number>> | undefined;
  /** Of the only job, when it began, ms; `undefined` if others have run beside it. */
  #jobStartedAtMs: number | undefined;
  #windowCount = 0;

  constructor(pool: ChoicePool, memory: ModelMemory, now: () => number = () => performance.now()) {
    this.#pool = pool;
    this.#memory = memory;
    this.#now = now;
    this.#meter = new WorkMeter(now());
    void memory.read("workers").then((stored) => this.#recall(stored));
  }

  /** Whether jobs use the worker. */
  isUsed({ id, kind }: Pick<ChoosableWorker, "id" | "kind">): boolean {
    const alike = this.#pool.choosableWorkers.filter((worker) => worker.kind === kind);
    const place = alike.findIndex((worker) => worker.id === id);
    return place < (usedCounts(this.#choice)[this.#kinds.indexOf(kind)] ?? Infinity);
  }

  /** `undefined` for a worker that is neither ready nor unloaded. */
  snapshotOf(workerId: string): ChoiceSnapshot | undefined {
    this.workersChanged();
    const workers = this.#pool.choosableWorkers;
    const worker = workers.find(({ id }) => id === workerId);
    if (worker === undefined) return undefined;
    const kind = this.#kinds.indexOf(worker.kind);
    const place = workers.filter((each) => each.kind === worker.kind).indexOf(worker);
    const isSettled = place < (this.#choice.inUse[kind] ?? Infinity);
    const state = this.isUsed(worker) !== isSettled ? "trying" : isSettled ? "taken" : "left";
    return { state, reason: reasonOf(this.#choice, kind, this.#names()) };
  }

  began(job: ChoosingJob): void {
    this.workersChanged();
    this.#jobs.add(job);
    this.#jobStartedAtMs = this.#jobs.size === 1 ? this.#now() : undefined;
    this.#windowCount = 0;
    this.#meter.restart(this.#now());
  }

  /**
   * A worker has finished a shard of the job.
   * @param isBacklog whether more items wait: otherwise the workers may have waited for the source, or for the end.
   */
  finished(workerId: string, itemCount: number, { unitClass }: WorkClass, isBacklog: boolean): void {
    const nowMs = this.#now();
    const used = this.#pool.choosableWorkers.filter((worker) => this.isUsed(worker));
    const isUsed = new Set(used.map(({ id }) => id));
    const areHere = used.every(({ isReady }) => isReady);
    const isClear = areHere && this.#pool.choosableWorkers.every(({ id, isBusy }) => isUsed.has(id) || !isBusy);
    // What the others do, or have not finished yet, would be counted, too.
    if (this.#jobs.size !== 1 || !isBacklog || !isClear) return this.#meter.restart(nowMs);
    this.#meter.finished(workerId, itemCount, nowMs);
    const window = this.#meter.window(
      used.map(({ id }) => id),
      nowMs,
    );
    if (window === undefined) return;
    this.#windowCount++;
    this.#observe({ ...window, workClass: unitClass });
    this.#unloadLeft();
  }

  /** @param itemCount of a job that has finished as it should; else `undefined`. */
  ended(job: ChoosingJob, itemCount: number | undefined, work: WorkClass): void {
    if (!this.#jobs.delete(job)) return;
    this.#needing.delete(job);
    this.#observeJob(itemCount, work);
    this.#unloadLeft();
  }

  /** In the job, something is wrong with items or with workers: it spares nobody until it has ended. */
  needsAll(job: ChoosingJob): void {
    if (this.#jobs.has(job)) this.#needing.add(job);
    this.#pool.wakeAll();
  }

  #observeJob(itemCount: number | undefined, work: WorkClass): void {
    const ms = this.#now() - (this.#jobStartedAtMs ?? Infinity);
    // Too short for a window: jobs of one size are compared as a whole.
    if (itemCount === undefined || this.#windowCount > 0 || !(ms >= SHORTEST_JOB_MS)) return;
    if (!this.#pool.choosableWorkers.every((worker) => worker.isReady || !this.isUsed(worker))) return;
    this.#observe({ rate: itemCount / ms, ms, workClass: `${work.unitClass} × ${itemCount}` });
  }

  /** Workers have become ready, or are no longer. */
  workersChanged(): void {
    const counts = new Map<string, number>();
    for (const { kind } of this.#pool.choosableWorkers) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    this.#kinds = [...new Set([...this.#kinds, ...counts.keys()])];
    const available = this.#kinds.map((kind) => counts.get(kind) ?? 0);
    if (available.join() === this.#choice.available.join()) return;
    const remembered = this.#remembered;
    this.#choice =
      remembered === undefined
        ? changeAvailable(this.#choice, available)
        : createChoice(
            available,
            this.#kinds.map((kind) => remembered[kind] ?? 0),
            TRUST_MS,
          );
    this.#changed();
  }

  #observe(window: Parameters<typeof observeWindow>[1]): void {
    const before = this.#choice;
    this.#choice = observeWindow(before, window);
    if (this.#choice.comparisons !== before.comparisons) {
      // From here on, what was measured now counts.
      this.#remembered = undefined;
      this.#memory.write("workers", Object.fromEntries(this.#kinds.map((kind, at) => [kind, this.#choice.inUse[at]!])));
    }
    this.#changed();
  }

  /** End those that are left out for long. One that is busy for a job is looked at again later. */
  #unloadLeft(): void {
    if (this.#needing.size > 0) return;
    for (const worker of this.#pool.choosableWorkers) {
      const isIdle = worker.isReady && !worker.isBusy && !this.isUsed(worker);
      if (isIdle && areLeftFor(this.#choice, this.#kinds.indexOf(worker.kind), LONG_MS)) this.#pool.unload(worker.id);
    }
  }

  #changed(): void {
    for (const worker of this.#pool.choosableWorkers) {
      if (!worker.isReady && this.isUsed(worker)) this.#pool.wake(worker.id);
    }
    this.#meter.restart(this.#now());
    for (const job of this.#jobs) job.useChosen();
  }

  /** Only until something was measured in this visit. */
  #recall(stored: unknown): void {
    if (this.#choice.comparisons.length > 0 || !isCounts(stored)) return;
    this.#remembered = stored;
    const counts: WorkerCounts = this.#kinds.map((kind) => stored[kind] ?? 0);
    this.#choice = createChoice(this.#choice.available, counts, TRUST_MS);
    this.#changed();
  }

  #names(): readonly string[] {
    return this.#kinds.map((kind) => {
      const one = this.#pool.choosableWorkers.find((worker) => worker.kind === kind);
      return one === undefined ? kind : labelOf(one.spec);
    });
  }
}

function isCounts(stored: unknown): stored is Readonly<Record<string, number>> {
  return (
    typeof stored === "object" &&
    stored !== null &&
    Object.values(stored).every((count) => Number.isSafeInteger(count) && (count as number) >= 0)
  );
}
