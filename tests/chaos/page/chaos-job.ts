import { ShardError, type Sharder } from "inference-sharder";
import type { ChaosLog } from "./chaos-log.js";
import type { KnownItems } from "./known-items.js";

export interface JobCounts {
  items: number;
  lost: number;
  duplicated: number;
  wrong: number;
}

export interface JobRequest {
  readonly kind: "predict" | "stream in order" | "stream as completed";
  readonly firstItem: number;
  readonly itemCount: number;
  readonly priority: number;
  /** Items per value that a stream's source yields. */
  readonly blockSize: number;
}

/** Of so many wrong items it is told who has computed them. */
const MOST_HISTORIES = 5;
/** Whatever has not settled by then is lost, ms. */
const JOB_LIMIT_MS = 150_000;

/** Run a job and add what became of its items to `counts`. Never rejects: a job that rejects or doesn't settle has lost its items. */
export async function runChaosJob(
  sharder: Sharder,
  known: KnownItems,
  request: JobRequest,
  counts: JobCounts,
  log: ChaosLog,
): Promise<void> {
  const { kind, itemCount } = request;
  const startMs = performance.now();
  counts.items += itemCount;
  const controller = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<"late">((resolve) => (timer = setTimeout(resolve, JOB_LIMIT_MS, "late")));
  const own: JobCounts = { items: itemCount, lost: 0, duplicated: 0, wrong: 0 };
  const run = kind === "predict" ? predict : stream;
  try {
    const outcome = await Promise.race([run(sharder, known, request, own, log, controller.signal), limit]);
    if (outcome === "late") throw new Error(`did not settle within ${JOB_LIMIT_MS} ms`);
  } catch (thrown) {
    own.lost = itemCount;
    const code = thrown instanceof ShardError ? `${thrown.code}: ` : "";
    log.fail(`${describe(request)} ${code}${thrown instanceof Error ? thrown.message : String(thrown)}`, sharder);
  } finally {
    clearTimeout(timer);
    controller.abort();
  }
  const { lost, duplicated, wrong } = own;
  if (lost < itemCount && lost + duplicated + wrong > 0) {
    log.fail(`${describe(request)}: ${lost} lost, ${duplicated} duplicated, ${wrong} wrong`, sharder);
  }
  log.add(`${describe(request)} took ${Math.round(performance.now() - startMs)} ms`);
  counts.lost += lost;
  counts.duplicated += duplicated;
  counts.wrong += wrong;
}

type Run = (
  sharder: Sharder,
  known: KnownItems,
  request: JobRequest,
  counts: JobCounts,
  log: ChaosLog,
  signal: AbortSignal,
) => Promise<void>;

const predict: Run = async (sharder, known, { firstItem, itemCount, priority }, counts, log, signal) => {
  const { features } = await sharder.predict(known.batch(firstItem, itemCount), { priority, signal });
  const { missing, wrong } = known.judge(firstItem, itemCount, features);
  counts.lost += missing;
  counts.wrong += wrong.length;
  for (const item of wrong.slice(0, MOST_HISTORIES)) log.addHistory(item);
};

const stream: Run = async (sharder, known, request, counts, log, signal) => {
  const { kind, priority, itemCount, firstItem, blockSize } = request;
  const times = new Uint8Array(itemCount);
  let previous = -1;
  function* source() {
    for (let at = 0; at < itemCount; at += blockSize)
      yield known.batch(firstItem + at, Math.min(blockSize, itemCount - at));
  }
  const order = kind === "stream in order" ? "input" : "completion";
  for await (const shard of sharder.stream(source(), { order, priority, signal })) {
    const { missing, wrong } = known.judge(firstItem + shard.firstItem, shard.itemCount, shard.outputs["features"]);
    if (missing + wrong.length > 0) {
      log.add(
        `${shard.workerId} gave ${wrong.length} wrong of ${shard.firstItem}+${shard.itemCount}, ${missing} missing`,
      );
      log.addHistory(shard.firstItem + (wrong[0] ?? 0));
    }
    counts.wrong += wrong.length;
    for (let item = shard.firstItem; item < shard.firstItem + shard.itemCount - missing; item++) {
      if (times[item]! > 0) counts.duplicated++;
      times[item] = 1;
    }
    if (order === "input" && shard.firstItem <= previous) throw new Error(`came out of order at ${shard.firstItem}`);
    previous = shard.firstItem;
  }
  counts.lost += times.reduce((lost, count) => lost + (count === 0 ? 1 : 0), 0);
};

function describe({ kind, firstItem, itemCount, priority }: JobRequest): string {
  return `${kind} of ${itemCount} items from ${firstItem} on (priority ${priority})`;
}
