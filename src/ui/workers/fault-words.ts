import type { FaultAction, FaultCause, FaultDetail, ItemRange } from "../../index.js";
import { formatCount, formatDuration } from "../parts/format.js";

/** What happened, as the rest of a sentence about the worker. */
const HAPPENED: Readonly<Record<FaultCause, string>> = {
  threw: "failed",
  poison: "could not compute",
  crashed: "ended unexpectedly",
  overdue: "takes much longer than predicted",
  hung: "no longer answered",
  "device-lost": "lost its GPU",
  "context-lost": "lost its WebGL context",
  "out-of-memory": "ran out of memory",
  "server-lost": "lost its server",
  "wrong-output": "computed wrong numbers",
  unverified: "could not be checked by another worker",
  storage: "could not be stored",
};

/** What is done about it. */
const DONE: Readonly<Record<Exclude<FaultAction, "retried">, string>> = {
  restarted: "it is being restarted",
  "fell-back": "it moves to another backend",
  quarantined: "it gets no more work",
  excluded: "it gets no more work from this job",
  "gave-up": "nothing more is tried",
};

const RECOVERED: Readonly<Record<FaultAction, string>> = {
  retried: "was computed again",
  restarted: "is back",
  "fell-back": "is back on another backend",
  quarantined: "was replaced",
  excluded: "was replaced",
  "gave-up": "recovered",
};

/**
 * A fault, or the recovery from it, in one sentence for people.
 * @param one what the items of this job are, such as "tile".
 */
export function describeFault(detail: FaultDetail, one: string): string {
  const { cause, workerId, action, items, recoverMs, message } = detail;
  const count = items.reduce((total, { itemCount }) => total + itemCount, 0);
  if (recoverMs !== undefined) {
    const who = action === "retried" ? `what ${workerId ?? "a worker"} had to compute` : (workerId ?? "the sharder");
    return `${who} ${RECOVERED[action]} after ${formatDuration(recoverMs)}`;
  }
  if (cause === "poison") return `${listItems(items, one)} could not be computed by any worker: ${message}`;
  if (workerId === undefined || cause === "storage" || cause === "unverified") return message;
  const what = count === 0 ? "" : `${formatCount(count, one)}`;
  if (action === "retried") {
    return `${workerId} ${HAPPENED[cause]}${what === "" ? "" : `: ${what} ${count === 1 ? "is" : "are"} computed again`}`;
  }
  const lost = what === "" ? "" : `, and ${what} ${count === 1 ? "goes" : "go"} to other workers`;
  const reason = action === "gave-up" || cause === "wrong-output" ? ` (${message})` : "";
  return `${workerId} ${HAPPENED[cause]}: ${DONE[action]}${lost}${reason}`;
}

/** The most ranges that are named. */
const MAX_RANGES = 5;

/** "Item 3, items 5–8". Counted from 0, as the library does. */
function listItems(items: readonly ItemRange[], one: string): string {
  const named = items
    .slice(0, MAX_RANGES)
    .map(({ firstItem, itemCount }) =>
      itemCount === 1 ? `${one} ${firstItem}` : `${one}s ${firstItem}–${firstItem + itemCount - 1}`,
    );
  const more = items.length > MAX_RANGES ? [`${items.length - MAX_RANGES} more`] : [];
  const text = [...named, ...more].join(", ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
