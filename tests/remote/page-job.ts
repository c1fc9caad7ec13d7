// A job in the page that counts what becomes of every item.
import type { Page } from "playwright";
import type { WorkerSpec } from "inference-sharder";

/** What a job came to. */
export interface JobTally {
  readonly itemCount: number;
  readonly lostCount: number;
  /** Items that were yielded more than once. */
  readonly doubleCount: number;
  /** The largest difference from what one WASM worker computes, of the largest value. */
  readonly worst: number;
  readonly itemsByWorker: Readonly<Record<string, number>>;
  readonly elapsedMs: number;
  /** "worker cause action: message" */
  readonly faults: readonly string[];
  readonly workers: readonly { id: string; state: string; lastError: string }[];
}

export interface JobRequest {
  readonly workers: "auto" | readonly WorkerSpec[];
  /** Side of an item, pixels. */
  readonly size: number;
  /** Items of a yielded block. */
  readonly blockSize: number;
  /** It ends with the first block that begins after so long, milliseconds, or when `stopJob` is called. */
  readonly durationMs: number;
}

/**
 * Start a job of the bundled model in the background.
 * @returns once all its workers have started: its tally comes from `untilDone`.
 */
export async function startJob(page: Page, request: JobRequest): Promise<void> {
  await page.evaluate(async ({ workers, size, blockSize, durationMs }) => {
    const { createSharder, float32 } = harness;
    const model = "/models/upscale-x2/model.json";
    const block = float32([blockSize, size, size, 3]);
    const [whole] = await harness.runWhole("wasm", model, [block]);
    const expected = whole!.data as Float32Array;
    const rowSize = expected.length / blockSize;
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const sharder = await createSharder({ model, workers, remember: false });
    const state = { isStopped: false };
    const itemsByWorker: Record<string, number> = {};
    const faults: string[] = [];
    sharder.addEventListener("fault", ({ detail }) => {
      if (detail.recoverMs === undefined) {
        faults.push(`${detail.workerId} ${detail.cause} ${detail.action}: ${detail.message}`);
      }
    });
    let blockCount = 0;
    const startMs = performance.now();
    async function* source() {
      while (!state.isStopped && performance.now() - startMs < durationMs) {
        blockCount++;
        yield block;
      }
    }
    const running = (async () => {
      const times = new Map<number, number>();
      let worst = 0;
      for await (const shard of sharder.stream(source(), { order: "completion" })) {
        const { upscaled } = shard.outputs;
        if (upscaled === undefined || upscaled.dtype === "ragged") throw new Error("Expected one tensor.");
        itemsByWorker[shard.workerId] = (itemsByWorker[shard.workerId] ?? 0) + shard.itemCount;
        for (let row = 0; row < shard.itemCount; row++) {
          const item = shard.firstItem + row;
          times.set(item, (times.get(item) ?? 0) + 1);
          const offset = (item % blockSize) * rowSize;
          for (let index = 0; index < rowSize; index++) {
            const gap = Math.abs(Number(upscaled.data[row * rowSize + index]) - expected[offset + index]!) / largest;
            // A maximum would ignore NaN.
            if (!(gap <= worst)) worst = Number.isNaN(gap) ? Infinity : gap;
          }
        }
      }
      const elapsedMs = performance.now() - startMs;
      const itemCount = blockCount * blockSize;
      const snapshots = sharder.workers.map(({ id, state, lastError }) => {
        return { id, state, lastError: lastError?.message ?? "" };
      });
      await sharder.dispose();
      const counts = [...times.values()];
      return {
        itemCount,
        lostCount: itemCount - times.size,
        doubleCount: counts.filter((count) => count > 1).length,
        worst,
        itemsByWorker,
        elapsedMs,
        faults,
        workers: snapshots,
      };
    })();
    // What fails is told by `untilDone`.
    running.catch(() => {});
    Object.assign(globalThis, { remoteJob: { running, state, sharder, itemsByWorker } });
  }, request);
}

interface RemoteJob {
  readonly running: Promise<JobTally>;
  readonly state: { isStopped: boolean };
  readonly sharder: { readonly workers: readonly { readonly id: string; readonly state: string }[] };
  readonly itemsByWorker: Readonly<Record<string, number>>;
}

/** What each worker of a running job has come to: its state, and its items so far. */
export function progressOf(page: Page): Promise<Record<string, { state: string; itemCount: number }>> {
  return page.evaluate(() => {
    const { sharder, itemsByWorker } = (globalThis as unknown as { remoteJob: RemoteJob }).remoteJob;
    return Object.fromEntries(
      sharder.workers.map(({ id, state }) => [id, { state, itemCount: itemsByWorker[id] ?? 0 }]),
    );
  });
}

/** Let the job end with the block that it is on. */
export async function stopJob(page: Page): Promise<void> {
  await page.evaluate(() => {
    (globalThis as unknown as { remoteJob: RemoteJob }).remoteJob.state.isStopped = true;
  });
}

export function untilDone(page: Page): Promise<JobTally> {
  return page.evaluate(() => (globalThis as unknown as { remoteJob: RemoteJob }).remoteJob.running);
}

/** A whole job. */
export async function runJob(page: Page, request: JobRequest): Promise<JobTally> {
  await startJob(page, request);
  return untilDone(page);
}
