/** How often numbers follow the clock while nothing else happens, ms. */
const TICK_MS = 250;

/** Call `update` four times a second while `isNeeded`, since silence changes rates and the time left, too. @param signal ends it. */
export function tickWhile(isNeeded: () => boolean, update: () => void, signal: AbortSignal): void {
  if (signal.aborted) return;
  const timer = setInterval(() => isNeeded() && update(), TICK_MS);
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
}
