/** Width of a bin at first, ms. */
const FIRST_BIN_MS = 500;
/** Once there are more bins, pairs of them are merged. */
const MAX_BINS = 1_200;

/** A shard that was finished. */
export interface FinishedWork {
  readonly workerId: string;
  /** Ms since the series began. */
  readonly endMs: number;
  /** How long the worker was on it, ms. */
  readonly serviceMs: number;
  readonly workerItemCount: number;
  readonly doneItemCount: number;
}

/** Items per second over time. */
export interface ThroughputTable {
  /** The middle of each bin, ms since the series began. */
  readonly middlesMs: readonly number[];
  readonly total: readonly number[];
  readonly byWorker: ReadonlyMap<string, readonly number[]>;
  /** Over the whole span, exactly: what was finished in it ÷ its length. */
  readonly meanTotal: number;
  readonly meanByWorker: ReadonlyMap<string, number>;
}

/** What a worker is on at present, and how fast it appears to be. */
export interface PresentRate {
  readonly itemsPerSecond: number;
  /** When it finished its latest shard, ms since the series began. */
  readonly sinceMs: number;
  /** Whether what leaves it is done. */
  readonly isLast: boolean;
}

/**
 * Counts items by time and worker, in bins. Each shard's items are spread evenly over the time that the worker was on it, so that large
 * shards don't look like spikes. Its memory is bounded: bins become wider as time passes.
 */
export class ThroughputSeries {
  #binMs = FIRST_BIN_MS;
  #total: number[] = [];
  readonly #byWorker = new Map<string, number[]>();
  readonly #latestMs = new Map<string, number>();
  /** What was finished since a moment within a bin, exactly: in total, and by worker. */
  #since = { ms: 0, total: 0, byWorker: new Map<string, number>() };

  /** Whether nothing has been finished. */
  get isEmpty(): boolean {
    return this.#latestMs.size === 0;
  }

