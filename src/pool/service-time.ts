import type { RunTiming } from "../protocol/worker-api.js";

/**
 * What an attempt cost its worker, ms: from the worker's previous completion, or the sending if it was idle, to this completion.
 *
 * The worker reports its own time and how long it had been idle before, and shares no clock with the page. The way there and back counts
 * as far as the worker had nothing else to do meanwhile. How long a message waited can't be asked of the worker: while a synchronous
 * engine computes, it does not see the message arrive; but then it was not idle either.
 *
 * @param tookMs from the sending to the answer, on the page's clock.
 */
export function serviceMsOf({ idleMs, ranMs }: RunTiming, tookMs: number): number {
  const linkMs = Math.max(0, tookMs - ranMs);
  return ranMs + Math.min(idleMs, linkMs);
}
