/** What is known when a re-cut is considered. */
export interface RecutQuestion {
  /** Of the slowest stage as it runs now, ms per item. */
  readonly currentMs: number;
  /** Of the slowest stage under the new plan, ms per item. */
  readonly plannedMs: number;
  /** Items that have not entered the pipeline; `undefined` while a stream's source goes on. */
  readonly remainingItemCount: number | undefined;
  /** What loading the stages anew will take, ms. */
  readonly moveMs: number;
}

/** Less than this gain is within what costs are known to. */
const LEAST_GAIN = 0.1;
/** Where nobody knows how much is left, the gain must be larger: Petals (Borzunov et al., 2023) moves under 0.75. */
const LEAST_GAIN_OF_STREAMS = 0.25;

/**
 * Whether moving to the new plan pays: the slowest stage gets faster by more than the noise, and what is left to do saves more time
 * than the move takes.
 */
export function paysToRecut({ currentMs, plannedMs, remainingItemCount, moveMs }: RecutQuestion): boolean {
  const leastGain = remainingItemCount === undefined ? LEAST_GAIN_OF_STREAMS : LEAST_GAIN;
  if (!(plannedMs < (1 - leastGain) * currentMs)) return false;
  return remainingItemCount === undefined || remainingItemCount * (currentMs - plannedMs) > moveMs;
}
