import type { JobProgress, RebalanceDetail } from "../../index.js";
import { describeRebalance, shareChange, type Shares } from "./rebalance-words.js";

/** Between two lines about shares, at least, ms. */
const MIN_INTERVAL_MS = 3_000;
/** Moves that follow each other more quickly are told as one, ms. */
const GATHER_MS = 250;
/** How much a share must have moved since the last line, as a fraction of the remaining items. */
const NOTEWORTHY_CHANGE = 0.1;
/** Near the end of a job hardly anything is left to share, so that the shares of it jump. */
const LAST_PART = 0.9;

/**
 * Says when the shares of the newest job have moved so that a reader would notice: joins small and quick moves, and leaves out those at the
 * job's end.
 */
export class ShareLog {
  readonly #add: (text: string) => void;
  /** The shares that the reader knows of. */
  #said: Shares | undefined;
  #latest: Shares = {};
  #saidAtMs = -Infinity;
  #jobId = 0;
  #fraction = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(add: (text: string) => void) {
    this.#add = add;
  }

  progressed({ jobId, fraction }: JobProgress): void {
    this.#follow(jobId);
    if (jobId === this.#jobId) this.#fraction = fraction;
  }

  moved({ jobId = this.#jobId, before, after }: RebalanceDetail): void {
    this.#follow(jobId);
    if (jobId !== this.#jobId) return;
    this.#said ??= before;
    this.#latest = after;
    const waitMs = Math.max(GATHER_MS, this.#saidAtMs + MIN_INTERVAL_MS - performance.now());
    this.#timer ??= setTimeout(() => this.#say(), waitMs);
  }

  /** A newer job takes the place of an older one. */
  #follow(jobId: number): void {
    if (jobId <= this.#jobId) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#jobId = jobId;
    this.#fraction = 0;
    this.#said = undefined;
  }

  #say(): void {
    this.#timer = undefined;
    const before = this.#said ?? this.#latest;
    if (this.#fraction >= LAST_PART || shareChange(before, this.#latest) < NOTEWORTHY_CHANGE) return;
    this.#said = this.#latest;
    this.#saidAtMs = performance.now();
    this.#add(describeRebalance(before, this.#latest));
  }
}
