/** How much the ratios of pairs are assumed to vary before any has been seen, in ln, and for how many pairs that counts. */
const ASSUMED_DEVIATION = 0.1;
const ASSUMED_PAIR_COUNT = 2;
/** What earlier comparisons have shown about that counts for so many pairs at most: the machine may have become calmer. */
const MOST_KNOWN_PAIRS = 20;
/** A mean that is so many standard errors away from the margin decides. */
const DECISIVE_ERRORS = 2.6;
/** After so many pairs a trial pauses, so that another set may have its turn; until it goes on, the set in use stays. */
const PAIRS_AT_ONCE = 8;
/** After so many pairs, of one trial after another, the mean decides. */
const MOST_PAIRS = 96;

/** How much pairs of windows vary: the sum of squared deviations from the means of their trials, in ln², and for how many pairs it stands. */
export interface PairNoise {
  readonly squares: number;
  readonly pairCount: number;
}

export const ASSUMED_NOISE: PairNoise = {
  squares: ASSUMED_PAIR_COUNT * ASSUMED_DEVIATION ** 2,
  pairCount: ASSUMED_PAIR_COUNT,
};

/** A comparison of two sets of workers: windows of the challenger, each between two of the set in use. */
export interface SetTrial {
  /** Workers of each kind. */
  readonly challenger: readonly number[];
  /** What ln(challenger ÷ in use) of the rates has to exceed: more workers have to bring something, fewer may cost a little. */
  readonly margin: number;
  /** Rate of the set in use in the window before, items per ms. */
  readonly beforeRate: number;
  /** Rate of the challenger in the window after that; `undefined` while it is running. */
  readonly challengerRate: number | undefined;
  /** ln(challenger ÷ in use) of each pair; those of earlier trials that decided nothing come first. */
  readonly ratios: readonly number[];
  /** How many of them are of this trial. */
  readonly newCount: number;
  /** From other trials. */
  readonly noise: PairNoise;
  /** So many pairs are still to come that don't count. */
  readonly warmUpCount: number;
  /** Mean rates over the pairs so far, for people, items per ms. */
  readonly rates: { readonly inUse: number; readonly challenger: number };
}

/**
 * @param known ratios of earlier trials of the same two sets, which decided nothing.
 * @param warmUpCount pairs that don't count: workers that are new compile, and find out what calls suit them.
 */
export function beginSetTrial(
  challenger: readonly number[],
  margin: number,
  beforeRate: number,
  noise: PairNoise = ASSUMED_NOISE,
  known: readonly number[] = [],
  warmUpCount = 0,
): SetTrial {
  const rates = { inUse: 0, challenger: 0 };
  return {
    challenger,
    margin,
    beforeRate,
    challengerRate: undefined,
    ratios: known,
    newCount: 0,
    noise,
    warmUpCount,
    rates,
  };
}

/**
 * Add the window that has ended. A challenger is compared with the mean of the windows around it, so that a machine that becomes steadily
 * slower or faster makes no difference.
 * @param rate items per ms, > 0.
 */
export function noteWindow(trial: SetTrial, rate: number): SetTrial {
  const { beforeRate, challengerRate, ratios, rates, newCount: n } = trial;
  if (challengerRate === undefined) return { ...trial, challengerRate: rate };
  if (trial.warmUpCount > 0) {
    return { ...trial, beforeRate: rate, challengerRate: undefined, warmUpCount: trial.warmUpCount - 1 };
  }
  const around = Math.sqrt(beforeRate * rate);
  return {
    ...trial,
    beforeRate: rate,
    challengerRate: undefined,
    ratios: [...ratios, Math.log(challengerRate / around)],
    newCount: n + 1,
    rates: {
      inUse: (n * rates.inUse + around) / (n + 1),
      challenger: (n * rates.challenger + challengerRate) / (n + 1),
    },
  };
}

/** "open": more pairs are needed. Not final: the pairs have shown nothing yet. */
export type Verdict = "open" | { readonly isBetter: boolean; readonly isFinal: boolean };

/**
 * Whether the challenger may take the place of the set in use: a race between two, which ends as soon as the difference is clear.
 * Source: O. Maron and A. W. Moore, Hoeffding races (1994), with the variance estimated from the pairs and a prior.
 */
export function compareSets({ ratios, margin, noise, newCount }: SetTrial): Verdict {
  const n = ratios.length;
  if (newCount === 0) return "open";
  const mean = meanOf(ratios);
  const deviation2 = (squaresOf(ratios) + noise.squares) / (n - 1 + noise.pairCount);
  const error = DECISIVE_ERRORS * Math.sqrt(deviation2 / n);
  const isBetter = mean > margin;
  if (Math.abs(mean - margin) > error || n >= MOST_PAIRS) return { isBetter, isFinal: true };
  return newCount >= PAIRS_AT_ONCE ? { isBetter: false, isFinal: false } : "open";
}

/** What is known about how much pairs vary once a trial has ended. */
export function learnNoise({ squares, pairCount }: PairNoise, { ratios, newCount }: SetTrial): PairNoise {
  const latest = ratios.slice(ratios.length - newCount);
  const all = { squares: squares + squaresOf(latest), pairCount: pairCount + Math.max(0, newCount - 1) };
  const scale = Math.min(1, MOST_KNOWN_PAIRS / all.pairCount);
  return { squares: scale * all.squares, pairCount: scale * all.pairCount };
}

function meanOf(ratios: readonly number[]): number {
  return ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
}

function squaresOf(ratios: readonly number[]): number {
  const mean = meanOf(ratios);
  return ratios.reduce((sum, ratio) => sum + (ratio - mean) ** 2, 0);
}
