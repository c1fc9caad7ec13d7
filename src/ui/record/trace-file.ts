import type { RunRecord } from "./run-record.js";
import { traceEvents } from "./trace-events.js";

/** After this time the page gets its turn, ms; it is looked at after so many events. */
const TURN_MS = 8;
const EVENTS_PER_LOOK = 50;

/**
 * The record as a file in the Trace Event Format: open it in ui.perfetto.dev or chrome://tracing. Times count from the beginning of the
 * record. The page's thread stays free meanwhile; what happens while it is written may be left out.
 */
export async function traceFile(record: RunRecord): Promise<Blob> {
  const began = new Date(performance.timeOrigin + record.startMs).toISOString();
  const otherData = { began, droppedAttemptCount: record.attempts.first };
  const parts = [`{"displayTimeUnit":"ms","otherData":${JSON.stringify(otherData)},"traceEvents":[`];
  let lines: string[] = [];
  let isFirst = true;
  let turnMs = performance.now();
  const flush = (): void => {
    if (lines.length > 0) parts.push(`${isFirst ? "\n" : ",\n"}${lines.join(",\n")}`);
    isFirst &&= lines.length === 0;
    lines = [];
  };
  for (const event of traceEvents(record)) {
    lines.push(JSON.stringify(event));
    if (lines.length % EVENTS_PER_LOOK !== 0 || performance.now() - turnMs < TURN_MS) continue;
    flush();
    await new Promise((resolve) => setTimeout(resolve));
    turnMs = performance.now();
  }
  flush();
  parts.push("\n]}\n");
  return new Blob(parts, { type: "application/json" });
}
