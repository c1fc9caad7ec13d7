import type { AttemptDetail } from "../events.js";
import type { JobMode } from "../inputs/job-mode.js";

/** What both kinds of jobs do alike with an answer that can't be used. */
interface RejectingJob {
  apply(event: { readonly type: "attempt-rejected"; readonly attemptId: number }): void;
  close(attemptId: number, outcome: AttemptDetail["outcome"]): void;
  fail(error: unknown): void;
}

/** The items are sent again, in the mode that then holds. Nobody is to blame. */
export function rejectAttempt(job: RejectingJob, attemptId: number): void {
  job.close(attemptId, "failed");
  job.apply({ type: "attempt-rejected", attemptId });
}

/** The outputs of an attempt have no row for each item: the model takes no batches, and without another way the job fails. */
export function refuseBatches(job: RejectingJob, mode: JobMode, attemptId: number): void {
  const error = mode.refuseBatches();
  rejectAttempt(job, attemptId);
  if (error !== undefined) job.fail(error);
}
