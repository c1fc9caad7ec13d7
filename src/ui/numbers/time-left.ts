/** A worker that may take part in what is left of a job. */
export interface WorkerAhead {
  /** Measured; `undefined` before its first shard. */
  readonly msPerItem: number | undefined;
  /** Items of the shards that it was given and has not answered, in order. */
  readonly openItemCounts: readonly number[];
  /** For how long it has been on the first of them, ms. */
  readonly silentMs: number;
  /** That takes much longer than it should. */
  readonly isLate: boolean;
}

/**
 * How long a job still takes:
 * - "known": `ms`, by what the workers have shown. "finishing": everything left is with workers of which nobody knows when they answer.
 * - "unknown": nothing has been measured so far.
 */
export type TimeLeft =
  | { readonly kind: "known"; readonly ms: number }
  | { readonly kind: "finishing" }
  | { readonly kind: "unknown" };

/**
 * Predict when the last item is done, if the workers stay as fast as they are.
 *
 * Each worker first finishes what it was given; what nobody was given goes to whoever is free. A shard that is late takes at least as long
 * again as it has already taken.
 *
 * @param itemCount items that are not done, those included that workers are on.
 * @param workers those that may take items. What several of them are on may be listed by only one.
 */
export function timeLeft(itemCount: number, workers: readonly WorkerAhead[]): TimeLeft {
  if (itemCount <= 0) return { kind: "known", ms: 0 };
  if (!workers.some(({ msPerItem }) => msPerItem !== undefined)) return { kind: "unknown" };
  const open = workers.map(({ openItemCounts }) => openItemCounts.reduce((sum, count) => sum + count, 0));
  const openCount = open.reduce((sum, count) => sum + count, 0);
  const unassignedCount = Math.max(0, itemCount - openCount);
  let knownMs = 0;
  let vagueMs: number | undefined;
  const free: FreeWorker[] = [];
  workers.forEach(({ msPerItem, openItemCounts, silentMs, isLate }, index) => {
    const isOn = open[index]! > 0;
    if (isOn && (isLate || msPerItem === undefined)) {
      vagueMs = Math.max(vagueMs ?? 0, silentMs);
      // What it gets next takes as long.
      const lateMsPerItem = silentMs / openItemCounts[0]!;
      if (msPerItem !== undefined) free.push({ freeMs: silentMs, msPerItem: Math.max(msPerItem, lateMsPerItem) });
    } else if (msPerItem !== undefined) {
      const freeMs = Math.max(0, open[index]! * msPerItem - silentMs);
      free.push({ freeMs, msPerItem });
      if (isOn) knownMs = Math.max(knownMs, freeMs);
    }
  });
  if (unassignedCount > 0) {
    if (free.length === 0) return { kind: "unknown" };
    knownMs = Math.max(knownMs, levelMs(unassignedCount, free));
  }
  if (vagueMs === undefined || vagueMs < knownMs) return { kind: "known", ms: knownMs };
  return unassignedCount === 0 ? { kind: "finishing" } : { kind: "known", ms: vagueMs };
}

interface FreeWorker {
  /** When it is free, ms from now. */
  readonly freeMs: number;
  readonly msPerItem: number;
}

/** When workers that start as they become free have done so many items together, ms from now. */
function levelMs(itemCount: number, workers: readonly FreeWorker[]): number {
  let rate = 0;
  let aheadItems = 0;
  let level = Infinity;
  for (const { freeMs, msPerItem } of [...workers].sort((a, b) => a.freeMs - b.freeMs)) {
    if (freeMs >= level) break;
    rate += 1 / msPerItem;
    aheadItems += freeMs / msPerItem;
    level = (itemCount + aheadItems) / rate;
  }
  return level;
}
