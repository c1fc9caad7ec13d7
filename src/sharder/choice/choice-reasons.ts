import { engineInUse, type Choice, type Comparison, type WorkerCounts } from "../../core/choice/choice.js";

/**
 * Why so many workers of a kind are used, for people: "webgl × 1: total 110 → 67 items/s: left".
 * @param names of the kinds.
 */
export function reasonOf(
  { comparisons, available, inUse, engines }: Choice,
  kind: number,
  names: readonly string[],
): string {
  const about = comparisons.findLast(({ challenger, inUse: other }) => challenger[kind] !== other[kind]);
  if (about !== undefined) return describe(about, kind, names[kind] ?? "");
  const name = names[kind] ?? "";
  if ((engines[kind] ?? 0) !== engineInUse(inUse, engines)) {
    return `${name} × ${available[kind]}: to be measured against the engine in use`;
  }
  return inUse[kind] === available[kind]
    ? `${name} × ${inUse[kind]}: taken; no other set has been measured yet`
    : `${name}: ${inUse[kind]} of ${available[kind]} taken, as measured in an earlier visit`;
}

/** From the set with fewer workers to the one with more. */
function describe(
  { challenger, inUse, challengerRate, inUseRate, isBetter, isClear }: Comparison,
  kind: number,
  name: string,
): string {
  const isMore = challenger[kind]! > inUse[kind]!;
  const [fewer, more] = isMore ? [inUseRate, challengerRate] : [challengerRate, inUseRate];
  const added = difference(challenger, inUse, kind);
  const isTaken = isMore === isBetter;
  const verdict = `${isTaken ? "taken" : "left"}${isClear ? "" : ", too close to tell yet"}`;
  return `${name} × ${added}: total ${perSecond(fewer)} → ${perSecond(more)} items/s: ${verdict}`;
}

function difference(a: WorkerCounts, b: WorkerCounts, kind: number): number {
  return Math.abs(a[kind]! - b[kind]!);
}

/** For people. */
export function perSecond(itemsPerMs: number): string {
  const rate = 1000 * itemsPerMs;
  return rate >= 100 ? String(Math.round(rate)) : rate.toPrecision(3);
}
