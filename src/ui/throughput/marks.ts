import type { FaultDetail, RebalanceDetail } from "../../index.js";
import { describeFault } from "../workers/fault-words.js";
import { describeRebalance } from "../workers/sharder-log.js";

export type MarkKind = "rebalance" | "fault" | "recovery";

/** Something that happened at one moment, drawn as a line across the chart. */
export interface Mark {
  readonly kind: MarkKind;
  /** Seconds since the chart's series began. */
  readonly seconds: number;
  /** A sentence for people. */
  readonly text: string;
}

/** Older marks are removed. */
const MAX_MARKS = 400;
/** Rebalances that follow each other more closely are one mark, s: from the shares before the first to those after the last. */
const REBALANCE_SECONDS = 1;

/** The rebalances, faults and recoveries of a sharder, oldest first. */
export class Marks {
  readonly #marks: Mark[] = [];
  readonly #one: string;
  /** The shares before the rebalances that the latest mark stands for. */
  #before: RebalanceDetail["before"] = {};

  /** @param one what an item is called. */
  constructor(one: string) {
    this.#one = one;
  }

  get all(): readonly Mark[] {
    return this.#marks;
  }

  addFault(detail: FaultDetail, seconds: number): void {
    const kind = detail.recoverMs === undefined ? "fault" : "recovery";
    this.#push({ kind, seconds, text: describeFault(detail, this.#one) });
  }

  addRebalance({ before, after }: RebalanceDetail, seconds: number): void {
    const last = this.#marks.at(-1);
    const isNext = last?.kind === "rebalance" && seconds - last.seconds < REBALANCE_SECONDS;
    if (!isNext) this.#before = before;
    const text = describeRebalance(this.#before, after);
    if (isNext) this.#marks.pop();
    if (text !== "")
      this.#push({ kind: "rebalance", seconds: isNext ? last.seconds : seconds, text: `shares: ${text}` });
  }

  /** The marks around a moment. @param withinSeconds how far away they may be. */
  near(seconds: number, withinSeconds: number): readonly Mark[] {
    return this.#marks.filter((mark) => Math.abs(mark.seconds - seconds) <= withinSeconds);
  }

  #push(mark: Mark): void {
    this.#marks.push(mark);
    if (this.#marks.length > MAX_MARKS) this.#marks.shift();
  }
}
