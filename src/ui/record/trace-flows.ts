import type { RecordedAttempt } from "./attempt-log.js";
import type { TraceEvent, TraceSlice } from "./trace-format.js";

/** So many attempts are remembered to draw arrows from: the way of a micro-batch, or a retry, is short. */
const MAX_REMEMBERED = 10_000;

/** Arrows between attempts at the same items: from stage to stage of a model that is split by layers, and to retries and backups. */
export class TraceFlows {
  readonly #latest = new Map<string, TraceSlice>();
  #count = 0;

  /** @returns the arrow to an attempt, if there is one. @param slice what stands for the attempt in the trace. */
  to({ jobId, firstItem, stage, kind }: RecordedAttempt, slice: TraceSlice): readonly TraceEvent[] {
    const key = `${jobId}/${firstItem}`;
    const before = this.#latest.get(key);
    this.#remember(key, slice);
    const isNext = stage !== undefined || kind !== "first";
    // An arrow begins and ends within a slice; one without a length has no room for it.
    if (before === undefined || !isNext || before.dur < 0.01 || slice.dur < 0.01) return [];
    const shared = {
      cat: "flow",
      name: kind === "first" ? "next stage" : kind,
      id: String(++this.#count),
      pid: slice.pid,
    };
    const endTs = Math.round((before.ts + before.dur * 0.999) * 1e3) / 1e3;
    // An arrow back in time would not be drawn: a backup may begin before the attempt that it backs up has ended.
    const startTs = Math.min(endTs, Math.max(before.ts, slice.ts));
    return [
      { ph: "s", ...shared, tid: before.tid, ts: startTs },
      { ph: "f", bp: "e", ...shared, tid: slice.tid, ts: Math.max(slice.ts, startTs) },
    ];
  }

  #remember(key: string, slice: TraceSlice): void {
    // Moved to the end, so that the oldest is the first.
    this.#latest.delete(key);
    this.#latest.set(key, slice);
    if (this.#latest.size <= MAX_REMEMBERED) return;
    const [oldest] = this.#latest.keys();
    this.#latest.delete(oldest!);
  }
}
