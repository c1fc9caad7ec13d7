import type { Sharder, WorkerState } from "../../index.js";
import type { LogPanel } from "../parts/log-panel.js";
import { describeFault } from "./fault-words.js";
import { describeRebalance, type Shares } from "./rebalance-words.js";

/** Rebalances that follow each other more quickly are logged as one. */
const REBALANCE_INTERVAL_MS = 250;

/** Workers switch between these with every shard, which is not worth a line. What follows a fault is in the line about the fault. */
const QUIET_STATES: readonly WorkerState[] = ["ready", "busy", "restarting", "quarantined"];

/**
 * Write a sharder's events to the log.
 * @param one what the items of its jobs are, such as "tile".
 * @param signal removes the listeners.
 */
export function logSharder(sharder: Sharder, log: LogPanel, one: string, signal: AbortSignal): void {
  const logged = new Map<string, WorkerState>();
  const logState = (workerId: string, state: WorkerState): void => {
    const plain = state === "busy" ? "ready" : state;
    if (logged.get(workerId) === plain) return;
    const isFirst = !logged.has(workerId);
    logged.set(workerId, plain);
    if (!isFirst && QUIET_STATES.includes(plain)) return;
    const device = sharder.workers.find(({ id }) => id === workerId)?.device;
    log.add(
      `${workerId} ${state === "dead" ? "has stopped" : `is ${plain}`}${device !== undefined && plain === "ready" ? `: ${device}` : ""}`,
    );
  };
  for (const { id, state } of sharder.workers) logState(id, state);
  sharder.addEventListener("worker", ({ detail }) => logState(detail.workerId, detail.state), { signal });
  sharder.addEventListener(
    "fault",
    ({ detail }) => log.add(describeFault(detail, one), detail.recoverMs === undefined ? "fault" : "plain"),
    { signal },
  );

  sharder.addEventListener(
    "journal",
    ({ detail }) => {
      // Where there is no journal, a fault says so.
      if (["resumed", "changed", "waiting"].includes(detail.state)) log.add(detail.message);
    },
    { signal },
  );

  const rebalances = new RebalanceLog((text) => log.add(text));
  sharder.addEventListener("rebalance", ({ detail }) => rebalances.add(detail.before, detail.after), { signal });
}

/** Joins rebalances that follow each other quickly: from the shares before the first to the shares after the last. */
class RebalanceLog {
  readonly #add: (text: string) => void;
  #before: Shares | undefined;
  #after: Shares = {};

  constructor(add: (text: string) => void) {
    this.#add = add;
  }

  add(before: Shares, after: Shares): void {
    this.#after = after;
    if (this.#before !== undefined) return;
    this.#before = before;
    setTimeout(() => {
      const text = describeRebalance(this.#before ?? {}, this.#after);
      this.#before = undefined;
      if (text !== "") this.#add(text);
    }, REBALANCE_INTERVAL_MS);
  }
}
