import type { AttemptDetail, FaultDetail, Sharder } from "../../index.js";

/** The heading under which Chrome's performance panel shows the tracks. */
const TRACK_GROUP = "inference-sharder";

/** Colours that the panel offers, one per worker in turn. */
const COLOURS = ["primary", "secondary", "tertiary", "primary-light", "secondary-light", "tertiary-light"] as const;

/**
 * Show a sharder's attempts and faults in the browser's performance panel, as a track per worker: measures of the User Timing API with the
 * details that Chrome draws custom tracks from (developer.chrome.com/docs/devtools/performance/extension). Other browsers list them as
 * measures.
 *
 * Nothing piles up: a recording notes a measure at once, so that each is cleared again. It costs about 10 µs per attempt, whether or not
 * anything records, and so is always on.
 * @param signal ends it.
 */
export function markUserTiming(sharder: Sharder, signal: AbortSignal): void {
  const tracks = new Map<string, number>();
  const freeSinceMs = new Map<string, number>();
  const colourOf = (workerId: string): string => {
    if (!tracks.has(workerId)) tracks.set(workerId, tracks.size);
    return COLOURS[tracks.get(workerId)! % COLOURS.length]!;
  };
  sharder.addEventListener(
    "attempt",
    ({ detail }) => {
      // It was not worked on, for all that is known.
      if (detail.outcome === "cancelled") return;
      const { workerId, latencyMs, serviceMs = latencyMs } = detail;
      const endMs = performance.now();
      const beginMs = Math.max(endMs - serviceMs, freeSinceMs.get(workerId) ?? 0);
      freeSinceMs.set(workerId, endMs);
      const color = detail.outcome === "completed" ? colourOf(workerId) : "error";
      measure(nameOf(detail), Math.min(beginMs, endMs), endMs, {
        dataType: "track-entry",
        trackGroup: TRACK_GROUP,
        track: workerId,
        color,
        properties: propertiesOf(detail),
      });
    },
    { signal },
  );
  sharder.addEventListener(
    "fault",
    ({ detail }) => {
      const nowMs = performance.now();
      measure(faultName(detail), nowMs, nowMs, {
        dataType: "track-entry",
        trackGroup: TRACK_GROUP,
        track: "faults",
        color: "error",
        tooltipText: detail.message,
      });
    },
    { signal },
  );
}

/** What Chrome understands. */
interface TrackEntry {
  readonly dataType: "track-entry";
  readonly trackGroup: string;
  readonly track: string;
  readonly color: string;
  readonly tooltipText?: string;
  readonly properties?: readonly (readonly [string, string])[];
}

function measure(name: string, start: number, end: number, devtools: TrackEntry): void {
  performance.measure(name, { start, end, detail: { devtools } });
  performance.clearMeasures(name);
}

/** Unlike any name that the surrounding page is likely to use: its measures of the same name would be cleared, too. */
function nameOf({ stage, firstItem, itemCount, kind }: AttemptDetail): string {
  const items = `shard of ${itemCount} from ${firstItem}`;
  const where = stage === undefined ? items : `stage ${stage + 1}: ${items}`;
  return kind === "first" ? where : `${where} (${kind})`;
}

function faultName({ cause, workerId, recoverMs }: FaultDetail): string {
  const who = workerId === undefined ? "" : ` on ${workerId}`;
  return `${recoverMs === undefined ? "fault" : "recovery"}: ${cause}${who}`;
}

function propertiesOf(detail: AttemptDetail): readonly (readonly [string, string])[] {
  const { jobId, attemptId, outcome, latencyMs, predictedMs } = detail;
  return [
    ["job", String(jobId)],
    ["attempt", String(attemptId)],
    ["outcome", outcome],
    ["from dispatch to result", `${latencyMs.toFixed(1)} ms`],
    ["predicted", predictedMs === undefined ? "unknown" : `${predictedMs.toFixed(1)} ms`],
  ];
}
