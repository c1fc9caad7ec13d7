import type { AttemptDetail, Sharder, ShardUnderWay, WorkerSnapshot } from "../../index.js";
import { presentMs } from "../parts/frame.js";
import { outgoingOf } from "./outgoing.js";
import { percentsByName } from "./percents.js";
import { RecentWork, type ObservedRate } from "./recent-work.js";
import { timeLeft, type TimeLeft, type WorkerAhead } from "./time-left.js";

/** What one worker does at present. */
export interface WorkerNumbers {
  /** 0 while it has nothing to do; `undefined` before it has finished its first shard. */
  readonly itemsPerSecond: number | undefined;
  /** Its part of the work, whole percents: those of all workers add up to 100 once anything is known. */
  readonly percent: number;
  /** It has been on its shard for much longer than on those before. */
  readonly isLate: boolean;
}

/** What all workers do at present. */
export interface Numbers {
  /** The sum of the workers' rates or, if the model is split by layers, the rate of the last stage. `undefined` before the first shard. */
  readonly itemsPerSecond: number | undefined;
  readonly workers: ReadonlyMap<string, WorkerNumbers>;
}

/** Panels that ask within this time get the same numbers, so that what they show adds up, ms. */
const SAME_MS = 200;

/** Watches a sharder and says how fast it is, as somebody with a stopwatch would. Every panel shows these numbers. */
export class LiveNumbers {
  readonly #sharder: Sharder;
  readonly #work = new Map<string, RecentWork>();
  #latest: Numbers | undefined;
  #latestMs = -Infinity;

  /** @param signal ends the watch. */
  constructor(sharder: Sharder, signal: AbortSignal) {
    this.#sharder = sharder;
    sharder.addEventListener("attempt", ({ detail }) => this.#add(detail), { signal });
    // Another one may get the id of one that has ended: how fast that was says nothing about it.
    sharder.addEventListener(
      "worker",
      ({ detail: { workerId, state } }) => state === "dead" && this.#work.delete(workerId),
      { signal },
    );
  }

  /** @param nowMs by `performance.now()`. */
  at(nowMs: number = presentMs()): Numbers {
    if (this.#latest !== undefined && nowMs - this.#latestMs < SAME_MS) return this.#latest;
    this.#latestMs = nowMs;
    this.#latest = this.#observeAll(nowMs);
    return this.#latest;
  }

  #observeAll(nowMs: number): Numbers {
    const { workers, plan } = this.#sharder;
    const observed = new Map(workers.map((worker) => [worker.id, this.#observe(worker, nowMs)]));
    const outputting = plan.split === "batch" ? undefined : plan.stages.at(-1)?.workerIds;
    const rates = workers.flatMap(({ id }) =>
      outputting?.includes(id) === false ? [] : (observed.get(id)!.itemsPerSecond ?? []),
    );
    const percents = percentsByName(weightsOf(workers, observed, plan.split));
    return {
      itemsPerSecond: rates.length === 0 ? undefined : rates.reduce((sum, rate) => sum + rate, 0),
      workers: new Map(
        workers.map(({ id }) => {
          const { itemsPerSecond, isLate } = observed.get(id)!;
          return [id, { itemsPerSecond, percent: percents.get(id) ?? 0, isLate }];
        }),
      ),
    };
  }

  /** How long the running job still takes. @param itemCount its items that are not done. */
  timeLeft(itemCount: number, nowMs: number = presentMs()): TimeLeft {
    const { workers, plan } = this.#sharder;
    if (plan.split === "layers") {
      const { itemsPerSecond } = this.at(nowMs);
      // Items follow each other through the stages, so that the last one is as far away as the rate says.
      return itemsPerSecond === undefined || itemsPerSecond === 0
        ? { kind: "unknown" }
        : { kind: "known", ms: (1000 * itemCount) / itemsPerSecond };
    }
    const usable = workers.filter(({ state }) => state === "ready" || state === "busy" || state === "draining");
    return timeLeft(itemCount, this.#ahead(usable, nowMs));
  }

  #observe({ id, underWay }: WorkerSnapshot, nowMs: number): ObservedRate {
    return this.#workOf(id).at(nowMs, underWay);
  }

  /** What two workers are on counts for the one that is not late. */
  #ahead(workers: readonly WorkerSnapshot[], nowMs: number): WorkerAhead[] {
    const observed = workers.map((worker) => ({ worker, rate: this.#observe(worker, nowMs) }));
    const inTime = observed.flatMap(({ worker, rate }) => (rate.isLate ? [] : worker.underWay));
    return observed.flatMap(({ worker: { underWay, state }, rate }) => {
      const open = rate.isLate ? underWay.filter((shard) => !inTime.some((other) => overlap(shard, other))) : underWay;
      // It gets nothing more: neither while it is late, nor once it is to leave.
      if (open.length === 0 && (rate.isLate || state === "draining")) return [];
      return { ...rate, openItemCounts: open.map(({ itemCount }) => itemCount) };
    });
  }

  #add(detail: AttemptDetail): void {
    const outgoing = outgoingOf(() => this.#sharder.plan, detail);
    const { workerId, serviceMs } = detail;
    if (outgoing === undefined || serviceMs === undefined) return;
    this.#workOf(workerId).add({ endMs: performance.now(), itemCount: outgoing.workerItemCount, serviceMs });
  }

  #workOf(workerId: string): RecentWork {
    let work = this.#work.get(workerId);
    if (work === undefined) this.#work.set(workerId, (work = new RecentWork()));
    return work;
  }
}

/** Who does how much: as measured now or, until all are measured and while nothing runs, as planned. */
function weightsOf(
  workers: readonly WorkerSnapshot[],
  observed: ReadonlyMap<string, ObservedRate>,
  split: "batch" | "layers",
): ReadonlyMap<string, number> {
  const planned = new Map(workers.map(({ id, share }) => [id, share]));
  if (split === "layers") return planned;
  const busy = workers.filter(({ underWay }) => underWay.length > 0);
  if (busy.length === 0 || busy.some(({ id }) => observed.get(id)!.itemsPerSecond === undefined)) return planned;
  return new Map(workers.map(({ id }) => [id, observed.get(id)!.itemsPerSecond ?? 0]));
}

function overlap(a: ShardUnderWay, b: ShardUnderWay): boolean {
  return a.jobId === b.jobId && a.firstItem < b.firstItem + b.itemCount && b.firstItem < a.firstItem + a.itemCount;
}
