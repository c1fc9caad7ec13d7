/** Which results of a worker are computed again by another one. */
export interface CheckPolicy {
  /** About this fraction of them, 0…1. */
  readonly fraction: number;
  /** The first few as well, again after a long pause, and from then on one of every few. */
  readonly hasProbation: boolean;
}

/** When a worker is due for a check. Immutable. */
export interface CheckSchedule {
  readonly policy: CheckPolicy;
  /** Results until the next check for the sake of the fraction; Infinity if there is none. */
  readonly fractionLeft: number;
  /** The same for the sake of the probation. */
  readonly probationLeft: number;
  /** Results since the probation began. */
  readonly probationCount: number;
  readonly lastResultMs: number;
}

/** A worker that did nothing for this long is on probation again: drivers may lose their state when a machine sleeps. */
const LONG_PAUSE_MS = 60_000;
/** On probation the checks are twice as far apart each time, up to this many results. */
const MAX_PROBATION_GAP = 16;

/** @param random 0 ≤ x < 1, so that the checks fall on no pattern of the worker's. */
export function createSchedule(policy: CheckPolicy, random: number, nowMs: number): CheckSchedule {
  const { fraction, hasProbation } = policy;
  return {
    policy,
    // The first comes early: until then nothing is known.
    fractionLeft: fraction > 0 ? 1 + Math.floor(random / fraction) : Infinity,
    probationLeft: hasProbation ? 1 : Infinity,
    probationCount: 0,
    lastResultMs: nowMs,
  };
}

/** Whether a worker with this policy is checked as a matter of course. */
export function checksAnything({ fraction, hasProbation }: CheckPolicy): boolean {
  return fraction > 0 || hasProbation;
}

/** The worker has computed one more result. */
export function countResult(schedule: CheckSchedule, nowMs: number): CheckSchedule {
  const wasLong = schedule.policy.hasProbation && nowMs - schedule.lastResultMs > LONG_PAUSE_MS;
  const { fractionLeft, probationLeft, probationCount } = schedule;
  return {
    ...schedule,
    fractionLeft: fractionLeft - 1,
    probationLeft: wasLong ? 0 : probationLeft - 1,
    probationCount: wasLong ? 1 : probationCount + 1,
    lastResultMs: nowMs,
  };
}

/** Whether the latest result should be checked. */
export function isDue({ fractionLeft, probationLeft }: CheckSchedule): boolean {
  return fractionLeft <= 0 || probationLeft <= 0;
}

/**
 * The latest result will be checked. The next check is due after about 1 ÷ fraction further results, and on probation at the results
 * 1, 2, 4, 8, 16, 32, 48 …, whichever comes first.
 *
 * @param random as in `createSchedule`.
 */
export function scheduleNext(schedule: CheckSchedule, random: number): CheckSchedule {
  const { fraction, hasProbation } = schedule.policy;
  const gap = fraction >= 1 ? 1 : Math.max(1, Math.round((0.5 + random) / fraction));
  const probationGap = Math.min(MAX_PROBATION_GAP, Math.max(1, schedule.probationCount));
  return {
    ...schedule,
    fractionLeft: fraction > 0 ? gap : Infinity,
    probationLeft: hasProbation ? probationGap : Infinity,
  };
}
