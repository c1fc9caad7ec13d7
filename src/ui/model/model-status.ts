import type { JobStatus, ShownJobState } from "../job-view.js";
import type { ModelSession } from "./model-session.js";

/** How the tab's job is doing, for the host. */
export function modelStatus({ activity, run, sharder }: Pick<ModelSession, "activity" | "run" | "sharder">): JobStatus {
  const states: Record<string, ShownJobState> = { loading: "loading", running: "running", inspecting: "running" };
  const idle: ShownJobState = sharder === undefined ? "waiting" : "ready";
  return {
    job: "model",
    state:
      activity === undefined || run?.outcome === "paused" ? (run?.outcome ?? idle) : (states[activity.kind] ?? idle),
    fraction: run === undefined || run.itemCount === 0 ? 0 : run.doneItemCount / run.itemCount,
    workerCount: (sharder?.workers ?? []).filter(({ state }) => state !== "dead").length,
  };
}
