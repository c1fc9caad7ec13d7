/** Items per second of several runs. */
export interface Rates {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** One of the things that are compared. */
export interface Subject {
  /** What it ran on, such as "wasm · WASM SIMD". */
  readonly device: string;
  readonly rates: Rates;
  readonly runCount: number;
  /** For plain TF.js: the items of each call of `predict`, the fastest of those that were tried. */
  readonly itemsPerCall?: number;
}

/** How fast all workers are, against one worker and against plain TF.js, over the same items. */
export interface SpeedResult {
  /** ISO 8601. */
  readonly measuredAt: string;
  readonly modelName: string;
  readonly itemCount: number;
  /** What an item was like, such as "128 × 128 × 3". */
  readonly itemShape: string;
  /** What the browser reports. */
  readonly coreCount: number;
  /** The workers that took part, such as "wasm" for each. */
  readonly workers: readonly string[];
  readonly all: Subject;
  /** `undefined` where no single worker could run the model. */
  readonly one: Subject | undefined;
  /** `undefined` where TF.js by itself could not run the model; `plainProblem` says why. */
  readonly plain: Subject | undefined;
  readonly plainProblem?: string;
}

/** Below this ratio nothing was gained. */
export const LEAST_GAIN = 1.05;

const MOST_SPREAD = 0.4;

/** How many times as fast all workers are; `undefined` without a baseline. */
export function ratioTo(all: Subject, baseline: Subject | undefined): number | undefined {
  return baseline === undefined ? undefined : all.rates.median / baseline.rates.median;
}

/** @param values at least one. */
export function ratesOf(values: readonly number[]): Rates {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { min: sorted[0]!, median, max: sorted.at(-1)! };
}

/** (max − min) ÷ median. */
export function spreadOf({ min, median, max }: Rates): number {
  return (max - min) / median;
}

/** Whether the runs of one subject differ by so much that the ratios say little. */
export function isUnsteady({ all, one, plain }: SpeedResult): boolean {
  return [all, one, plain].some((subject) => subject !== undefined && spreadOf(subject.rates) > MOST_SPREAD);
}

/** Why all workers together are no faster than one, in a sentence; `undefined` where they are. */
export function whyNoGain({ all, one, coreCount, workers, itemCount }: SpeedResult): string | undefined {
  const ratio = ratioTo(all, one);
  if (ratio === undefined || ratio >= LEAST_GAIN) return undefined;
  const cores = coreCount === 1 ? "one core" : `${coreCount} cores`;
  if (workers.length === 1) return "Only one worker took part: add another under Workers.";
  if (coreCount === 1) return "This browser reports one core, and one worker already uses it.";
  if (itemCount < 2 * workers.length) return "There were too few items to share out.";
  if (workers.some((backend) => backend === "webgpu" || backend === "webgl") && /gpu|gl/.test(one?.device ?? "")) {
    return "The GPU alone is so fast here that the other workers add next to nothing.";
  }
  return `This browser reports ${cores}, and whatever else runs on this machine, or its memory, takes what more workers could use.`;
}
