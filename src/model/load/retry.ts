import { abortError } from "../../protocol/abort.js";
import type { EverySecond } from "./stall-watch.js";

/** How often one file is requested before the download fails. */
export const MAX_TRIES = 4;

/** If a server asks for a longer pause than this, the download fails at once. */
export const MAX_PAUSE_MS = 30_000;

/** Time and randomness, passed in so that tests don't depend on either. */
export interface Pacing {
  /** Resolves after `ms`; rejects with ShardError "aborted" as soon as the signal aborts. */
  wait(ms: number, signal: AbortSignal | undefined): Promise<void>;
  /** Uniform between 0 and 1. */
  random(): number;
  /** Milliseconds since 1970, the clock of HTTP dates. */
  nowMs(): number;
  /** Counts how long nothing has arrived. Default: once a second. */
  readonly everySecond?: EverySecond;
}

export const REAL_PACING: Pacing = { wait, random: Math.random, nowMs: Date.now };

/** Whether a status means "later" rather than "no": request timeout, too many requests, and failures of the server itself. */
export function isTransient(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/** The pause that a Retry-After header asks for, ms ≥ 0; `undefined` if it is missing or unreadable. Source: RFC 9110, 10.2.3. */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  const ms = /^\s*\d+\s*$/.test(header) ? Number(header) * 1e3 : Date.parse(header) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(abortError(signal!));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", onAbort, { once: true });
    if (signal?.aborted) onAbort();
  });
}
