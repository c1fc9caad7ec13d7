import type { WorkerState } from "../../pool/worker-slot.js";
import type { Sharder } from "../../sharder/sharder.js";
import { formatPercent } from "../parts/format.js";
import type { LogPanel } from "../parts/log-panel.js";

type Shares = Readonly<Record<string, number>>;

/** Rebalances closer than this are told as one. */
const REBALANCE_INTERVAL_MS = 250;

/** Workers go to and fro between these with every shard: nothing to tell. */
const QUIET_STATES: readonly WorkerState[] = ["ready", "busy"];

/**
 * Writes a sharder's events into the log.
 * @param signal ends it.
 */
export function logSharder(sharder: Sharder, log: LogPanel, signal: AbortSignal): void {
  const told = new Map<string, WorkerState>();
  const tellState = (workerId: string, state: WorkerState): void => {
    const plain = state === "busy" ? "ready" : state;
    if (told.get(workerId) === plain) return;
    const isFirst = !told.has(workerId);
    told.set(workerId, plain);
    if (!isFirst && QUIET_STATES.includes(plain)) return;
    const device = sharder.workers.find(({ id }) => id === workerId)?.device;
    log.add(
      `${workerId} is ${state === "dead" ? "stopped" : plain}${device !== undefined && plain === "ready" ? `: ${device}` : ""}`,
    );
  };
  for (const { id, state } of sharder.workers) tellState(id, state);
  sharder.addEventListener("worker", ({ detail }) => tellState(detail.workerId, detail.state), { signal });
  sharder.addEventListener(
    "fault",
    ({ detail }) => log.add(`${detail.workerId ?? "sharder"}: ${detail.message}`, "fault"),
    { signal },
  );

  const rebalances = new RebalanceTeller((text) => log.add(text));
  sharder.addEventListener("rebalance", ({ detail }) => rebalances.add(detail.before, detail.after), { signal });
}

/** Joins rebalances that follow each other quickly: the first's shares before, the last's after. */
class RebalanceTeller {
  readonly #tell: (text: string) => void;
  #before: Shares | undefined;
  #after: Shares = {};

  constructor(tell: (text: string) => void) {
    this.#tell = tell;
  }

  add(before: Shares, after: Shares): void {
    this.#after = after;
    if (this.#before !== undefined) return;
    this.#before = before;
    setTimeout(() => {
      const text = describeRebalance(this.#before ?? {}, this.#after);
      this.#before = undefined;
      if (text !== "") this.#tell(text);
    }, REBALANCE_INTERVAL_MS);
  }
}

/** "wasm-1 50 % → 20 %, wasm-2 50 % → 80 %"; empty where nothing has changed by a percent. */
export function describeRebalance(before: Shares, after: Shares): string {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .map((id) => ({ id, from: formatPercent(before[id] ?? 0), to: formatPercent(after[id] ?? 0) }))
    .filter(({ from, to }) => from !== to)
    .map(({ id, from, to }) => `${id} ${from} → ${to}`)
    .join(", ");
}
