// Numbers for people: short, with their unit.

/** Keeps a number and its unit on one line. */
const NBSP = "\u00a0";

/** @param fraction 0…1; 0.5 becomes "50 %". */
export function formatPercent(fraction: number): string {
  return `${Math.round(fraction * 100)}${NBSP}%`;
}

export function formatBytes(bytes: number): string {
  if (bytes < 1e3) return `${bytes}${NBSP}B`;
  return bytes < 1e6 ? `${Math.round(bytes / 1e3)}${NBSP}kB` : `${(bytes / 1e6).toFixed(1)}${NBSP}MB`;
}

/** At most three digits behind leading zeros: 0.042, 1.25, 12.5, 125. @param value ≥ 0. */
export function formatNumber(value: number): string {
  if (value === 0) return "0";
  if (value < 0.001) return "under 0.001";
  const digits = Math.max(0, Math.min(3, 2 - Math.floor(Math.log10(value))));
  return value.toFixed(digits);
}

/** "6.26 tiles/s". @param perSecond `undefined` before the first measurement. */
export function formatRate(perSecond: number | undefined, unit: "items" | "tiles"): string {
  const rate = perSecond === undefined || !Number.isFinite(perSecond) ? "–" : formatNumber(perSecond);
  return `${rate}${NBSP}${unit}/s`;
}

export function formatDuration(ms: number): string {
  if (ms < 1e3) return `${Math.round(ms)}${NBSP}ms`;
  if (ms < 59_950) return `${(ms / 1e3).toFixed(1)}${NBSP}s`;
  const seconds = Math.round(ms / 1e3);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}${NBSP}min ${seconds % 60}${NBSP}s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)}${NBSP}h ${minutes % 60}${NBSP}min`;
}

/** In whole seconds: the time left is an estimate, and tenths would flicker. */
export function formatTimeLeft(ms: number): string {
  return ms < 1e3 ? `under 1${NBSP}s left` : `${formatDuration(Math.round(ms / 1e3) * 1e3).replace(".0", "")} left`;
}

/** "312 of 690 tiles are done", "1 of 690 tiles is done". @param all how many there are, in words. */
export function formatDone(doneCount: number, all: string): string {
  return `${doneCount} of ${all} ${doneCount === 1 ? "is" : "are"} done`;
}

export function formatCount(count: number, one: string, many = `${one}s`): string {
  return `${count}${NBSP}${count === 1 ? one : many}`;
}
