/**
 * Whole percents that add up to exactly 100, each less than one away from its exact value.
 *
 * @param weights finite, ≥ 0.
 * @returns one per weight; all 0 if the weights are.
 * Source: largest remainder (Hamilton's method); of equal remainders the first gets the percent.
 */
export function percentsOf(weights: readonly number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (!(total > 0)) return weights.map(() => 0);
  const exact = weights.map((weight) => (100 * weight) / total);
  const percents = exact.map(Math.floor);
  const missingCount = 100 - percents.reduce((sum, percent) => sum + percent, 0);
  const byRemainder = exact
    .map((value, index) => ({ index, remainder: value - percents[index]! }))
    .sort((a, b) => b.remainder - a.remainder);
  for (const { index } of byRemainder.slice(0, missingCount)) percents[index]!++;
  return percents;
}

/** The percents of some parts by name. @see percentsOf */
export function percentsByName(weights: ReadonlyMap<string, number>): Map<string, number> {
  const percents = percentsOf([...weights.values()]);
  return new Map([...weights.keys()].map((name, index) => [name, percents[index]!]));
}
