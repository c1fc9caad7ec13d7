/** How much the ratios of pairs are assumed to vary before any has been seen, in ln, and for how many pairs that counts. */
const ASSUMED_DEVIATION = 0.05;
const ASSUMED_PAIR_COUNT = 2;
/** A mean that is so many standard errors away from the margin decides. */
const DECISIVE_ERRORS = 1.5;
/** After so many pairs the mean decides. */
const MAX_PAIR_COUNT = 5;

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
  readonly ratios: readonly number[];
  /** Mean rates over the pairs so far, for people, items per ms. */
  readonly rates: { readonly inUse: number; readonly challenger: number };
}

export function beginSetTrial(challenger: readonly number[], margin: number, beforeRate: number): SetTrial {
  const rates = { inUse: 0, challenger: 0 };
  return { challenger, margin, beforeRate, challengerRate: undefined, ratios: [], rates };
}

/**
 * Add the window that has ended. A challenger is compared with the mean of the windows around it, so that a machine that becomes steadily
 * slower or faster makes no difference.
 * @param rate items per ms, > 0.
 */
export function noteWindow(trial: SetTrial, rate: number): SetTrial {
  const { beforeRate, challengerRate, ratios, rates } = trial;
  if (challengerRate === undefined) return { ...trial, challengerRate: rate };
  const around = Math.sqrt(beforeRate * rate);
  const n = ratios.length;
  return {
    ...trial,
    beforeRate: rate,
    challengerRate: undefined,
    ratios: [...ratios, Math.log(challengerRate / around)],
    rates: {
      inUse: (n * rates.inUse + around) / (n + 1),
      challenger: (n * rates.challenger + challengerRate) / (n + 1),
    },
  };
}

/**
 * Whether the challenger may take the place of the set in use: a race between two, which ends as soon as the difference is clear.
 * Source: O. Maron and A. W. Moore, Hoeffding races (1994), with the variance estimated from the pairs and a prior.
 */
export function compareSets({ ratios, margin }: SetTrial): "open" | "better" | "not-better" {
  const n = ratios.length;
  if (n === 0) return "open";
  const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / n;
  if (n >= MAX_PAIR_COUNT) return mean > margin ? "better" : "not-better";
  const squares = ratios.reduce((sum, ratio) => sum + (ratio - mean) ** 2, 0);
  const deviation2 = (squares + ASSUMED_PAIR_COUNT * ASSUMED_DEVIATION ** 2) / (n + ASSUMED_PAIR_COUNT - 1);
  const error = DECISIVE_ERRORS * Math.sqrt(deviation2 / n);
  if (mean - error > margin) return "better";
  return mean + error < margin ? "not-better" : "open";
}
