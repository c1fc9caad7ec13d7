import type { TimeWindow } from "./time-axis.js";

/** The least distance of two ticks, CSS pixels: their labels must not touch. */
const MIN_TICK_PX = 72;

export interface Tick {
  readonly atMs: number;
  readonly text: string;
}

/**
 * Marks at round times, counted from the beginning of the run.
 * @param zeroMs the beginning, by `performance.now()`.
 */
export function ticksOf({ fromMs, toMs }: TimeWindow, zeroMs: number, widthPx: number): Tick[] {
  const spanMs = toMs - fromMs;
  if (!(spanMs > 0 && widthPx > 0)) return [];
  const stepMs = roundStep((spanMs * MIN_TICK_PX) / widthPx);
  const first = Math.ceil((fromMs - zeroMs) / stepMs);
  const last = Math.floor((toMs - zeroMs) / stepMs);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => {
    const sinceMs = (first + index) * stepMs;
    return { atMs: zeroMs + sinceMs, text: tickText(sinceMs, stepMs) };
  });
}

const MINUTE_MS = 60_000;
const MINUTE_STEPS = [1, 2, 5, 10, 20, 30, 60, 120, 240, 480, 1440];

/** The next round step that is no shorter: 1, 2 or 5 × 10ⁿ ms up to 20 s, 30 s, then whole minutes. */
function roundStep(atLeastMs: number): number {
  if (atLeastMs > 20_000) {
    if (atLeastMs <= 30_000) return 30_000;
    const minutes = MINUTE_STEPS.find((each) => each * MINUTE_MS >= atLeastMs);
    return (minutes ?? Math.ceil(atLeastMs / MINUTE_MS / 1440) * 1440) * MINUTE_MS;
  }
  const power = 10 ** Math.floor(Math.log10(atLeastMs));
  return power * ([1, 2, 5].find((each) => each * power >= atLeastMs * (1 - 1e-9)) ?? 10);
}

/** "1.25 s", "0 s", "3:20", "1:05:00"; with as many digits as tell neighbours apart. */
function tickText(sinceMs: number, stepMs: number): string {
  const sign = sinceMs < 0 ? "−" : "";
  const ms = Math.abs(sinceMs);
  if (stepMs < 30_000 && ms < MINUTE_MS) {
    const digits = Math.max(0, -Math.floor(Math.log10(stepMs / 1e3) + 1e-9));
    return `${sign}${(ms / 1e3).toFixed(digits)}\u00a0s`;
  }
  const digits = stepMs < 1e3 ? Math.max(0, -Math.floor(Math.log10(stepMs / 1e3) + 1e-9)) : 0;
  const rounded = Number((ms / 1e3).toFixed(digits));
  const hours = Math.floor(rounded / 3600);
  const minutes = Math.floor((rounded % 3600) / 60);
  const seconds = (rounded % 60).toFixed(digits).padStart(digits === 0 ? 2 : digits + 3, "0");
  return hours > 0 ? `${sign}${hours}:${String(minutes).padStart(2, "0")}:${seconds}` : `${sign}${minutes}:${seconds}`;
}
