/** How far two results of the same items are apart. */
export interface Distance {
  /** They agree within the tolerance of the workers that computed them. */
  readonly agrees: boolean;
  /** The largest difference, relative to the largest value of an output; Infinity if they can't be compared. */
  readonly relative: number;
}

/** Of a result and two others of the same items. */
export interface Distances {
  /** From the result to the check. */
  readonly resultToCheck: Distance;
  readonly resultToThird: Distance;
  readonly checkToThird: Distance;
}

/** Which of a result and its check are wrong. */
export type Verdict = "neither" | "result" | "check" | "both";

/**
 * A difference up to this, relative to the largest value, may be rounding that a sensitive model amplifies; it convicts nobody without
 * two that agree.
 */
export const ROUNDING_LIMIT = 1e-3;

/** Of three results, one is an outlier if the others are this many times closer to each other than to it. */
const OUTLIER_RATIO = 8;

/**
 * A result and its check differ, and a third worker has computed the same items: the one that differs from both others is wrong.
 * If all three differ, the third, which is the most trusted, decides, unless rounding could explain it.
 */
export function judgeThree({ resultToCheck, resultToThird, checkToThird }: Distances): Verdict {
  if (resultToThird.agrees && checkToThird.agrees) return "neither";
  if (checkToThird.agrees) return "result";
  if (resultToThird.agrees) return "check";
  const [apart, a, b] = [resultToCheck.relative, resultToThird.relative, checkToThird.relative];
  if (OUTLIER_RATIO * b <= Math.min(apart, a)) return "result";
  if (OUTLIER_RATIO * a <= Math.min(apart, b)) return "check";
  if (a > ROUNDING_LIMIT && b > ROUNDING_LIMIT) return "both";
  if (a > ROUNDING_LIMIT) return "result";
  return b > ROUNDING_LIMIT ? "check" : "neither";
}

/**
 * A result and its check differ, and nobody else can compute the items: the less trusted one is wrong.
 * @param trust how much each is trusted: CPU before WASM before a GPU.
 * @returns `undefined` if that decides nothing.
 */
export function judgeTwo(
  { relative }: Distance,
  trust: { readonly result: number; readonly check: number },
): Verdict | undefined {
  if (relative <= ROUNDING_LIMIT) return "neither";
  if (trust.result === trust.check) return undefined;
  return trust.result < trust.check ? "result" : "check";
}
