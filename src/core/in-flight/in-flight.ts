/**
 * How many requests a server gets at once. Immutable; it has no clock, and every `nowMs` is on one that never runs backwards.
 *
 * Raised while that makes the rate rise (doubled at first, then by one), never beyond twice what is needed by Little's law (rate × the
 * least latency seen, which is how many a server without a queue holds), and halved when the server says that it is too much, as in TCP's
 * congestion control (additive increase, multiplicative decrease).
 */
export interface InFlight {
  /** Requests at once, whole, 1…`most`. */
  readonly limit: number;
  readonly most: number;
  /** Nothing is sent before this. */
  readonly pausedUntilMs: number;
  /** Refusals since the last answer. */
  readonly refusalCount: number;
  /** Whether the limit is doubled when it is raised. */
  readonly isFirstRise: boolean;
  /** Items per ms with the limit before the latest rise; `undefined` before anything was measured. */
  readonly rateBefore: number | undefined;
  /** The limit before the latest rise, to which it falls back if that has gained nothing. */
  readonly limitBefore: number;
  /** Measurements before the next rise is tried, and how many there were to be. */
  readonly restLeft: number;
  readonly rest: number;
  readonly leastLatencyMs: number;
  readonly halvedAtMs: number;
  readonly measuring: Measuring;
}

interface Measuring {
  readonly sinceMs: number;
  readonly answerCount: number;
  readonly itemCount: number;
  /** Answers that found the limit reached: only then does it say anything. */
  readonly fullCount: number;
}

/** A rate has to rise by this much for a higher limit to stay. */
const GAIN = 1.05;
/** A measurement takes so many answers at least, and so many for each request that may be under way. */
const LEAST_ANSWERS = 4;
const ANSWERS_PER_REQUEST = 2;
const MOST_REST = 16;
/** Without Retry-After: after the first refusal, doubled with each further one. */
const FIRST_PAUSE_MS = 100;
const MOST_PAUSE_MS = 5_000;

/** @param most whole, ≥ 1. */
export function createInFlight(most: number, nowMs: number): InFlight {
  return {
    limit: Math.min(2, most),
    most,
    pausedUntilMs: nowMs,
    refusalCount: 0,
    isFirstRise: true,
    rateBefore: undefined,
    limitBefore: 1,
    restLeft: 0,
    rest: 1,
    leastLatencyMs: Infinity,
    halvedAtMs: -Infinity,
    measuring: measureFrom(nowMs),
  };
}

/** How long until another request may be sent, ms; `Infinity` while as many as may be are under way. */
export function waitMs({ limit, pausedUntilMs }: InFlight, underWayCount: number, nowMs: number): number {
  return underWayCount >= limit ? Infinity : Math.max(0, pausedUntilMs - nowMs);
}

/**
 * A request was answered.
 * @param answer its items, ≥ 1, how long it took, ms, and whether the limit was reached when it was sent or answered.
 */
export function answered(
  state: InFlight,
  {
    itemCount,
    latencyMs,
    wasFull,
  }: { readonly itemCount: number; readonly latencyMs: number; readonly wasFull: boolean },
  nowMs: number,
): InFlight {
  const { sinceMs, ...counts } = state.measuring;
  const measuring: Measuring = {
    sinceMs,
    answerCount: counts.answerCount + 1,
    itemCount: counts.itemCount + itemCount,
    fullCount: counts.fullCount + (wasFull ? 1 : 0),
  };
  const leastLatencyMs = Math.min(state.leastLatencyMs, latencyMs);
  const next = { ...state, measuring, leastLatencyMs, refusalCount: 0 };
  const enough = Math.max(LEAST_ANSWERS, ANSWERS_PER_REQUEST * state.limit);
  if (measuring.answerCount < enough || nowMs <= sinceMs) return next;
  const restarted = { ...next, measuring: measureFrom(nowMs) };
  // Where too little came to fill it, a higher limit would change nothing.
  if (measuring.fullCount < measuring.answerCount / 2) return restarted;
  return adjust(restarted, measuring, nowMs - sinceMs);
}

function adjust(state: InFlight, { itemCount, answerCount }: Measuring, tookMs: number): InFlight {
  const rate = itemCount / tookMs;
  const { limit, rateBefore, limitBefore, isFirstRise } = state;
  const isTrial = limit > limitBefore;
  if (isTrial && rateBefore !== undefined && rate < rateBefore * GAIN) {
    const rest = isFirstRise ? state.rest : Math.min(MOST_REST, state.rest * 2);
    return { ...state, limit: limitBefore, isFirstRise: false, rest, restLeft: rest, rateBefore: undefined };
  }
  if (state.restLeft > 0) return { ...state, restLeft: state.restLeft - 1, limitBefore: limit, rateBefore: rate };
  const needed = (answerCount / tookMs) * state.leastLatencyMs;
  const most = Math.min(state.most, Math.ceil(2 * needed) + 1);
  const raised = Math.max(limit, Math.min(most, isFirstRise ? 2 * limit : limit + 1));
  const rest = isTrial ? 1 : state.rest;
  return { ...state, limit: raised, limitBefore: limit, rateBefore: rate, rest, isFirstRise };
}

/**
 * The server has refused a request as too much (429, 503).
 * @param sentAtMs when it was sent: those that were on their way at the latest halving count with it.
 * @param retryAfterMs as the server asks for; `undefined` if it does not.
 */
export function refused(
  state: InFlight,
  { sentAtMs, retryAfterMs }: { readonly sentAtMs: number; readonly retryAfterMs: number | undefined },
  nowMs: number,
): InFlight {
  const refusalCount = state.refusalCount + 1;
  const pauseMs = retryAfterMs ?? Math.min(MOST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (refusalCount - 1));
  const pausedUntilMs = Math.max(state.pausedUntilMs, nowMs + pauseMs);
  if (sentAtMs < state.halvedAtMs) return { ...state, pausedUntilMs };
  const limit = Math.max(1, Math.floor(state.limit / 2));
  return {
    ...state,
    limit,
    limitBefore: limit,
    rateBefore: undefined,
    isFirstRise: false,
    restLeft: state.rest,
    pausedUntilMs,
    refusalCount,
    halvedAtMs: nowMs,
    measuring: measureFrom(pausedUntilMs),
  };
}

function measureFrom(sinceMs: number): Measuring {
  return { sinceMs, answerCount: 0, itemCount: 0, fullCount: 0 };
}
