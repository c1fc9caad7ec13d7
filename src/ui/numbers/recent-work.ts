/** A shard that a worker has finished. */
export interface DoneShard {
  /** When the page learned of it, ms on the page's clock. */
  readonly endMs: number;
  readonly itemCount: number;
  /** How long the worker was on it, ms. */
  readonly serviceMs: number;
}

/** A shard that a worker was given and has not answered. */
export interface OpenShard {
  readonly itemCount: number;
  readonly sentAtMs: number;
}

/** A rate covers about this much of the latest time, ms. */
const WINDOW_MS = 2_000;
/** A worker without work for longer than this does nothing at present, ms. */
const IDLE_MS = 1_000;
/** A shard that took this many times longer than those before it, and this many ms, shows that the worker has become slower. */
const SLOWER_FACTOR = 2;
const SLOWER_MS = 500;
/** A shard is late once it takes this many times longer than the ones before it. */
const LATE_FACTOR = 1.25;
/** As many shards as are kept at most, however short they are. */
const MAX_SHARDS = 500;

/** What a worker does, as somebody with a stopwatch would say. */
export interface ObservedRate {
  /** Items per second over the latest time, which the silence of the present shard lowers; `undefined` before the first shard. */
  readonly itemsPerSecond: number | undefined;
  /** Ms per item of the shards that it has finished; `undefined` before the first shard. */
  readonly msPerItem: number | undefined;
  /** For how long it has been on the shard that it is on, ms; 0 if it is on none. */
  readonly silentMs: number;
  /** The shard takes much longer than those before it: nobody knows how long. */
  readonly isLate: boolean;
}

/** The latest shards of one worker, and how fast they show it to be. */
export class RecentWork {
  readonly #done: DoneShard[] = [];
  /** Of all shards in `#done`. */
  #itemCount = 0;
  #isWarm = false;

  add(shard: DoneShard): void {
    const { endMs, itemCount, serviceMs } = shard;
    const last = this.#done.at(-1);
    const msPerItem = this.#msPerItem;
    const wasIdle = last !== undefined && endMs - serviceMs - last.endMs > IDLE_MS;
    const isSlower =
      msPerItem !== undefined &&
      itemCount > 0 &&
      serviceMs > SLOWER_MS &&
      serviceMs > SLOWER_FACTOR * itemCount * msPerItem;
    // In the first one, the worker compiles and allocates.
    const wasCold = last !== undefined && !this.#isWarm;
    this.#isWarm ||= last !== undefined;
    if (wasIdle || isSlower || wasCold) this.#done.length = this.#itemCount = 0;
    this.#done.push(shard);
    this.#itemCount += itemCount;
    const isBeyond = (): boolean => endMs - this.#done[0]!.endMs >= WINDOW_MS || this.#done.length > MAX_SHARDS;
    while (this.#done.length > 1 && isBeyond()) this.#itemCount -= this.#done.shift()!.itemCount;
  }

  /**
   * How fast the worker is now.
   *
   * What it has finished says how fast it was. A shard that takes longer says that it is slower: its n items in the time that has passed
   * are the most that it can still reach.
   *
   * @param open what it has been given and not answered, in order; it is on the first.
   */
  at(nowMs: number, open: readonly OpenShard[]): ObservedRate {
    const msPerItem = this.#msPerItem;
    const last = this.#done.at(-1);
    const [present] = open;
    const silentMs = present === undefined ? 0 : Math.max(0, nowMs - Math.max(present.sentAtMs, last?.endMs ?? 0));
    if (msPerItem === undefined || last === undefined) {
      return { itemsPerSecond: undefined, msPerItem: undefined, silentMs, isLate: false };
    }
    if (present === undefined) {
      const hasStopped = nowMs - last.endMs > IDLE_MS;
      return { itemsPerSecond: hasStopped ? 0 : 1000 / msPerItem, msPerItem, silentMs, isLate: false };
    }
    const silentMsPerItem = silentMs / present.itemCount;
    return {
      itemsPerSecond: 1000 / Math.max(msPerItem, silentMsPerItem),
      msPerItem,
      silentMs,
      isLate: silentMsPerItem > LATE_FACTOR * msPerItem,
    };
  }

  /** Over the elapsed time, short waits for work included. */
  get #msPerItem(): number | undefined {
    const [first] = this.#done;
    const last = this.#done.at(-1);
    if (first === undefined || last === undefined) return undefined;
    const elapsedMs = Math.max(1, last.endMs - first.endMs + first.serviceMs);
    return this.#itemCount === 0 ? undefined : elapsedMs / this.#itemCount;
  }
}
