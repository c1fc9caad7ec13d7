import { abortError } from "../../protocol/abort.js";

/** Requests for one file before the download fails. */
export const MAX_TRIES = 4;

/** The longest pause that a server may ask for; the download fails where it asks for more. */
export const MAX_PAUSE_MS = 30_000;

/** Time and chance. They are passed in, so that tests need neither. */
export interface Pacing {
  /** Resolves after `ms`; rejects with ShardError "aborted" as soon as the signal aborts. */
  wait(ms: number, signal: AbortSignal | undefined): Promise<void>;
  /** Uniform in 0…1. */
  random(): number;
  /** Ms since 1970, as HTTP dates count. */
  nowMs(): number;
}

export const REAL_PACING: Pacing = { wait, random: Math.random, nowMs: Date.now };

/** Statuses that mean "later" rather than "no": request timeout, too many requests, and the server's own failures. */
export function isTransient(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/** What a Retry-After header asks for, ms ≥ 0; `undefined` where there is none to read. Source: RFC 9110, 10.2.3. */
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
