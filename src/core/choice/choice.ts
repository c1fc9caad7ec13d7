import {
  ASSUMED_NOISE,
  beginSetTrial,
  compareSets,
  learnNoise,
  noteWindow,
  type PairNoise,
  type SetTrial,
  type Verdict,
} from "./set-trial.js";

/** Trials may cost this fraction of the time that has been worked: a worse set is only tried once that much has been earned. */
const BUDGET = 0.05;
/** What a window with one worker more is expected to cost at least: it may take more from the others than it brings. */
const LEAST_LOSS = 0.25;
/** One worker more has to raise the total by this much, and one fewer may lower it by as much, in ln. */
const MARGIN = 0.01;
/** A set that was not better is tried again once this many times the time has been worked that had been worked by then. */
const REST_FACTOR = 8;
/** So, too, where the difference was not clear. */
const SHORT_REST_FACTOR = 1.25;

/** Workers of each kind, by the kind's index. */
export type WorkerCounts = readonly number[];

/** The engine of each kind, by the kind's index; 0 where left out. Kinds of different engines are never used together. */
export type KindEngines = readonly number[];

/** How the last comparison of a set with the one in use ended. */
export interface Comparison {
  readonly challenger: WorkerCounts;
  readonly inUse: WorkerCounts;
  /** Mean rates of both, items per ms. */
  readonly challengerRate: number;
  readonly inUseRate: number;
  readonly isBetter: boolean;
  /** Whether the difference was clear; otherwise the set in use stays, and the comparison goes on later. */
  readonly isClear: boolean;
}

/**
 * Which of the workers are used. Plain immutable data; `usedCounts` says which set runs until the next window ends.
 *
 * A local search over how many workers of each kind there are, by the measured total of all: one set is in use, and its neighbours are
 * tried beside it, in short windows of a job's own work, whose results count. Workers of one engine are used at a time: all of another
 * engine's are one neighbour.
 */
export interface Choice {
  /** How many there are of each kind. */
  readonly available: WorkerCounts;
  readonly engines: KindEngines;
  readonly inUse: WorkerCounts;
  readonly trial: SetTrial | undefined;
  /** What the last windows were like: only those of one kind of work are compared. */
  readonly workClass: string;
  /** Rate of the set in use in its last window, items per ms; `undefined` before the first of this class. */
  readonly lastRate: number | undefined;
  /** Time of all windows, and what trials of worse sets have cost, ms. */
  readonly workedMs: number;
  readonly spentMs: number;
  /** Nothing is tried before so much has been worked, ms. */
  readonly quietMs: number;
  /** When a set that was not better may be tried again, by `workedMs`; by its counts. */
  readonly restingUntilMs: Readonly<Record<string, number>>;
  /** How much pairs of windows have varied. */
  readonly noise: PairNoise;
  /** Pairs that have decided nothing, by both sets: ln(the first ÷ the second). */
  readonly undecided: Readonly<Record<string, readonly number[]>>;
  /** Latest last, one for each set. */
  readonly comparisons: readonly Comparison[];
}

/** A window of work with the set that `usedCounts` names. */
export interface WorkWindow {
  /** Of all workers together, items per ms. */
  readonly rate: number;
  readonly ms: number;
  /** Windows of other classes are not compared with it: a whole job of so many items, or a part of a long one. */
  readonly workClass: string;
}

/**
 * @param inUse what is known from before; left out: all. Of several engines, the first that has any.
 * @param quietMs nothing is tried before so much has been worked, ms.
 */
export function createChoice(
  available: WorkerCounts,
  inUse: WorkerCounts = available,
  quietMs = 0,
  engines: KindEngines = [],
): Choice {
  return {
    available,
    engines,
    inUse: within(inUse, available, engines),
    trial: undefined,
    workClass: "",
    lastRate: undefined,
    workedMs: 0,
    spentMs: 0,
    quietMs,
    restingUntilMs: {},
    noise: ASSUMED_NOISE,
    undecided: {},
    comparisons: [],
  };
}

