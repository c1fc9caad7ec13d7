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
  /** What has been lost so far, in this job and those before, since a better plan was first known, ms. */
  readonly lostMs: number;
}

/** Less than this gain is within what costs are known to. */
const LEAST_GAIN = 0.1;

/** What a move for a disturbance that passes by itself costs beyond the loading: it is slower until that is noticed and taken back, ms. */
const VAIN_MOVE_MS = 500;
/** What passes by itself seldom makes the pipeline slower than this fraction of what it could be. */
const PASSING_SLOWDOWN = 0.5;

/** Whether the new plan is better by more than the noise. */
export function isWorthwhile({ currentMs, plannedMs }: Pick<RecutQuestion, "currentMs" | "plannedMs">): boolean {
  return plannedMs < (1 - LEAST_GAIN) * currentMs;
}

/**
 * What not moving must have cost before a move pays, ms. Near the end of a job, where moving costs more than it can still save there, twice
 * as much: another job may follow.
 */
export function recutPriceMs({
  currentMs,
  plannedMs,
  remainingItemCount,
  moveMs,
}: Omit<RecutQuestion, "lostMs">): number {
  const priceMs = moveMs + (plannedMs < PASSING_SLOWDOWN * currentMs ? 0 : VAIN_MOVE_MS);
  const savesMs = remainingItemCount === undefined ? Infinity : remainingItemCount * (currentMs - plannedMs);
  return savesMs > moveMs ? priceMs : 2 * priceMs;
}

/**
 * Whether moving to the new plan pays: the slowest stage gets faster by more than the noise, and not having moved has cost as much as the
 * move may. Nobody knows how long a disturbance lasts or what jobs will follow; whoever pays when the loss has reached the price pays
 * at most twice what he would have paid knowing it (ski rental; Karlin, Manasse, Rudolph and Sleator, Competitive snoopy caching, 1988).
 */
export function paysToRecut(question: RecutQuestion): boolean {
  return isWorthwhile(question) && question.lostMs > recutPriceMs(question);
}
