import { backoffMs } from "../backoff.js";
import type { DeathCause } from "../death-cause.js";
import { CircuitBreaker } from "./circuit-breaker.js";

/** A worker that may be restarted. */
export interface Restartable {
  readonly workerId: string;
  /** The backends that it may run on, the one that it was started for first, and at least that one. */
  readonly backends: readonly string[];
}

/** How one incarnation of a worker ended. */
export interface Death {
  readonly backend: string;
  readonly cause: DeathCause;
  /** How long it had been ready, ms; `undefined` if it never was. */
  readonly readyMs: number | undefined;
  /** How many runs it had completed. */
  readonly runCount: number;
  /** Whether no other worker is there, or is about to be. */
  readonly isLast: boolean;
  /** How long its server has asked to be left alone, ms ≥ 0. */
  readonly retryAfterMs?: number | undefined;
}

/** What is to be done about a worker that has ended. */
export type RestartPlan =
  /** Start it on this backend after the delay, if `next` still says so by then. */
  | { readonly kind: "restart"; readonly backend: string; readonly delayMs: number }
  /** It was proven wrong. Nothing waits for it; after the delay it is started as if it were new. */
  | { readonly kind: "quarantine"; readonly delayMs: number }
  | { readonly kind: "give-up" };

/** A worker that was ready for so long is healthy: what went wrong before no longer counts. */
const HEALTHY_MS = 10_000;
const MOST_DELAY_MS = 30_000;
/** A server that asks to be left alone for longer is asked again after this. */
const MOST_RETRY_AFTER_MS = 3_600_000;
/** Consecutive failures after which nothing further is tried: about two minutes. */
const FAILURE_LIMIT = 8;
/** The same for a worker that has never been ready: its script may not be there, or its backend may not work here at all. */
const NEW_FAILURE_LIMIT = 3;
/** The same for a server, ready before or not: others operate it, and it may be down for half an hour. */
const SERVER_FAILURE_LIMIT = 60;
/** How long a backend that did not start for a worker is left alone by it, as long as there is another, ms; doubled each time. */
const PROBATION_MS = 60_000;
const MOST_PROBATION_MS = 600_000;
/** How long a worker that was proven wrong is left alone, ms; doubled each time. */
const QUARANTINE_MS = 300_000;

/** What is remembered of one worker. */
interface History {
  /** Deaths in a row, none of which was of a healthy worker. */
  failureCount: number;
  hasBeenReady: boolean;
  quarantineCount: number;
  /** By backend: since when it has failed to start, and until when it is left alone. */
  readonly refusals: Map<string, Refusal>;
}

interface Refusal {
  readonly failureCount: number;
  readonly untilMs: number;
}

/**
 * Whether, when and on which backend workers are restarted. It carries nothing out and has no clock; every `nowMs` is on one that
 * never runs backwards.
 *
 * A worker is restarted on its own backend first, soon at first and then after ever longer pauses. If that backend fails to start it, or
 * fails several workers within a short time, it moves on to the next of its backends, and returns after a probation.
 */
export class RestartPolicy {
  readonly #random: () => number;
  readonly #histories = new Map<string, History>();
  readonly #breakers = new Map<string, CircuitBreaker>();

  /** @param random uniform in 0 ≤ x < 1. */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** A worker starts on a backend. */
  started(backend: string, nowMs: number): void {
    this.#breaker(backend).started(nowMs);
  }

  /** It has become ready. */
  ready(workerId: string, backend: string): void {
    const history = this.#history(workerId);
    history.hasBeenReady = true;
    history.refusals.delete(backend);
    this.#breaker(backend).succeeded();
  }

