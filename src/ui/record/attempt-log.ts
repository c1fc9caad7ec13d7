import type { AttemptDetail, AttemptKind } from "../../index.js";

export type AttemptOutcome = AttemptDetail["outcome"];

/** An attempt, and when it happened by `performance.now()`, ms. */
export interface RecordedAttempt extends AttemptDetail {
  /** When it was sent. It may have waited behind another shard then. */
  readonly sentMs: number;
  /** From when on the worker was busy with it, as far as can be told. */
  readonly beginMs: number;
  readonly endMs: number;
}

const OUTCOMES: readonly AttemptOutcome[] = ["completed", "failed", "lost", "cancelled"];
const KINDS: readonly AttemptKind[] = ["first", "retry", "backup"];

const COMPLETED = OUTCOMES.indexOf("completed");
const CANCELLED = OUTCOMES.indexOf("cancelled");
const FIRST = KINDS.indexOf("first");

/** @param isPlain it completed, and was neither a retry nor a backup. */
export type AttemptVisitor = (
  index: number,
  lane: number,
  beginMs: number,
  endMs: number,
  isPlain: boolean,
  isCancelled: boolean,
) => void;

/** How many attempts are kept: 7 MB. */
const MAX_ATTEMPTS = 100_000;
const FIRST_CAPACITY = 1024;
/** In place of a stage, where the worker holds the whole model. */
const NO_STAGE = -1;
const NO_LANE = -1;

/**
 * The newest attempts of a sharder in columns, in the order of their ends, so that recording one allocates nothing. An attempt keeps the
 * index by which it was counted; those before `first` are no longer held.
 */
export class AttemptLog {
  /** Ids of the workers, in the order of their first attempt; `lane` is an index into it. */
  readonly workerIds: string[] = [];
  readonly #capacity: number;
  readonly #lanes = new Map<string, number>();
  /** When each worker ended the attempt that it was last on, ms. */
  readonly #freeSinceMs: number[] = [];
  #total = 0;
  #longestMs = 0;
  #columns = createColumns(FIRST_CAPACITY);

  /** @param capacity how many attempts are held at most. */
  constructor(capacity = MAX_ATTEMPTS) {
    this.#capacity = capacity;
  }

  /** How many attempts have ended; one past the index of the newest. */
  get total(): number {
    return this.#total;
  }

