import {
  areLeftFor,
  changeAvailable,
  createChoice,
  engineInUse,
  observeWindow,
  usedCounts,
  type Choice,
  type Comparison,
  type WorkerCounts,
} from "../../core/choice/choice.js";
import type { ChoosableWorker } from "../../pool/pool-types.js";
import { labelOf, type EngineName } from "../../pool/worker-entries.js";
import type { ModelMemory } from "../memory/model-memory.js";
import { perSecond, reasonOf } from "./choice-reasons.js";
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

/** How a measurement of one engine against another has ended. */
export interface EngineVerdict {
  readonly engine: EngineName;
  /** Of all its workers together, items/s. */
  readonly itemsPerSecond: number;
  readonly loser: EngineName;
  readonly loserItemsPerSecond: number;
}

/** For a sharder that is to find out which engine is the fastest: its jobs use the workers of one at a time. */
export interface EngineGate {
  /** Whether an engine's workers may be given work: they have shown that they compute the same. */
  admits(engine: EngineName): boolean;
  /** @param refresh to be called when other engines are admitted than before. */
  watch(refresh: () => void): void;
  /** Called once a measurement has decided. */
  onVerdict(verdict: EngineVerdict): void;
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
  /** By index of the choice's counts, as are the kinds. */
  #engines: EngineName[] = [];
  readonly #gate: EngineGate | undefined;
  /** Why the engine in use is used, for people. */
  #won: { readonly engine: EngineName; readonly reason: string } | undefined;

