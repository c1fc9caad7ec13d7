import type { RunRecord } from "../record/run-record.js";
import type { LaneLayout } from "./lane-layout.js";
import type { Palette } from "./palette.js";
import type { TimeWindow } from "./time-axis.js";
import type { WorkUnderWay } from "./under-way.js";

/** What is to be drawn. */
export interface Scene {
  readonly record: RunRecord;
  readonly window: TimeWindow;
  /** From when the labels of the time count, ms. */
  readonly zeroMs: number;
  /** By `performance.now()`. */
  readonly nowMs: number;
  /** The worker of each lane, from above. */
  readonly workerIds: readonly string[];
  /** What the workers are on now, by their ids. */
  readonly underWay: ReadonlyMap<string, WorkUnderWay>;
  readonly colourOf: (workerId: string) => string;
  readonly layout: LaneLayout;
  readonly palette: Palette;
  /** The attempt that the keyboard is on, and the one under the pointer: indices in the record's log. */
  readonly focused: number | undefined;
  readonly pointed: number | undefined;
}

/** CSS pixels from the left of the canvas. */
export function xOf({ window: { fromMs, toMs }, layout: { leftPx, timePx } }: Scene, atMs: number): number {
  return leftPx + ((atMs - fromMs) / (toMs - fromMs)) * timePx;
}

/** The inverse, ms. */
export function timeAt({ window: { fromMs, toMs }, layout: { leftPx, timePx } }: Scene, x: number): number {
  return fromMs + ((x - leftPx) / timePx) * (toMs - fromMs);
}
