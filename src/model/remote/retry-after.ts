/**
 * What a `Retry-After` header asks for, ms ≥ 0: seconds, or a date. `undefined` without one that can be read.
 * @param nowMs of the calendar, since it may be a date.
 */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  const seconds = /^\s*\d+(\.\d+)?\s*$/.test(header) ? Number(header) : Number.NaN;
  const ms = Number.isNaN(seconds) ? Date.parse(header) - nowMs : seconds * 1000;
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}
