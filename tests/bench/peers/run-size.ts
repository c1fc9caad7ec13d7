/** Of the fastest subject. Shorter runs measure the messages around them. */
const FASTEST_SECONDS = 1.2;
/** Of the slowest subject, so that nobody waits for minutes. */
const SLOWEST_SECONDS = 5;

/**
 * How many items the subjects run, each time.
 *
 * @param rates        items/s of each subject in its sweep, at least one.
 * @param quantum      items: a multiple of it is returned, so that every part of every subject makes whole calls.
 * @param maxItemCount for the memory; at least one quantum is returned nevertheless.
 */
export function runItemCount(rates: readonly number[], quantum: number, maxItemCount: number): number {
  const wanted = Math.min(FASTEST_SECONDS * Math.max(...rates), maxItemCount);
  return quantum * Math.max(1, Math.floor(wanted / quantum));
}

/**
 * How many of them a slow subject runs, in whole calls: what it does in some seconds says as much.
 *
 * @param rate     its items/s in its sweep.
 * @param quantum  a divisor of `itemCount`: its workers × its items per call.
 */
export function ownItemCount(rate: number, quantum: number, itemCount: number): number {
  return Math.min(itemCount, quantum * Math.max(1, Math.floor((SLOWEST_SECONDS * rate) / quantum)));
}

/** The least number of items that is a multiple of every subject's: parts × items per call. */
export function commonQuantum(counts: readonly number[]): number {
  return counts.reduce((all, count) => (all * count) / divisor(all, count), 1);
}

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b);
}
