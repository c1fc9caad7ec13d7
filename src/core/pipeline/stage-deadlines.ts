/** How long one run of a stage will take. */
export interface StageForecast {
  /** ≥ 0; `undefined` while nothing is known. */
  readonly ms: number | undefined;
  /**
   * `first`: the stage has not run on this worker, and the forecast comes from its layers. `compiling`: a GPU meets this size for the first
   * time, and compiles shaders.
   */
  readonly run: "known" | "first" | "compiling";
}

/** ms = factor · forecast + floor. */
interface Allowance {
  readonly factor: number;
  readonly floorMs: number;
}

/** Three times the forecast and a second. Time is checked every 250 ms, so what is overdue is noticed by then. */
const OVERDUE: Readonly<Record<StageForecast["run"], Allowance>> = {
  known: { factor: 3, floorMs: 750 },
  first: { factor: 6, floorMs: 3_000 },
  compiling: { factor: 3, floorMs: 30_000 },
};

const ENDED: Readonly<Record<"known" | "first", Allowance>> = {
  known: { factor: 10, floorMs: 10_000 },
  first: { factor: 20, floorMs: 30_000 },
};

/** After how long a stage's run is overdue, ms: the worker may be slow or hang. Infinity: never, since nothing is known. */
export function overdueMs({ ms, run }: StageForecast): number {
  if (ms === undefined) return Infinity;
  const { factor, floorMs } = OVERDUE[run];
  return factor * ms + floorMs;
}

/**
 * After how long a worker that has not answered is ended, ms.
 *
 * @param firstRunMs    how long one item may take at first. @param itemCount of the micro-batch.
 * @param timeoutCount  how many workers were ended because of these items: each of them doubles the time.
 */
export function endMs({ ms, run }: StageForecast, firstRunMs: number, itemCount: number, timeoutCount: number): number {
  const patience = 2 ** timeoutCount;
  if (ms === undefined) return patience * firstRunMs * itemCount;
  if (run === "compiling") return patience * (firstRunMs + ENDED.known.factor * ms);
  const { factor, floorMs } = ENDED[run];
  return patience * (factor * ms + floorMs);
}
