import { NO_JOINT_RATES, noteJointWindow, type JointRates } from "../../core/choice/joint-rates.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import { labelOf } from "../../pool/worker-entries.js";
import { perSecond } from "./choice-reasons.js";
import type { ChoiceSnapshot } from "./worker-choice.js";
import { WorkMeter } from "./work-meter.js";

type ReadyWorker = Pick<PoolWorker, "id" | "kind" | "spec" | "state">;

/**
 * What the workers that the caller listed bring. All are used, whatever they bring: nothing is tried. It is seen where one of them joins
 * the others or leaves them in the middle of the work, since it started late, was added or removed, was lost or came back.
 */
export class ListedWorkers {
  readonly #pool: { readonly readyWorkers: readonly ReadyWorker[] };
  readonly #now: () => number;
  readonly #meter: WorkMeter;
  readonly #jobs = new Set<object>();
  /** Those that have finished a shard of the only job: until then a worker may still compile. */
  readonly #warmIds = new Set<string>();
  /** Who is at work in the window that is measured. */
  #workingIds: readonly string[] = [];
  #rates: JointRates = NO_JOINT_RATES;

  constructor(pool: { readonly readyWorkers: readonly ReadyWorker[] }, now: () => number = () => performance.now()) {
    this.#pool = pool;
    this.#now = now;
    this.#meter = new WorkMeter(now());
  }

  /** `undefined` as long as nothing has shown what it brings. */
  snapshotOf(workerId: string): ChoiceSnapshot | undefined {
    const worker = this.#pool.readyWorkers.find(({ id }) => id === workerId);
    const effect = worker && this.#rates.effects.get(keyOf(worker));
    if (worker === undefined || effect === undefined || effect.verdict === "unclear") return undefined;
    const { rateWithout, rateWith, verdict } = effect;
    const isCostly = verdict === "costs";
    const what = isCostly ? "costs more than it brings" : "is of use";
    return {
      state: isCostly ? "costly" : "taken",
      reason: `${labelOf(worker.spec)} ${what}: total ${perSecond(rateWithout)} items/s without it, ${perSecond(rateWith)} with it`,
    };
  }

  began(job: object): void {
    this.#jobs.add(job);
    this.#warmIds.clear();
    this.#meter.restart(this.#now());
  }

  ended(job: object): void {
    this.#jobs.delete(job);
    this.#meter.restart(this.#now());
  }

  /**
   * A worker has finished a shard of the job.
   * @param isBacklog whether more items wait: otherwise the workers may have waited for the source, or for the end.
   */
  finished(
    workerId: string,
    itemCount: number,
    { unitClass }: { readonly unitClass: string },
    isBacklog: boolean,
  ): void {
    const nowMs = this.#now();
    this.#warmIds.add(workerId);
    const working = this.#pool.readyWorkers.filter(({ id, state }) => id === workerId || state === "busy");
    const ids = working.map(({ id }) => id);
    const isClear = this.#jobs.size === 1 && isBacklog && ids.every((id) => this.#warmIds.has(id));
    if (!isClear || ids.join() !== this.#workingIds.join()) {
      this.#workingIds = ids;
      return this.#meter.restart(nowMs);
    }
    this.#meter.finished(workerId, itemCount, nowMs);
    const window = this.#meter.window(ids, nowMs);
    if (window === undefined) return;
    const workerIds = working.map(keyOf);
    this.#rates = noteJointWindow(this.#rates, { workerIds, rate: window.rate, workClass: unitClass, atMs: nowMs });
    this.#meter.restart(nowMs);
  }
}

/** A worker that has fallen back to another backend is another one. */
function keyOf({ id, kind }: ReadyWorker): string {
  return `${id} ${kind}`;
}
