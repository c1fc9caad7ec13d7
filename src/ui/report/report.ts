import type { AttemptDetail, FaultDetail, ModelInfo, Sharder } from "../../index.js";
import type { JobSettings } from "../settings/settings.js";
import type { SpeedResult } from "../speed/speed-result.js";

/** One attempt of the job that the report shows. Times are ms since the job began. */
export interface ReportedAttempt {
  readonly workerId: string;
  readonly stage?: number;
  readonly firstItem: number;
  readonly itemCount: number;
  readonly outcome: AttemptDetail["outcome"];
  readonly startMs: number;
  readonly endMs: number;
}

export interface ReportedWorker {
  readonly id: string;
  readonly backend: string;
  readonly device: string;
  readonly state: string;
  readonly restarts: number;
  /** In the job that the report shows. */
  readonly shardCount: number;
  readonly itemCount: number;
  readonly busyMs: number;
}

/** What is shared as a file. It names the machine only as far as the browser does, and holds neither inputs nor outputs. */
export interface Report {
  readonly kind: "inference-sharder report";
  readonly version: 1;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly machine: {
    readonly coreCount: number;
    /** As browsers round it, GB; left out where they don't say. */
    readonly memoryGb?: number;
    readonly browser: string;
    readonly isIsolated: boolean;
  };
  readonly model: Pick<ModelInfo, "format" | "layerCount" | "weightBytes" | "batchMode" | "inputs" | "outputs"> & {
    readonly name: string;
  };
  readonly split: "batch" | "layers";
  readonly settings: JobSettings;
  /** `null` as long as nothing was measured. */
  readonly speed: SpeedResult | null;
  readonly workers: readonly ReportedWorker[];
  /** The job with the most items of those that are recorded; `null` if there was none. */
  readonly job: {
    readonly itemCount: number;
    readonly durationMs: number;
    readonly itemsPerSecond: number;
    readonly attemptCount: number;
    /** The latest ones, at most 5,000. What is said of the job and of the workers counts all of them. */
    readonly attempts: readonly ReportedAttempt[];
  } | null;
  readonly faults: readonly Pick<FaultDetail, "cause" | "workerId" | "action" | "message" | "recoverMs">[];
}

/** An attempt, and when it ended by `performance.now()`, ms. */
export interface EndedAttempt {
  readonly detail: AttemptDetail;
  readonly endMs: number;
}

export interface ReportSource {
  readonly sharder: Pick<Sharder, "model" | "workers" | "plan">;
  readonly modelName: string;
  readonly attempts: readonly EndedAttempt[];
  readonly faults: readonly FaultDetail[];
  readonly settings: JobSettings;
  readonly speed: SpeedResult | undefined;
  readonly machine: Report["machine"];
  readonly now: Date;
}

/** More would make a page that nobody waits for. */
const MAX_ATTEMPTS = 5_000;

export function buildReport(source: ReportSource): Report {
  const { sharder, modelName, faults, settings, speed, machine, now } = source;
  const { format, layerCount, weightBytes, batchMode, inputs, outputs } = sharder.model;
  const largest = largestJob(source.attempts);
  return {
    kind: "inference-sharder report",
    version: 1,
    createdAt: now.toISOString(),
    machine,
    model: { name: modelName, format, layerCount, weightBytes, batchMode, inputs, outputs },
    split: sharder.plan.split,
    settings,
    speed: speed ?? null,
    workers: reportWorkers(sharder.workers, largest?.attempts ?? []),
    job: largest && { ...largest, attempts: largest.attempts.slice(-MAX_ATTEMPTS) },
    faults: faults.map(({ cause, workerId, action, message, recoverMs }) => ({
      cause,
      workerId,
      action,
      message,
      recoverMs,
    })),
  };
}

/** Those that are there, and those that took part in the job and have been removed since. */
function reportWorkers(present: Sharder["workers"], attempts: readonly ReportedAttempt[]): ReportedWorker[] {
  const ids = new Set(present.map(({ id }) => id));
  const gone = [...new Set(attempts.map(({ workerId }) => workerId))].filter((id) => !ids.has(id));
  return [
    ...present.map(({ id, backend, device = "", state, restarts }) => ({ id, backend, device, state, restarts })),
    ...gone.map((id) => ({ id, backend: id.replace(/-\d+$/, ""), device: "", state: "removed", restarts: 0 })),
  ].map((worker) => {
    const own = attempts.filter(({ workerId, outcome }) => workerId === worker.id && outcome === "completed");
    const sum = (of: (attempt: ReportedAttempt) => number): number => own.reduce((total, each) => total + of(each), 0);
    return {
      ...worker,
      shardCount: own.length,
      itemCount: sum(({ itemCount }) => itemCount),
      busyMs: sum(({ startMs, endMs }) => endMs - startMs),
    };
  });
}

function largestJob(attempts: readonly EndedAttempt[]): Report["job"] {
  const byJob = new Map<number, EndedAttempt[]>();
  for (const attempt of attempts) {
    const { jobId } = attempt.detail;
    const own = byJob.get(jobId);
    if (own === undefined) byJob.set(jobId, [attempt]);
    else own.push(attempt);
  }
  const jobs = [...byJob.values()].map((own) => ({ own, itemCount: outputCount(own) }));
  const largest = jobs.reduce((best, job) => (job.itemCount >= best.itemCount ? job : best), { own: [], itemCount: 0 });
  if (largest.itemCount === 0) return null;
  const { own, itemCount } = largest;
  const fromMs = own.reduce((least, { detail, endMs }) => Math.min(least, endMs - detail.latencyMs), Infinity);
  const durationMs = own.reduce((most, { endMs }) => Math.max(most, endMs), 0) - fromMs;
  const itemsPerSecond = itemCount / (durationMs / 1e3);
  return {
    itemCount,
    durationMs,
    itemsPerSecond,
    attemptCount: own.length,
    attempts: own.map((each) => relative(each, fromMs)),
  };
}

/** Items that have come out: of the last stage, if the model is split by layers. */
function outputCount(attempts: readonly EndedAttempt[]): number {
  const last = attempts.reduce((most, { detail }) => Math.max(most, detail.stage ?? 0), 0);
  return attempts.reduce(
    (sum, { detail: { stage = 0, outcome, itemCount } }) =>
      stage === last && outcome === "completed" ? sum + itemCount : sum,
    0,
  );
}

/** The worker's own time if it is known; else from the sending on. */
function relative({ detail, endMs }: EndedAttempt, fromMs: number): ReportedAttempt {
  const { workerId, stage, firstItem, itemCount, outcome, latencyMs, serviceMs } = detail;
  const startMs = endMs - Math.min(latencyMs, serviceMs ?? latencyMs) - fromMs;
  const attempt = { workerId, firstItem, itemCount, outcome, startMs: round(startMs), endMs: round(endMs - fromMs) };
  return stage === undefined ? attempt : { ...attempt, stage };
}

/** To a tenth of a millisecond, which is as exact as browsers are. */
function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
