import type { Sharder } from "../../index.js";
import type { LiveNumbers } from "../numbers/live-numbers.js";
import type { RunRecord } from "../record/run-record.js";
import type { WorkerColours } from "../workers/colours.js";

/** A sharder on show, and what its panels have in common. */
export interface ShownSharder {
  readonly sharder: Sharder;
  readonly record: RunRecord;
  readonly numbers: LiveNumbers;
  readonly colours: WorkerColours;
  /** What the items of its jobs are called. */
  readonly one: ItemWord;
  /** Aborts when another sharder is shown, or the element leaves the page. */
  readonly signal: AbortSignal;
}

export type ItemWord = "tile" | "item" | "picture";

/** A panel that shows a sharder. It stays on the page when the sharder is replaced by another one. */
export interface SharderPanel {
  readonly root: HTMLElement;
  /** Show this sharder from now on. */
  attach(shown: ShownSharder): void;
}
