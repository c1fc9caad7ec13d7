/** A block of calls takes at least so long, ms: clocks may be as coarse as 0.1 ms. */
const LEAST_BLOCK_MS = 2;
/** A candidate must take less time per item by this much, in ln. */
const MARGIN = 0.03;
/** After so many pairs the mean decides. */
const MAX_PAIR_COUNT = 12;
/** How much the ratios of pairs are assumed to vary before any has been seen, in ln, and for how many pairs that counts. */
const ASSUMED_DEVIATION = 0.05;
const ASSUMED_PAIR_COUNT = 2;
/** A mean that is so many standard errors away from the margin decides early. */
const DECISIVE_ERRORS = 2;

/** Calls of one size in a row. */
interface Block {
  readonly itemCount: number;
  readonly ms: number;
}

const NO_BLOCK: Block = { itemCount: 0, ms: 0 };

/** A comparison of two sizes of calls, by pairs of blocks: one of the size in use, one of the candidate, in alternating order. */
export interface Trial {
  /** Items of a call that is tried, a power of two. */
  readonly candidate: number;
  readonly isOnCandidate: boolean;
  /** The block that is running. */
  readonly block: Block;
  /** The first block of the pair, ms per item; `undefined` while it is running. */
  readonly firstMsPerItem: number | undefined;
  readonly pairCount: number;
  /** Sums over the pairs of ln(candidate ÷ in use), of ms per item, and of its square. */
  readonly sum: number;
  readonly squareSum: number;
  /** Time in calls of the candidate, ms. */
  readonly candidateMs: number;
}

export function emptyTrial(candidate: number): Trial {
  return {
    candidate,
    isOnCandidate: true,
    block: NO_BLOCK,
    firstMsPerItem: undefined,
    pairCount: 0,
    sum: 0,
    squareSum: 0,
    candidateMs: 0,
  };
}

/**
 * Add a call of the size whose turn it is. Both blocks of a pair cover the items of at least one call of either size.
 * @param inUseItemCount items of a call of the size in use.
 */
export function noteBlock(trial: Trial, inUseItemCount: number, callItemCount: number, ms: number): Trial {
  const { candidate, isOnCandidate, firstMsPerItem } = trial;
  const block = { itemCount: trial.block.itemCount + callItemCount, ms: trial.block.ms + ms };
  const candidateMs = trial.candidateMs + (isOnCandidate ? ms : 0);
  const isFull = block.itemCount >= Math.max(candidate, inUseItemCount) && block.ms >= LEAST_BLOCK_MS;
  if (!isFull) return { ...trial, block, candidateMs };
  const msPerItem = block.ms / block.itemCount;
  if (firstMsPerItem === undefined) {
    return { ...trial, block: NO_BLOCK, candidateMs, firstMsPerItem: msPerItem, isOnCandidate: !isOnCandidate };
  }
  const ratio = Math.log(msPerItem / firstMsPerItem) * (isOnCandidate ? 1 : -1);
  return {
    ...trial,
    block: NO_BLOCK,
    // The next pair begins with the size that this one has ended with, so that a steady drift cancels out.
    firstMsPerItem: undefined,
    pairCount: trial.pairCount + 1,
    sum: trial.sum + ratio,
    squareSum: trial.squareSum + ratio ** 2,
    candidateMs,
  };
}

/**
 * Whether the candidate has shown to be quicker by more than the margin, or not to be.
 * A sequential test of the mean log ratio, whose variance is estimated from the pairs and a prior.
 */
export function compareTrial({ pairCount: n, sum, squareSum }: Trial): "open" | "quicker" | "not-quicker" {
  if (n === 0) return "open";
  const mean = sum / n;
  if (n >= MAX_PAIR_COUNT) return mean < -MARGIN ? "quicker" : "not-quicker";
  const squares = Math.max(0, squareSum - n * mean ** 2) + ASSUMED_PAIR_COUNT * ASSUMED_DEVIATION ** 2;
  const error = Math.sqrt(squares / (n + ASSUMED_PAIR_COUNT - 1) / n);
  if (mean + DECISIVE_ERRORS * error < -MARGIN) return "quicker";
  return mean - DECISIVE_ERRORS * error > -MARGIN ? "not-quicker" : "open";
}