  /** @param gate left out: workers of all engines are used together. */
  constructor(pool: ChoicePool, memory: ModelMemory, now: () => number = () => performance.now(), gate?: EngineGate) {
    this.#pool = pool;
    this.#memory = memory;
    this.#now = now;
    this.#gate = gate;
    this.#meter = new WorkMeter(now());
    gate?.watch(() => {
      this.workersChanged();
      this.#changed();
    });
    void memory.read("workers").then((stored) => this.#recall(stored));
  }

  /** Those that may be given work, and are chosen from. */
  get #workers(): readonly ChoosableWorker[] {
    const { choosableWorkers } = this.#pool;
    if (this.#gate === undefined) return choosableWorkers;
    return choosableWorkers.filter((worker) => this.mayWork(worker) && !this.#isBeside(worker));
  }

  /** Whether it may be given work at all. */
  mayWork({ spec }: Pick<ChoosableWorker, "spec">): boolean {
    return this.#gate?.admits(engineOf(spec)) ?? true;
  }

  /** A server is of no engine here: whoever has named it has it beside either. */
  #isBeside({ spec }: Pick<ChoosableWorker, "spec">): boolean {
    return this.#gate !== undefined && spec.backend === "remote";
  }

  /** The engine that jobs use unless another is being tried; `undefined` while there are no workers. */
  get engine(): EngineName | undefined {
    const index = engineInUse(this.#choice.inUse, this.#engineIndices());
    return index === undefined ? undefined : this.#engines[index];
  }

  /** Whether a job that spares no worker uses this one. */
  isUsable({ spec }: Pick<ChoosableWorker, "spec">): boolean {
    if (this.#gate === undefined || this.#isBeside({ spec })) return true;
    return this.mayWork({ spec }) && (this.engine === undefined || engineOf(spec) === this.engine);
  }

  /** Whether jobs use the worker. */
  isUsed({ id, kind, spec }: Pick<ChoosableWorker, "id" | "kind" | "spec">): boolean {
    if (!this.mayWork({ spec })) return false;
    if (this.#isBeside({ spec })) return true;
    // Nobody has looked since it came: until then it is not known to be of the engine in use.
    if (this.#gate !== undefined && !this.#kinds.includes(kind)) return false;
    const alike = this.#workers.filter((worker) => worker.kind === kind);
    const place = alike.findIndex((worker) => worker.id === id);
    return place < (usedCounts(this.#choice)[this.#kinds.indexOf(kind)] ?? Infinity);
  }

  /** `undefined` for a worker that is neither ready nor unloaded. */
  snapshotOf(workerId: string): ChoiceSnapshot | undefined {
    this.workersChanged();
    const workers = this.#pool.choosableWorkers;
    const worker = workers.find(({ id }) => id === workerId);
    if (worker === undefined) return undefined;
    if (this.#isBeside(worker)) return { state: "taken", reason: "a server that was named is used beside any engine" };
    if (!this.mayWork(worker)) {
      return { state: "trying", reason: `${labelOf(worker.spec)}: its first results are compared with those of TF.js` };
    }
    const kind = this.#kinds.indexOf(worker.kind);
    const place = this.#workers.filter((each) => each.kind === worker.kind).findIndex(({ id }) => id === workerId);
    const isSettled = place < (this.#choice.inUse[kind] ?? Infinity);
    const state = this.isUsed(worker) !== isSettled ? "trying" : isSettled ? "taken" : "left";
    const isOpen = this.#choice.comparisons.length === 0 && isSettled;
    const won = isOpen && this.#won?.engine === engineOf(worker.spec) ? this.#won.reason : undefined;
    return { state, reason: won ?? reasonOf(this.#choice, kind, this.#names()) };
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
    const used = this.#workers.filter((worker) => this.isUsed(worker));
    const isUsed = new Set(used.map(({ id }) => id));
    const areHere = used.every(({ isReady }) => isReady);
    const isClear = areHere && this.#workers.every(({ id, isBusy }) => isUsed.has(id) || !isBusy);
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
    if (!this.#workers.every((worker) => worker.isReady || !this.isUsed(worker))) return;
    this.#observe({ rate: itemCount / ms, ms, workClass: `${work.unitClass} × ${itemCount}` });
  }

  /** Workers have become ready, or are no longer. */
  workersChanged(): void {
    const counts = new Map<string, number>();
    for (const { kind, spec } of this.#workers) {
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
      if (this.#kinds.includes(kind)) continue;
      this.#kinds.push(kind);
      this.#engines.push(engineOf(spec));
    }
    const available = this.#kinds.map((kind) => counts.get(kind) ?? 0);
    if (available.join() === this.#choice.available.join()) return;
    const remembered = this.#remembered;
    this.#choice =
      remembered === undefined
        ? changeAvailable(this.#choice, available, this.#engineIndices())
        : createChoice(
            available,
            this.#kinds.map((kind) => remembered[kind] ?? 0),
            TRUST_MS,
            this.#engineIndices(),
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
    const latest = this.#choice.comparisons.at(-1);
    if (latest !== undefined && !before.comparisons.includes(latest)) this.#report(latest);
  }

  /** Of two engines, one has been measured to be faster. */
  #report({ challenger, inUse, challengerRate, inUseRate, isBetter, isClear }: Comparison): void {
    // It goes on later.
    if (!isClear) return;
    const [tried, used] = [challenger, inUse].map((counts) => engineInUse(counts, this.#engineIndices())!);
    if (tried === used) return;
    const [winner, loser] = isBetter ? [tried!, used!] : [used!, tried!];
    const [rate, loserRate] = isBetter ? [challengerRate, inUseRate] : [inUseRate, challengerRate];
    const name = this.#engines[winner]!;
    const reason = `${name}: total ${perSecond(loserRate)} → ${perSecond(rate)} items/s: taken`;
    this.#won = { engine: name, reason };
    this.#gate?.onVerdict({
      engine: name,
      itemsPerSecond: 1000 * rate,
      loser: this.#engines[loser]!,
      loserItemsPerSecond: 1000 * loserRate,
    });
  }

  /** The index of each kind's engine among `#engines`: all are one where they are used together. */
  #engineIndices(): readonly number[] {
    return this.#gate === undefined ? [] : this.#engines.map((engine) => this.#engines.indexOf(engine));
  }

  /** End those that are left out for long. One that is busy for a job is looked at again later. */
  #unloadLeft(): void {
    if (this.#needing.size > 0) return;
    for (const worker of this.#workers) {
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
    this.#choice = createChoice(this.#choice.available, counts, TRUST_MS, this.#engineIndices());
    this.#changed();
  }

  #names(): readonly string[] {
    return this.#kinds.map((kind) => {
      const one = this.#pool.choosableWorkers.find((worker) => worker.kind === kind);
      return one === undefined ? kind : labelOf(one.spec);
    });
  }
}

function engineOf({ engine = "tfjs" }: ChoosableWorker["spec"]): EngineName {
  return engine;
}

function isCounts(stored: unknown): stored is Readonly<Record<string, number>> {
  return (
    typeof stored === "object" &&
    stored !== null &&
    Object.values(stored).every((count) => Number.isSafeInteger(count) && (count as number) >= 0)
  );
}
