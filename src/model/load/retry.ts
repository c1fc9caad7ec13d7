import { abortError } from "../../protocol/abort.js";

/** How often one file is asked for before it is given up. */
export const MAX_TRIES = 4;

/** A server that asks for more patience than this is not waited for. */
export const MAX_PAUSE_MS = 30_000;

/** Time and chance, so that tests need neither. */
export interface Pacing {
  /** Resolves after `ms`; rejects with ShardError "aborted" as soon as the signal aborts. */
  wait(ms: number, signal: AbortSignal | undefined): Promise<void>;
  /** Uniform in 0…1. */
  random(): number;
  /** Since 1970, as HTTP dates count. */
  nowMs(): number;
}

export const REAL_PACING: Pacing = { wait, random: Math.random, nowMs: Date.now };

/**
 * Before the next try, ms: 250, 750, 2250, less up to half by chance, so that the pages that a server's failure has met
 * do not all come back at once.
 * @param failureCount 1 after the first failure.
 */
export function backoffMs(failureCount: number, random: number): number {
  return 250 * 3 ** (failureCount - 1) * (1 - random / 2);
}

/** Statuses that say "later", rather than "no": request timeout, too many requests, and the server's own failures. */
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
