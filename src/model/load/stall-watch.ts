/** A transfer that brings nothing for so long is given up, ms. */
const STALL_MS = 30_000;
const TICK_MS = 1000;

/** Calls `tick` about every second; returns what stops it. */
export type EverySecond = (tick: () => void) => () => void;

const REAL_SECONDS: EverySecond = (tick) => {
  const timer = setInterval(tick, TICK_MS);
  return () => clearInterval(timer);
};

/**
 * Run a transfer that ends if nothing arrives for 30 s. Ticks are counted instead of time, so that a laptop that slept or a tab that was
 * frozen ends nothing.
 *
 * @param signal aborts the transfer, too.
 * @param transfer uses the signal that it gets, and calls `onArrival` whenever something has come.
 * @throws Error if nothing arrived; otherwise whatever `transfer` throws.
 */
export async function withStallWatch<T>(
  signal: AbortSignal | undefined,
  everySecond: EverySecond | undefined,
  transfer: (signal: AbortSignal, onArrival: () => void) => Promise<T>,
): Promise<T> {
  const ending = new AbortController();
  const end = (): void => ending.abort(signal?.reason);
  let idleMs = 0;
  let onStall: (reason: Error) => void = () => {};
  // Raced: some streams ignore that their request was aborted.
  const stalled = new Promise<never>((_, reject) => (onStall = reject));
  stalled.catch(() => {});
  const stop = (everySecond ?? REAL_SECONDS)(() => {
    idleMs += TICK_MS;
    if (idleMs < STALL_MS || ending.signal.aborted) return;
    const reason = new Error(`nothing arrived for ${STALL_MS / 1000} s`);
    onStall(reason);
    ending.abort(reason);
  });
  signal?.addEventListener("abort", end, { once: true });
  if (signal?.aborted === true) end();
  try {
    const running = transfer(ending.signal, () => (idleMs = 0));
    running.catch(() => {});
    return await Promise.race([running, stalled]);
  } finally {
    stop();
    signal?.removeEventListener("abort", end);
  }
}
