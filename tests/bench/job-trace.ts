import type { Sharder } from "inference-sharder";
import type { Batch } from "./bench-models.js";
import { inputOf } from "./sharder-tensors.js";

/** A shard's result has reached the page. Times are ms since the job began. */
export interface Completion {
  readonly atMs: number;
  readonly workerId: string;
  readonly itemCount: number;
  /** Measured on the worker. */
  readonly serviceMs: number;
}

/** The plan after a completion. */
export interface PlanSample {
  readonly atMs: number;
  readonly completedItemCount: number;
  /** Planned fraction of what remains, by worker id. */
  readonly shares: Readonly<Record<string, number>>;
}

/** One `predict` as the page saw it. */
export interface JobTrace {
  readonly itemCount: number;
  readonly makespanMs: number;
  readonly completions: readonly Completion[];
  readonly plans: readonly PlanSample[];
}

/** @param onProgress called after each completion with the finished fraction; not awaited. */
export async function traceJob(
  sharder: Sharder,
  batch: Batch,
  onProgress?: (fraction: number, elapsedMs: () => number) => void,
): Promise<JobTrace> {
  const completions: Completion[] = [];
  const plans: PlanSample[] = [];
  let startMs = 0;
  const elapsedMs = (): number => performance.now() - startMs;
  const onAttempt: Parameters<typeof sharder.addEventListener<"attempt">>[1] = ({ detail }) => {
    const { outcome, workerId, itemCount, serviceMs } = detail;
    if (outcome === "completed")
      completions.push({ atMs: elapsedMs(), workerId, itemCount, serviceMs: serviceMs ?? 0 });
  };
  sharder.addEventListener("attempt", onAttempt);
  try {
    const input = inputOf(batch);
    startMs = performance.now();
    await sharder.predict(input, {
      // The sharder re-plans the rest before it reports progress.
      onProgress: ({ completedItemCount, fraction }) => {
        plans.push({
          atMs: elapsedMs(),
          completedItemCount,
          shares: sharder.plan.split === "batch" ? sharder.plan.shares : {},
        });
        onProgress?.(fraction, elapsedMs);
      },
    });
    return { itemCount: batch.itemCount, makespanMs: elapsedMs(), completions, plans };
  } finally {
    sharder.removeEventListener("attempt", onAttempt);
  }
}

/**
 * A worker's items per second as the page sees them: items between two of its completions ÷ the time between them. NaN
 * if there are fewer than two completions.
 */
export function observedRate(trace: JobTrace, workerId: string, fromMs = 0, untilMs = Infinity): number {
  const within = trace.completions.filter(
    (each) => each.workerId === workerId && each.atMs >= fromMs && each.atMs <= untilMs,
  );
  const first = within[0];
  const last = within.at(-1);
  if (first === undefined || last === undefined || first === last) return NaN;
  const itemCount = within.slice(1).reduce((sum, each) => sum + each.itemCount, 0);
  return (1000 * itemCount) / (last.atMs - first.atMs);
}

export function completedItemCount(trace: JobTrace, workerId: string): number {
  return trace.completions.reduce((sum, each) => sum + (each.workerId === workerId ? each.itemCount : 0), 0);
}
