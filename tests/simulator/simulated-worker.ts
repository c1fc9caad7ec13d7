import type { Throughput } from "../../src/core/throughput/types.js";

/** A time during which a worker is gone. */
export interface Absence {
  readonly atMs: number;
  /** ≥ atMs. A worker that dies meanwhile does not come back. */
  readonly backAtMs: number;
}

/** A scripted worker on the virtual clock. All times in ms from the start of the simulation. */
export interface SimulatedWorker {
  readonly id: string;
  /** True ms per item, > 0. */
  readonly msPerItem: number;
  /** True fixed ms per shard. Default 0. */
  readonly overheadMs?: number;
  /** Service times are multiplied by a uniform number in 1 ± noise. Default 0. */
  readonly noise?: number;
  /** From `atMs` on the worker takes `factor` times as long as at first, a running shard included; ascending by `atMs`. */
  readonly steps?: readonly { readonly atMs: number; readonly factor: number }[];
  /** Times at which the worker leaves with all that it has in flight and comes back as a fresh one; ascending, not overlapping. */
  readonly away?: readonly Absence[];
  readonly diesAtMs?: number;
  /** Default 0. */
  readonly joinsAtMs?: number;
  /** Extra ms of the first shard; if bucketed, of the first shard of every size. Default 0. */
  readonly warmUpMs?: number;
  readonly bucketed?: boolean;
  /** Fraction of attempts that throw, drawn from the seed. Default 0. */
  readonly failureRate?: number;
  /** Fraction of attempts whose results can't be used, drawn from the seed. Default 0. */
  readonly rejectionRate?: number;
  /** What the dispatcher knows of the worker from the start. */
  readonly throughput?: Throughput;
  readonly availability?: number;
}

/** The worker's absences, without those that begin before it joins or after it dies. */
export function absences({ joinsAtMs = 0, diesAtMs = Infinity, away = [] }: SimulatedWorker): readonly Absence[] {
  return away.filter(({ atMs }) => atMs >= joinsAtMs && atMs < diesAtMs);
}

/** The times during which the worker is there. */
function presences(worker: SimulatedWorker): { readonly startMs: number; readonly endMs: number }[] {
  const { joinsAtMs = 0, diesAtMs = Infinity } = worker;
  const gone = absences(worker);
  const starts = [joinsAtMs, ...gone.map(({ backAtMs }) => backAtMs)];
  const ends = [...gone.map(({ atMs }) => atMs), diesAtMs];
  return starts
    .map((startMs, index) => ({ startMs, endMs: ends[index]! }))
    .filter(({ startMs, endMs }) => startMs < endMs);
}

/**
 * When work that starts at `startMs` is finished, with the speed changing at the worker's steps. O(steps).
 *
 * @param workMs how long the work would take at the worker's first speed.
 */
export function finishMs(worker: SimulatedWorker, startMs: number, workMs: number): number {
  let atMs = startMs;
  let leftMs = workMs;
  let factor = 1;
  for (const step of worker.steps ?? []) {
    if (step.atMs > atMs) {
      const doneMs = (step.atMs - atMs) / factor;
      if (doneMs >= leftMs) break;
      leftMs -= doneMs;
      atMs = step.atMs;
    }
    factor = step.factor;
  }
  return atMs + leftMs * factor;
}

/** Work done between two times, in ms at the worker's first speed; the inverse of `finishMs`. O(steps). */
export function workBetween(worker: SimulatedWorker, startMs: number, endMs: number): number {
  let atMs = startMs;
  let workMs = 0;
  let factor = 1;
  for (const step of worker.steps ?? []) {
    const untilMs = Math.min(step.atMs, endMs);
    if (untilMs > atMs) {
      workMs += (untilMs - atMs) / factor;
      atMs = untilMs;
    }
    factor = step.factor;
  }
  return workMs + Math.max(0, endMs - atMs) / factor;
}

/**
 * The oracle: the makespan of someone who knows all speeds, steps, absences and deaths beforehand and divides items at will.
 * It is a lower bound, ms, since each worker that is used pays warm-up and overhead only once. Infinity if the workers die before.
 *
 * It is the time T by which all workers together could have finished N items, found by bisection. O(W · steps) per pass.
 */
export function optimalMakespanMs(itemCount: number, workers: readonly SimulatedWorker[]): number {
  if (itemCount === 0) return 0;
  const itemsBy = (timeMs: number) => {
    let sum = 0;
    for (const worker of workers) {
      let workMs = -(worker.warmUpMs ?? 0) - (worker.overheadMs ?? 0);
      for (const { startMs, endMs } of presences(worker)) {
        if (startMs < timeMs) workMs += workBetween(worker, startMs, Math.min(timeMs, endMs));
      }
      sum += Math.max(0, workMs) / worker.msPerItem;
    }
    return sum;
  };
  let highMs = 1;
  while (itemsBy(highMs) < itemCount) {
    highMs *= 2;
    if (highMs > 1e15) return Infinity;
  }
  let lowMs = 0;
  for (let pass = 0; pass < 60; pass++) {
    const middleMs = (lowMs + highMs) / 2;
    if (itemsBy(middleMs) < itemCount) lowMs = middleMs;
    else highMs = middleMs;
  }
  return highMs;
}
