import type { RunTiming } from "../protocol/worker-api.js";

/**
 * What an attempt cost its worker, ms: from the worker's previous completion, or the sending if it was idle, to this completion.
 *
 * The worker shares no clock with the page: it reports how long it ran and how long it had been idle before. The time of the messages
 * counts only as far as the worker was idle meanwhile. The worker can't report how long a message waited: a synchronous engine doesn't
 * see a message arrive while it computes, but then it isn't idle either.
 *
 * @param tookMs from sending the request to receiving the answer, on the page's clock.
 */
export function serviceMsOf({ idleMs, ranMs }: RunTiming, tookMs: number): number {
  const linkMs = Math.max(0, tookMs - ranMs);
  return ranMs + Math.min(idleMs, linkMs);
}
