import type { AttemptLog } from "../record/attempt-log.js";

/**
 * The attempt at a point of a lane: the one under it, or the nearest one within `slackMs`. One that ran is preferred to a cancelled one,
 * which may lie under it.
 * @returns its index in the log.
 */
export function attemptAt(attempts: AttemptLog, lane: number, atMs: number, slackMs: number): number | undefined {
  let best: number | undefined;
  let bestScore = Infinity;
  attempts.scan(atMs - slackMs, atMs + slackMs, (index, ofLane, beginMs, endMs, _, isCancelled) => {
    const score = Math.max(0, beginMs - atMs, atMs - endMs) + (isCancelled ? slackMs : 0);
    if (ofLane !== lane || score >= bestScore) return;
    best = index;
    bestScore = score;
  });
  return best;
}

/** How many attempts of a lane lie within a stretch of time, in part at least. */
export function countBetween(attempts: AttemptLog, lane: number, fromMs: number, toMs: number): number {
  let count = 0;
  attempts.scan(fromMs, toMs, (_, ofLane) => {
    if (ofLane === lane) count++;
  });
  return count;
}