/** Which set to use until the next window ends. */
export function usedCounts({ inUse, trial }: Choice): WorkerCounts {
  return trial !== undefined && trial.challengerRate === undefined ? trial.challenger : inUse;
}

/** Whether no worker of a kind but those in use will be tried within so much work, as far as can be foreseen, ms. */
export function areLeftFor(choice: Choice, kind: number, forMs: number): boolean {
  const { trial, inUse, engines, restingUntilMs, quietMs, workedMs } = choice;
  // Those of another engine end by themselves once it has lost.
  if (trial !== undefined || (engines[kind] ?? 0) !== engineInUse(inUse, engines)) return false;
  const more = keyOf(inUse.with(kind, (inUse[kind] ?? 0) + 1));
  return Math.max(quietMs, restingUntilMs[more] ?? 0) >= workedMs + forMs;
}

/** A window has ended. O(kinds). */
export function observeWindow(choice: Choice, { rate, ms, workClass }: WorkWindow): Choice {
  if (!(rate > 0 && rate < Infinity)) return choice;
  const worked = { ...choice, workedMs: choice.workedMs + ms };
  if (workClass !== choice.workClass || choice.lastRate === undefined) {
    // A trial of another class can't go on. What ran in this window may have been its challenger.
    const lastRate = usedCounts(choice) === choice.inUse ? rate : undefined;
    return { ...worked, workClass, lastRate, trial: undefined };
  }
  if (choice.trial === undefined) return beginTrial({ ...worked, lastRate: rate }, ms);
  const isChallenger = choice.trial.challengerRate === undefined;
  // Signed, since windows vary; a trial that won is no debt to the others.
  const lossMs = isChallenger ? (1 - rate / choice.lastRate) * ms : 0;
  const spentMs = Math.max(0, worked.spentMs + lossMs);
  const trial = noteWindow(choice.trial, rate);
  const noted = { ...worked, spentMs, lastRate: isChallenger ? choice.lastRate : rate, trial };
  const verdict = compareSets(trial);
  return isChallenger || verdict === "open" ? noted : endTrial(noted, trial, verdict);
}

/**
 * How many workers there are has changed: those that have come are used, and what was found is found again. Those of another engine than
 * the one in use are tried against it, unless it has none left.
 */
export function changeAvailable(
  choice: Choice,
  available: WorkerCounts,
  engines: KindEngines = choice.engines,
): Choice {
  const remaining = available.map((count, kind) => Math.min(count, choice.inUse[kind] ?? 0));
  const engine = engineInUse(remaining, engines);
  const inUse = available.map((count, kind) => {
    if (engine !== undefined && (engines[kind] ?? 0) !== engine) return 0;
    const come = Math.max(0, count - (choice.available[kind] ?? 0));
    return Math.min(count, (choice.inUse[kind] ?? 0) + come);
  });
  const { workedMs, spentMs } = choice;
  return { ...createChoice(available, inUse, 0, engines), workedMs, spentMs };
}

/** The engine of the workers that are used; `undefined` if there are none. */
export function engineInUse(inUse: WorkerCounts, engines: KindEngines): number | undefined {
  const kind = inUse.findIndex((count) => count > 0);
  return kind === -1 ? undefined : (engines[kind] ?? 0);
}

function beginTrial(choice: Choice, windowMs: number): Choice {
  const challenger = neighbours(choice).find((counts) => mayTry(choice, counts, windowMs));
  if (challenger === undefined) return choice;
  const isMore = isOtherEngine(choice, challenger) || total(challenger) > total(choice.inUse);
  const margin = isMore ? MARGIN : -MARGIN;
  const warmUpCount = isOtherEngine(choice, challenger) ? 1 : 0;
  const { inUse, lastRate, noise, undecided } = choice;
  const known = undecided[pairOf(challenger, inUse)] ?? undecided[pairOf(inUse, challenger)]?.map((ratio) => -ratio);
  return { ...choice, trial: beginSetTrial(challenger, margin, lastRate!, noise, known, warmUpCount) };
}

