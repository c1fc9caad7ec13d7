import type { Sharder } from "../../index.js";
import type { JobStatus } from "../job-view.js";
import type { JobChoices } from "./job-panel.js";
import type { LoadingState } from "./loading-state.js";
import type { PictureQueue } from "./picture-queue.js";
import type { UpscaleSession } from "./upscale-session.js";

/** How the tab's job is doing, for the host. */
export function pictureStatus(
  session: UpscaleSession | undefined,
  loading: LoadingState,
  sharder: Sharder | undefined,
): JobStatus {
  const job = session?.job;
  // A job without workers has not ended.
  const states = { opening: "loading", stalled: "paused" } as const;
  const status = job?.status === "opening" || job?.status === "stalled" ? states[job.status] : job?.status;
  return {
    job: "picture",
    state: status ?? (session === undefined ? loading.state : "ready"),
    fraction: job?.fraction ?? 0,
    workerCount: (sharder?.workers ?? []).filter(({ state }) => state !== "dead").length,
  };
}

/** What the buttons offer at present. */
export function jobChoices(
  session: UpscaleSession | undefined,
  queue: PictureQueue | undefined,
  { isHeldBack }: LoadingState,
): JobChoices {
  const job = session?.job;
  const isActive = session?.isActive ?? false;
  const goesOn = !isActive && (queue?.isUnfinished === true || job?.isContinuable === true);
  return {
    canRunAgain: queue?.canStart === true || isHeldBack,
    start: isHeldBack ? "Run" : goesOn ? "Go on" : "Run again",
    canPause: job?.status === "running" || job?.status === "paused",
    isPaused: job?.status === "paused",
    canCancel: isActive || queue?.isStalled === true,
    isRepeating: queue?.isRepeating === true,
  };
}