  died({ workerId, backends }: Restartable, death: Death, nowMs: number): RestartPlan {
    const history = this.#history(workerId);
    const { backend, cause, readyMs, runCount, isLast, retryAfterMs = 0 } = death;
    // One that has done some work isn't broken: what ends it again and again is what it is given, and that is limited elsewhere.
    if ((readyMs ?? 0) >= HEALTHY_MS || runCount > 0) history.failureCount = 0;
    history.failureCount++;
    const hasFailedGpu = isOnGpu(backend) && (cause === "device-lost" || cause === "context-lost" || cause === "hung");
    if (readyMs === undefined) this.#refuse(history, death, backend === backends[0], nowMs);
    if (readyMs === undefined || hasFailedGpu) this.#breaker(backend).failed(nowMs);
    if (cause === "wrong-output") {
      const delayMs = QUARANTINE_MS * 2 ** history.quarantineCount++;
      history.refusals.set(backend, { failureCount: 0, untilMs: nowMs + delayMs });
      const hasOther = this.#open(history, backends, nowMs).length > 0;
      if (!isLast || !hasOther) return { kind: "quarantine", delayMs };
    }
    if (history.failureCount >= failureLimitOf(backend, history)) return { kind: "give-up" };
    const plan = this.next({ workerId, backends }, nowMs);
    if (plan.kind !== "restart") return plan;
    const pauseMs = Math.min(MOST_DELAY_MS, backoffMs(history.failureCount, this.#random()));
    return { ...plan, delayMs: Math.max(plan.delayMs, pauseMs, Math.min(MOST_RETRY_AFTER_MS, retryAfterMs)) };
  }

  /** What a worker without an incarnation does now: a restart without delay may begin. */
  next({ workerId, backends }: Restartable, nowMs: number): RestartPlan {
    const history = this.#history(workerId);
    const open = this.#open(history, backends, nowMs);
    const [first] = open;
    if (first !== undefined) {
      const waits = open.map((backend) => this.#breaker(backend).waitMs(nowMs));
      const delayMs = Math.min(...waits);
      return { kind: "restart", backend: open[waits.indexOf(delayMs)]!, delayMs };
    }
    // With nothing else left, one that did not start here is tried again.
    const waiting = backends.filter((backend) => (history.refusals.get(backend)?.untilMs ?? 0) < Infinity);
    const again = waiting[0];
    return again === undefined
      ? { kind: "give-up" }
      : { kind: "restart", backend: again, delayMs: this.#breaker(again).waitMs(nowMs) };
  }

  /**
   * How long a worker that runs on another backend stays there before it may try its own again, ms; `undefined`: for good.
   * @param backend the one that it runs on.
   */
  returnMs({ workerId, backends }: Restartable, backend: string, nowMs: number): number | undefined {
    const { refusals } = this.#history(workerId);
    const better = backends.slice(0, backends.indexOf(backend));
    const waits = better.map((name) =>
      Math.max(this.#breaker(name).waitMs(nowMs), (refusals.get(name)?.untilMs ?? nowMs) - nowMs),
    );
    const waitMs = Math.min(...waits);
    return waitMs === Infinity ? undefined : Math.max(0, waitMs);
  }

  /** It was removed. */
  forget(workerId: string): void {
    this.#histories.delete(workerId);
  }

  /** Leave a backend alone on which a worker did not become ready. */
  #refuse(history: History, { backend, cause }: Death, isOwn: boolean, nowMs: number): void {
    const failureCount = (history.refusals.get(backend)?.failureCount ?? 0) + 1;
    // The model can't run there, whenever it is tried. What was too big stays too big, unless others leave room.
    if (cause === "threw") {
      history.refusals.set(backend, { failureCount, untilMs: Infinity });
      return;
    }
    const patience = isOwn ? (isOnGpu(backend) ? 2 : 4) : 1;
    const excess = cause === "out-of-memory" ? failureCount : failureCount - patience + 1;
    const probationMs = excess <= 0 ? 0 : Math.min(MOST_PROBATION_MS, PROBATION_MS * 2 ** (excess - 1));
    history.refusals.set(backend, { failureCount, untilMs: nowMs + probationMs });
  }

  #open({ refusals }: History, backends: readonly string[], nowMs: number): readonly string[] {
    return backends.filter((backend) => (refusals.get(backend)?.untilMs ?? nowMs) <= nowMs);
  }

  #history(workerId: string): History {
    let history = this.#histories.get(workerId);
    if (history === undefined) {
      history = { failureCount: 0, hasBeenReady: false, quarantineCount: 0, refusals: new Map() };
      this.#histories.set(workerId, history);
    }
    return history;
  }

  #breaker(backend: string): CircuitBreaker {
    let breaker = this.#breakers.get(backend);
    if (breaker === undefined) {
      // The driver takes all workers of a GPU with it, and a browser blocks pages that crash it often.
      // A server may be back at any time, and asking it costs little.
      const ofServer = { openMs: 10_000, mostOpenMs: 30_000 };
      breaker = new CircuitBreaker(
        isOnGpu(backend) ? { failureLimit: 3, windowMs: 120_000 } : isServer(backend) ? ofServer : {},
      );
      this.#breakers.set(backend, breaker);
    }
    return breaker;
  }
}

/** Consecutive failures after which nothing further is tried. */
function failureLimitOf(backend: string, { hasBeenReady }: History): number {
  if (isServer(backend)) return SERVER_FAILURE_LIMIT;
  return hasBeenReady ? FAILURE_LIMIT : NEW_FAILURE_LIMIT;
}

/** Whether it is a server, which is named with its address. */
function isServer(backend: string): boolean {
  return backend.startsWith("remote");
}

/** Whether a backend, named as `labelOf` does, runs on the GPU. */
function isOnGpu(backend: string): boolean {
  return /(^|\/)web(gpu|gl|nn)$/.test(backend);
}
