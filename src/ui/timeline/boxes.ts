import type { AttemptLog } from "../record/attempt-log.js";
import type { TimeWindow } from "./time-axis.js";

/** Attempts that are narrower are drawn together, CSS pixels. */
const MIN_BOX_PX = 2;
/** What is drawn together gets no wider: in a longer stretch one could not see where the worker was busier. */
const MAX_RUN_PX = 4;

/** Takes what is to be drawn, from left to right within each lane. x: CSS pixels from the left end of the window. */
export interface BoxSink {
  /** One attempt. @param index in the log. */
  box(index: number, lane: number, x: number, width: number): void;
  /**
   * Attempts too narrow to be told apart.
   * @param count how many. @param coverage 0…1, the part of the time in which the worker was busy. @param trouble how many of them did not
   *        complete, or were retries or backups.
   */
  run(lane: number, x: number, width: number, count: number, coverage: number, trouble: number): void;
}

/** Attempts of one lane that are being put together. */
interface Run {
  startPx: number;
  endPx: number;
  busyPx: number;
  count: number;
  trouble: number;
}

/**
 * Lay out the attempts of a window, with at most about one box per pixel and lane, however many there are. Cancelled attempts, which
 * mostly waited, may overlap others.
 *
 * O(attempts in the window); it allocates nothing per attempt.
 */
export function layOutBoxes(attempts: AttemptLog, { fromMs, toMs }: TimeWindow, widthPx: number, sink: BoxSink): void {
  const pxPerMs = widthPx / (toMs - fromMs);
  const runs: Run[] = attempts.workerIds.map(() => ({ startPx: 0, endPx: 0, busyPx: 0, count: 0, trouble: 0 }));
  const flush = (run: Run, lane: number): void => {
    if (run.count === 0) return;
    const width = run.endPx - run.startPx;
    const coverage = width > 0 ? Math.min(1, run.busyPx / width) : 1;
    sink.run(lane, run.startPx, width, run.count, coverage, run.trouble);
    run.count = 0;
  };
  attempts.scan(fromMs, toMs, (index, lane, beginMs, endMs, isPlain, isCancelled) => {
    const x = (beginMs - fromMs) * pxPerMs;
    const width = (endMs - beginMs) * pxPerMs;
    const run = runs[lane]!;
    if (width >= MIN_BOX_PX) {
      if (!isCancelled) flush(run, lane);
      sink.box(index, lane, x, width);
      return;
    }
    const fits = run.count > 0 && x <= run.endPx + 1 && x + width - run.startPx <= MAX_RUN_PX;
    if (!fits) {
      flush(run, lane);
      run.startPx = x;
      run.endPx = x;
      run.busyPx = 0;
      run.trouble = 0;
    }
    run.endPx = Math.max(x + width, run.endPx);
    if (!isCancelled) run.busyPx += width;
    run.count++;
    if (!isPlain) run.trouble++;
  });
  runs.forEach(flush);
}
