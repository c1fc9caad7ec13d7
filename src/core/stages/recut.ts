/** What is known when a re-cut is considered. */
export interface RecutQuestion {
  /** Time of the slowest stage as it runs now, ms per item. */
  readonly currentMs: number;
  /** Time of the slowest stage under the new plan, ms per item. */
  readonly plannedMs: number;
  /** Items that have not entered the pipeline; `undefined` while a stream's source is open. */
  readonly remainingItemCount: number | undefined;
  /** How long it will take to load the new stages, ms. */
  readonly moveMs: number;
  /** Time lost, in this job and those before, since a better plan was first known, ms. */
  readonly lostMs: number;
}

/** A smaller gain than this is within the error of the costs. */
const LEAST_GAIN = 0.1;

/** Cost beyond the loading of a move for a disturbance that then passes, ms: the pipeline is slower until it moves back. */
const VAIN_MOVE_MS = 500;
/** A disturbance that passes by itself seldom slows the pipeline to less than this fraction of the speed that it could have. */
const PASSING_SLOWDOWN = 0.5;

/** Whether the new plan is better by more than the noise. */
export function isWorthwhile({ currentMs, plannedMs }: Pick<RecutQuestion, "currentMs" | "plannedMs">): boolean {
  return plannedMs < (1 - LEAST_GAIN) * currentMs;
}

/**
 * How much time not moving must have cost before a move pays, ms. It is twice as much near the end of a job, where a move costs more than
 * it can still save there: another job may follow.
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
 * move may. It is unknown how long a disturbance lasts and which jobs will follow. A move once the loss has reached the price costs at
 * most twice as much as the best decision by someone who knows.
 *
 * Source: ski rental; Karlin, Manasse, Rudolph and Sleator, Competitive snoopy caching (1988).
 */
export function paysToRecut(question: RecutQuestion): boolean {
  return isWorthwhile(question) && question.lostMs > recutPriceMs(question);
}