  /** The index of the oldest attempt that is held. */
  get first(): number {
    return Math.max(0, this.#total - this.#capacity);
  }

  /** The longest time that any attempt was worked on, ms. */
  get longestMs(): number {
    return this.#longestMs;
  }

  /** When a worker ended the attempt that it was last on, ms; -∞ before that. */
  freeSinceMs(workerId: string): number {
    return this.#freeSinceMs[this.#lanes.get(workerId) ?? NO_LANE] ?? -Infinity;
  }

  /** @param endMs when it ended, by `performance.now()`; no earlier than that of the attempt before. */
  add(detail: AttemptDetail, endMs: number): void {
    const { workerId, latencyMs, serviceMs, outcome } = detail;
    const lane = this.#laneOf(workerId);
    const sentMs = endMs - latencyMs;
    const freeMs = this.#freeSinceMs[lane]!;
    // What is cancelled was mostly waiting, so it doesn't show since when the worker was busy.
    const busyMs = serviceMs === undefined ? freeMs : Math.max(freeMs, endMs - serviceMs);
    const beginMs = Math.min(endMs, Math.max(sentMs, busyMs));
    if (outcome !== "cancelled") this.#freeSinceMs[lane] = endMs;
    this.#longestMs = Math.max(this.#longestMs, endMs - beginMs);
    const columns = this.#roomy();
    const at = this.#total % this.#capacity;
    columns.jobId[at] = detail.jobId;
    columns.attemptId[at] = detail.attemptId;
    columns.lane[at] = lane;
    columns.kind[at] = KINDS.indexOf(detail.kind);
    columns.outcome[at] = OUTCOMES.indexOf(outcome);
    columns.stage[at] = detail.stage ?? NO_STAGE;
    columns.firstItem[at] = detail.firstItem;
    columns.itemCount[at] = detail.itemCount;
    columns.sentMs[at] = sentMs;
    columns.beginMs[at] = beginMs;
    columns.endMs[at] = endMs;
    columns.serviceMs[at] = serviceMs ?? NaN;
    columns.predictedMs[at] = detail.predictedMs ?? NaN;
    this.#total++;
  }

  // The columns, for readers that go over many attempts. `index`: `first` … `total` - 1.

  laneOf = (index: number): number => this.#columns.lane[index % this.#capacity]!;
  beginMsOf = (index: number): number => this.#columns.beginMs[index % this.#capacity]!;
  endMsOf = (index: number): number => this.#columns.endMs[index % this.#capacity]!;
  firstItemOf = (index: number): number => this.#columns.firstItem[index % this.#capacity]!;
  itemCountOf = (index: number): number => this.#columns.itemCount[index % this.#capacity]!;
  jobIdOf = (index: number): number => this.#columns.jobId[index % this.#capacity]!;
  outcomeOf = (index: number): AttemptOutcome => OUTCOMES[this.#columns.outcome[index % this.#capacity]!]!;
  kindOf = (index: number): AttemptKind => KINDS[this.#columns.kind[index % this.#capacity]!]!;
  /** `undefined` if the worker holds the whole model. */
  stageOf = (index: number): number | undefined => {
    const stage = this.#columns.stage[index % this.#capacity]!;
    return stage === NO_STAGE ? undefined : stage;
  };

  /** All that is known of one attempt; `undefined` if it is not held. */
  at(index: number): RecordedAttempt | undefined {
    if (!(index >= this.first && index < this.#total)) return undefined;
    const columns = this.#columns;
    const at = index % this.#capacity;
    const stage = this.stageOf(index);
    const sentMs = columns.sentMs[at]!;
    const endMs = columns.endMs[at]!;
    return {
      jobId: columns.jobId[at]!,
      attemptId: columns.attemptId[at]!,
      workerId: this.workerIds[columns.lane[at]!]!,
      kind: this.kindOf(index),
      ...(stage !== undefined && { stage }),
      firstItem: columns.firstItem[at]!,
      itemCount: columns.itemCount[at]!,
      outcome: this.outcomeOf(index),
      latencyMs: endMs - sentMs,
      serviceMs: known(columns.serviceMs[at]!),
      predictedMs: known(columns.predictedMs[at]!),
      sentMs,
      beginMs: columns.beginMs[at]!,
      endMs,
    };
  }

  /** The index of the first held attempt that ended at `ms` or later; `total` if none has. O(log n). */
  firstEndingFrom(ms: number): number {
    let low = this.first;
    let high = this.#total;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.endMsOf(middle) < ms) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * Go over the attempts of a window that were worked on in it, in part at least, in the order of their ends. O(attempts in the window);
   * nothing is allocated.
   */
  scan(fromMs: number, toMs: number, visit: AttemptVisitor): void {
    const { lane, beginMs, endMs, outcome, kind } = this.#columns;
    for (let index = this.firstEndingFrom(fromMs); index < this.#total; index++) {
      const at = index % this.#capacity;
      const end = endMs[at]!;
      // What comes later ended later, and so began too late as well.
      if (end - this.#longestMs > toMs) return;
      const begin = beginMs[at]!;
      if (begin > toMs) continue;
      const isPlain = outcome[at] === COMPLETED && kind[at] === FIRST;
      visit(index, lane[at]!, begin, end, isPlain, outcome[at] === CANCELLED);
    }
  }

  /** All held attempts, oldest first. */
  *[Symbol.iterator](): Generator<RecordedAttempt, void, undefined> {
    for (let index = this.first; index < this.#total; index++) {
      const attempt = this.at(index);
      if (attempt !== undefined) yield attempt;
    }
  }

  #laneOf(workerId: string): number {
    let lane = this.#lanes.get(workerId);
    if (lane === undefined) {
      lane = this.workerIds.push(workerId) - 1;
      this.#lanes.set(workerId, lane);
      this.#freeSinceMs.push(-Infinity);
    }
    return lane;
  }

  /** The columns, with room for one more. */
  #roomy(): Columns {
    const held = this.#columns.endMs.length;
    if (this.#total < held || held >= this.#capacity) return this.#columns;
    const larger = createColumns(Math.min(2 * held, this.#capacity));
    for (const name of COLUMN_NAMES) larger[name].set(this.#columns[name]);
    this.#columns = larger;
    return larger;
  }
}

type Columns = ReturnType<typeof createColumns>;

function createColumns(length: number) {
  return {
    jobId: new Float64Array(length),
    attemptId: new Float64Array(length),
    lane: new Uint16Array(length),
    kind: new Uint8Array(length),
    outcome: new Uint8Array(length),
    stage: new Int16Array(length),
    firstItem: new Float64Array(length),
    itemCount: new Float64Array(length),
    sentMs: new Float64Array(length),
    beginMs: new Float64Array(length),
    endMs: new Float64Array(length),
    serviceMs: new Float64Array(length),
    predictedMs: new Float64Array(length),
  };
}

const COLUMN_NAMES = [
  "jobId",
  "attemptId",
  "lane",
  "kind",
  "outcome",
  "stage",
  "firstItem",
  "itemCount",
  "sentMs",
  "beginMs",
  "endMs",
  "serviceMs",
  "predictedMs",
] as const;

function known(value: number): number | undefined {
  return Number.isNaN(value) ? undefined : value;
}
