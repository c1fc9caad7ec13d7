import type { JobKind } from "./element-options.js";

/**
 * "waiting": nothing has been loaded, because nobody has asked for it. "loading": the model is being downloaded and workers start,
 * or the picture is being decoded. "ready": a job can start.
 */
export type ShownJobState = "waiting" | "loading" | "ready" | "running" | "paused" | "done" | "cancelled" | "failed";

/** How a job is doing. */
export interface JobStatus {
  readonly job: JobKind;
  readonly state: ShownJobState;
  /** 0…1 of the job's items. */
  readonly fraction: number;
  /** Workers that are not dead. */
  readonly workerCount: number;
}

/** A tab's job, as the element's methods and messages from an embedding page control it. What makes no sense at present does nothing. */
export interface JobView {
  readonly status: JobStatus;
  /** Start the job, or the last one again. @param picture what to run it on, instead of what it has been run on. */
  run(picture?: Blob): void;
  pause(): void;
  resume(): void;
  cancel(): void;
}
