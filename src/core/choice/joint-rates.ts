/** So many windows on either side of a change are compared: those next to it, so that whatever else changed earlier or later counts little. */
const SIDE_COUNT = 4;
/** With fewer on a side nothing is said. */
const LEAST_COUNT = 3;
/** Windows that are further apart than this are not compared, ms: meanwhile the machine may have become another. */
const LONGEST_GAP_MS = 60_000;
/** How much windows are assumed to vary before any has been seen, in ln, and for how many windows that counts. */
const ASSUMED_DEVIATION = 0.05;
const ASSUMED_COUNT = 2;
/** The difference has to be so many standard errors away from the margin. */
const DECISIVE_ERRORS = 4;
/** A total that is lower by less than this is not worth a word, in ln. */
const MARGIN = 0.02;

/** What some workers did together for a while. */
export interface JointWindow {
  /** Each of them was at work the whole time, and no other was. */
  readonly workerIds: readonly string[];
  /** Of all together, items per ms, > 0. */
  readonly rate: number;
  /** Only windows of one class are compared. */
  readonly workClass: string;
  readonly atMs: number;
}

/** What one worker more has done to the total. */
export interface JointEffect {
  /** Geometric means of the total next to the change, items per ms. */
  readonly rateWithout: number;
  readonly rateWith: number;
  /** "costs": the total is lower with it. "brings": it is higher. "unclear": the windows vary too much to say. */
  readonly verdict: "costs" | "brings" | "unclear";
}

/** Windows in a row with the same workers. */
interface Run {
  readonly key: string;
  readonly workerIds: readonly string[];
  /** ln of the first rates but for the very first, in which the change was still under way, and of the last. */
  readonly first: readonly number[];
  readonly last: readonly number[];
  readonly lastAtMs: number;
}

/** Which workers did how much together. Plain immutable data. */
export interface JointRates {
  readonly before: Run | undefined;
  readonly now: Run | undefined;
  /** By the worker that came or went, from its latest change. */
  readonly effects: ReadonlyMap<string, JointEffect>;
}

export const NO_JOINT_RATES: JointRates = { before: undefined, now: undefined, effects: new Map() };

/**
 * A window has ended. Where a single worker has joined those of the windows before, or left them, the total before and after says what it
 * brings. O(workers).
 */
export function noteJointWindow(rates: JointRates, window: JointWindow): JointRates {
  const workerIds = window.workerIds.toSorted();
  const key = `${window.workClass} ${workerIds.join()}`;
  const isSame = rates.now?.key === key;
  const lnRate = Math.log(window.rate);
  const now: Run = {
    key,
    workerIds,
    first: isSame ? [...rates.now!.first, lnRate].slice(0, SIDE_COUNT) : [],
    last: isSame ? [...rates.now!.last, lnRate].slice(-SIDE_COUNT) : [lnRate],
    lastAtMs: window.atMs,
  };
  if (isSame) return withEffect({ ...rates, now });
  const isComparable =
    rates.now?.key.startsWith(`${window.workClass} `) === true && window.atMs - rates.now.lastAtMs < LONGEST_GAP_MS;
  return { ...rates, before: isComparable ? rates.now : undefined, now };
}

function withEffect(rates: JointRates): JointRates {
  const { before, now, effects } = rates;
  if (before === undefined || now === undefined) return rates;
  const [came, went] = [minus(now.workerIds, before.workerIds), minus(before.workerIds, now.workerIds)];
  const isOne = came.length + went.length === 1;
  if (!isOne || before.last.length < LEAST_COUNT || now.first.length < LEAST_COUNT) return rates;
  const effect = came.length === 1 ? compare(before.last, now.first) : compare(now.first, before.last);
  return { ...rates, effects: new Map(effects).set((came[0] ?? went[0])!, effect) };
}

/** Source: the two-sample t statistic, with a prior for the variance. */
function compare(without: readonly number[], beside: readonly number[]): JointEffect {
  const [meanWithout, meanWith] = [mean(without), mean(beside)];
  const squares = deviations(without, meanWithout) + deviations(beside, meanWith);
  const freedom = without.length + beside.length - 2 + ASSUMED_COUNT;
  const variance = (squares + ASSUMED_COUNT * ASSUMED_DEVIATION ** 2) / freedom;
  const error = DECISIVE_ERRORS * Math.sqrt(variance * (1 / without.length + 1 / beside.length));
  const change = meanWith - meanWithout;
  const verdict = change + error < -MARGIN ? "costs" : change - error > 0 ? "brings" : "unclear";
  return { rateWithout: Math.exp(meanWithout), rateWith: Math.exp(meanWith), verdict };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function deviations(values: readonly number[], from: number): number {
  return values.reduce((sum, value) => sum + (value - from) ** 2, 0);
}

function minus(some: readonly string[], others: readonly string[]): readonly string[] {
  return some.filter((each) => !others.includes(each));
}
