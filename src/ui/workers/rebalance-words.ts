import { formatPercent } from "../parts/format.js";

/** Fractions of the remaining items by worker id. */
export type Shares = Readonly<Record<string, number>>;

/**
 * "wasm-2 gets more: 50 % → 80 %; wasm-1 gets less: 50 % → 20 %": the largest gain first.
 * @returns "" if no share has changed by a percent.
 */
export function describeRebalance(before: Shares, after: Shares): string {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .map((id) => {
      const [was, is] = [before[id] ?? 0, after[id] ?? 0];
      return { id, gain: is - was, from: formatPercent(was), to: formatPercent(is) };
    })
    .filter(({ from, to }) => from !== to)
    .sort((a, b) => b.gain - a.gain)
    .map(({ id, gain, from, to }) => `${id} gets ${gain > 0 ? "more" : "less"}: ${from} → ${to}`)
    .join("; ");
}

/** The most by which any worker's share differs, 0…1. */
export function shareChange(before: Shares, after: Shares): number {
  const ids = new Set([...Object.keys(before), ...Object.keys(after)]);
  return Math.max(0, ...[...ids].map((id) => Math.abs((after[id] ?? 0) - (before[id] ?? 0))));
}