  add({ workerId, endMs, serviceMs, workerItemCount, doneItemCount }: FinishedWork): void {
    while (endMs / this.#binMs >= MAX_BINS) this.#merge();
    const startMs = Math.max(0, endMs - serviceMs);
    spread(binsOf(this.#byWorker, workerId), startMs, endMs, workerItemCount, this.#binMs);
    spread(this.#total, startMs, endMs, doneItemCount, this.#binMs);
    this.#latestMs.set(workerId, Math.max(endMs, this.#latestMs.get(workerId) ?? 0));
    const part = partSince(this.#since.ms, startMs, endMs);
    this.#since.total += part * doneItemCount;
    const { byWorker } = this.#since;
    byWorker.set(workerId, (byWorker.get(workerId) ?? 0) + part * workerItemCount);
  }

  /**
   * Count exactly from this moment on, at which a job began. What was finished in its bin before is another job's.
   * @param ms since the series began. To be called before what was finished since is added.
   */
  countFrom(ms: number): void {
    if (ms !== this.#since.ms) this.#since = { ms, total: 0, byWorker: new Map() };
  }

  /** When a worker finished its latest shard, ms since the series began; `undefined` before the first. */
  latestMsOf(workerId: string): number | undefined {
    return this.#latestMs.get(workerId);
  }

  /**
   * The bins that end after `fromMs` and by `toMs`. Of a bin that `fromMs` is in, only the part after it counts: exactly if that is the moment of
   * `countFrom`, else as if what was finished in the bin were spread evenly.
   * @param order in which the workers come; those that have finished nothing are left out.
   * @param present what workers are on by id: their rates stand for the time of which nothing is known yet.
   */
  table(
    fromMs: number,
    toMs: number,
    order: readonly string[],
    present: ReadonlyMap<string, PresentRate> = new Map(),
  ): ThroughputTable {
    const binMs = this.#binMs;
    const first = Math.max(0, Math.floor(fromMs / binMs));
    const count = Math.max(0, Math.floor(toMs / binMs) - first);
    // The bin that has only begun belongs to the span, too.
    const end = first + count + 1;
    const firstPartMs = (first + 1) * binMs - fromMs;
    const countsOf = (bins: readonly number[], since: number | undefined): number[] => {
      const counts = Array.from({ length: end - first }, (_, index) => bins[first + index] ?? 0);
      const later = bins.slice(first + 1).reduce((sum, itemCount) => sum + itemCount, 0);
      const isExact = fromMs === this.#since.ms && since !== undefined;
      counts[0] = isExact ? Math.max(0, since - later) : (counts[0]! * firstPartMs) / binMs;
      return counts;
    };
    const ratesOf = (counts: readonly number[]): number[] =>
      counts.slice(0, count).map((itemCount, index) => (1_000 * itemCount) / (index === 0 ? firstPartMs : binMs));
    const meanOf = (counts: readonly number[]): number =>
      (1_000 * counts.reduce((sum, itemCount) => sum + itemCount, 0)) / Math.max(1, toMs - fromMs);
    const totalCounts = countsOf(this.#total, this.#since.total);
    const total = ratesOf(totalCounts);
    const byWorker = new Map<string, readonly number[]>();
    const meanByWorker = new Map<string, number>();
    for (const workerId of order) {
      const bins = this.#byWorker.get(workerId);
      if (bins === undefined) continue;
      const counts = countsOf(bins, this.#since.byWorker.get(workerId) ?? 0);
      const rates = ratesOf(counts);
      const now = present.get(workerId);
      for (let index = 0; now !== undefined && index < count; index++) {
        // The part of the bin for which the shard under way stands.
        const part = Math.min(1, Math.max(0, first + index + 1 - now.sinceMs / binMs));
        rates[index]! += part * now.itemsPerSecond;
        if (now.isLast) total[index]! += part * now.itemsPerSecond;
      }
      byWorker.set(workerId, rates);
      meanByWorker.set(workerId, meanOf(counts));
    }
    const middlesMs = Array.from({ length: count }, (_, index) => (first + index + 0.5) * binMs);
    return { middlesMs, total, byWorker, meanTotal: meanOf(totalCounts), meanByWorker };
  }

  #merge(): void {
    this.#binMs *= 2;
    this.#total = pairs(this.#total);
    for (const [workerId, bins] of this.#byWorker) this.#byWorker.set(workerId, pairs(bins));
  }
}

function binsOf(byWorker: Map<string, number[]>, workerId: string): number[] {
  const known = byWorker.get(workerId);
  if (known !== undefined) return known;
  const bins: number[] = [];
  byWorker.set(workerId, bins);
  return bins;
}

/** Add items to the bins from `startMs` to `endMs`, to each as many as it overlaps. */
function spread(bins: number[], startMs: number, endMs: number, itemCount: number, binMs: number): void {
  const first = Math.floor(startMs / binMs);
  const last = Math.floor(endMs / binMs);
  while (bins.length <= last) bins.push(0);
  if (first === last) {
    bins[last]! += itemCount;
    return;
  }
  const perMs = itemCount / (endMs - startMs);
  for (let index = first; index <= last; index++) {
    const overlapMs = Math.min(endMs, (index + 1) * binMs) - Math.max(startMs, index * binMs);
    bins[index]! += perMs * overlapMs;
  }
}

/** The part of the time from `startMs` to `endMs` that is after `sinceMs`, 0…1. */
function partSince(sinceMs: number, startMs: number, endMs: number): number {
  if (startMs >= sinceMs) return 1;
  return endMs <= sinceMs ? 0 : (endMs - sinceMs) / (endMs - startMs);
}

function pairs(bins: readonly number[]): number[] {
  return Array.from(
    { length: Math.ceil(bins.length / 2) },
    (_, index) => bins[2 * index]! + (bins[2 * index + 1] ?? 0),
  );
}