/** Whether a window with these workers would cost no more than is left for trials, if all workers were alike. */
function mayTry(choice: Choice, counts: WorkerCounts, windowMs: number): boolean {
  const { restingUntilMs, quietMs, inUse, workedMs, spentMs } = choice;
  // Whoever started another engine's workers expects them to be faster.
  if (isOtherEngine(choice, counts) && restingUntilMs[keyOf(counts)] === undefined) return true;
  if (workedMs < Math.max(quietMs, restingUntilMs[keyOf(counts)] ?? 0)) return false;
  const lossMs = windowMs * Math.max(LEAST_LOSS, 1 - total(counts) / total(inUse));
  return spentMs + lossMs <= BUDGET * workedMs;
}

function isOtherEngine({ inUse, engines }: Choice, counts: WorkerCounts): boolean {
  return engineInUse(counts, engines) !== engineInUse(inUse, engines);
}

/** All workers of another engine; and sets that differ in one kind: one fewer, half as many, none, one more. */
function neighbours({ inUse, available, engines }: Choice): WorkerCounts[] {
  const found = new Map<string, WorkerCounts>();
  const used = engineInUse(inUse, engines);
  const engineOf = (kind: number): number => engines[kind] ?? 0;
  for (const engine of new Set(engines)) {
    const counts = available.map((count, kind) => (engineOf(kind) === engine ? count : 0));
    if (engine !== used && total(counts) > 0) found.set(keyOf(counts), counts);
  }
  inUse.forEach((count, kind) => {
    if (engineOf(kind) !== used) return;
    for (const other of [count - 1, Math.ceil(count / 2), 0, count + 1]) {
      const counts = inUse.with(kind, other);
      const isSet = other >= 0 && other !== count && other <= available[kind]! && total(counts) > 0;
      if (isSet) found.set(keyOf(counts), counts);
    }
  });
  return [...found.values()];
}

function endTrial(choice: Choice, trial: SetTrial, { isBetter, isFinal }: Exclude<Verdict, "open">): Choice {
  const { inUse, restingUntilMs, workedMs, undecided, noise } = choice;
  const { challenger, rates, ratios } = trial;
  const comparison = {
    challenger,
    inUse,
    challengerRate: rates.challenger,
    inUseRate: rates.inUse,
    isBetter,
    isClear: isFinal,
  };
  // The one that lost rests.
  const loser = keyOf(isBetter ? inUse : challenger);
  const { [pairOf(challenger, inUse)]: _, [pairOf(inUse, challenger)]: __, ...others } = undecided;
  return {
    ...choice,
    inUse: isBetter ? challenger : inUse,
    lastRate: isBetter ? undefined : choice.lastRate,
    trial: undefined,
    restingUntilMs: { ...restingUntilMs, [loser]: (isFinal ? REST_FACTOR : SHORT_REST_FACTOR) * workedMs },
    noise: learnNoise(noise, trial),
    undecided: isFinal ? others : { ...others, [pairOf(challenger, inUse)]: ratios },
    comparisons: [...choice.comparisons.filter((each) => keyOf(each.challenger) !== keyOf(challenger)), comparison],
  };
}

function pairOf(a: WorkerCounts, b: WorkerCounts): string {
  return `${keyOf(a)} ÷ ${keyOf(b)}`;
}

/** At least one worker, no more than there are, and of one engine. */
function within(counts: WorkerCounts, available: WorkerCounts, engines: KindEngines): WorkerCounts {
  const bounded = available.map((most, kind) => Math.max(0, Math.min(most, Math.floor(counts[kind] ?? 0))));
  const some = total(bounded) > 0 ? bounded : available;
  const engine = engineInUse(some, engines);
  return some.map((count, kind) => ((engines[kind] ?? 0) === engine ? count : 0));
}

function total(counts: WorkerCounts): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

function keyOf(counts: WorkerCounts): string {
  return counts.join();
}
