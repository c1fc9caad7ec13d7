import type { Sharder, WorkerState } from "../../index.js";
import type { ItemWord } from "../dashboard/panel.js";
import { formatCount, formatDuration } from "../parts/format.js";
import type { LogPanel } from "../parts/log-panel.js";
import { describeFault } from "./fault-words.js";
import { ShareLog } from "./share-log.js";

/** Workers switch between these with every shard, which is not worth a line. What follows a fault is in the line about the fault. */
const QUIET_STATES: readonly WorkerState[] = ["ready", "busy", "restarting", "quarantined"];

const STATE_WORDS: Readonly<Record<WorkerState, string>> = {
  starting: "is starting",
  ready: "is ready",
  busy: "is ready",
  draining: "finishes what it is on, and then leaves",
  restarting: "is being restarted",
  quarantined: "is quarantined",
  unloaded: "is not needed for now, and was unloaded",
  dead: "has stopped",
};

/**
 * Write a sharder's events to the log.
 * @param one what the items of its jobs are.
 * @param signal removes the listeners.
 */
export function logSharder(sharder: Sharder, log: LogPanel, one: ItemWord, signal: AbortSignal): void {
  const logged = new Map<string, WorkerState>();
  const logState = (workerId: string, state: WorkerState): void => {
    const plain = state === "busy" ? "ready" : state;
    if (logged.get(workerId) === plain) return;
    const isFirst = !logged.has(workerId);
    const wasStarting = logged.get(workerId) === "starting";
    logged.set(workerId, plain);
    if (!isFirst && !(wasStarting && plain === "ready") && QUIET_STATES.includes(plain)) return;
    const device = sharder.workers.find(({ id }) => id === workerId)?.device;
    const where = device !== undefined && plain === "ready" ? `: ${device}` : "";
    log.add(`${workerId} ${STATE_WORDS[plain]}${where}`, "plain", "workers");
  };
  for (const { id, state } of sharder.workers) logState(id, state);
  sharder.addEventListener("worker", ({ detail }) => logState(detail.workerId, detail.state), { signal });
  sharder.addEventListener(
    "fault",
    ({ detail }) => {
      const text = describeFault(detail, one);
      log.add(text, detail.recoverMs === undefined ? "fault" : "plain", "faults");
      log.voice.say(text);
    },
    { signal },
  );
  sharder.addEventListener(
    "journal",
    ({ detail }) => {
      // Where there is no journal, a fault says so.
      if (["resumed", "changed", "waiting"].includes(detail.state)) log.add(detail.message, "plain", "jobs");
    },
    { signal },
  );
  logJobs(sharder, log, one, signal);
  const shares = new ShareLog((text) => log.add(text, "plain", "shares"));
  sharder.addEventListener("progress", ({ detail }) => shares.progressed(detail), { signal });
  sharder.addEventListener("rebalance", ({ detail }) => shares.moved(detail), { signal });
}

/** Pauses, and the beginning and end of a job unless it is told by whoever starts it: pictures are, by their names. */
function logJobs(sharder: Sharder, log: LogPanel, one: ItemWord, signal: AbortSignal): void {
  const startedMs = new Map<number, number>();
  const doneCounts = new Map<number, number>();
  sharder.addEventListener(
    "progress",
    ({ detail: { jobId, completedItemCount } }) => void doneCounts.set(jobId, completedItemCount),
    { signal },
  );
  sharder.addEventListener(
    "job",
    ({ detail: { jobId, state, message } }) => {
      if (state === "started") startedMs.set(jobId, performance.now());
      const tookMs = performance.now() - (startedMs.get(jobId) ?? performance.now());
      const count = formatCount(doneCounts.get(jobId) ?? 0, one);
      const text = {
        started: "Run started",
        paused: "Paused: what the workers are on is finished, and nothing else is started",
        resumed: "Resumed",
        completed: `Run done: ${count} computed in ${formatDuration(tookMs)}`,
        cancelled: `Run cancelled after ${count}`,
        failed: `Run failed after ${count}: ${message ?? ""}`,
      }[state];
      const isPause = state === "paused" || state === "resumed";
      if (isPause || one === "item") log.add(text, state === "failed" ? "fault" : "plain", "jobs");
      if (isPause || state === "started") return;
      startedMs.delete(jobId);
      doneCounts.delete(jobId);
    },
    { signal },
  );
}
