// Whatever happens to the workers of a split by layers, whenever: each job settles, and each item comes once and right.
import { expect, vi } from "vitest";
import { seededRandom } from "../../src/core/random.js";
import type { Tensor } from "../../src/protocol/tensors.js";
import { added, startLayers } from "../fixtures/adding-sharder.js";
import { batch, turns } from "../fixtures/negating-sharder.js";
import { ChaosRun } from "./chaos-run.js";

const LAYER_COUNT = 6;
/** A worker that hangs has been ended by then. */
const HANG_LIMIT_MS = 45_000;

/**
 * One seeded case. Throws where an item was lost, came twice or came wrong, or where something never settled.
 * @param mayHang whether workers may stop answering, which takes real seconds.
 */
export async function runLayersCase(
  seed: number,
  mayHang = false,
): Promise<{ outcomes: string[]; isLimited: boolean }> {
  const random = seededRandom(seed);
  const upTo = (count: number): number => Math.floor(random() * count);
  const isLimited = random() < 0.4;
  const cuts = random() < 0.3 ? [2, 4] : undefined;
  const restarts = random() < 0.4;
  // A passing failure of some stages, which another try survives.
  const failureRate = random() < 0.3 ? 0.02 : 0;
  const hangs = mayHang && random() < 0.3;
  // One run hangs, once it is known how long runs take.
  let hangsIn = Infinity;
  let isOver = false;
  const { sharder, workers } = await startLayers(
    LAYER_COUNT,
    {
      workerCount: 2 + upTo(3),
      before: async (call) => {
        await turns(upTo(3));
        if (!isOver && call.kind === "run" && --hangsIn === 0) await new Promise(() => {});
        if (!isOver && call.kind === "run" && random() < failureRate) throw new Error("a passing failure");
      },
      layerMs: () => 0.5 + random(),
      restartDelayMs: ({ restarts: count }) => (restarts && count < 3 ? upTo(4) : undefined),
    },
    { quantumMs: 1 + upTo(5), ...(isLimited ? { maxWorkerBytes: 32 } : {}), ...(cuts ? { cuts } : {}) },
  );
  const work = async (signal: AbortSignal): Promise<string> => {
    const count = 1 + upTo(80);
    const first = upTo(1000);
    if (random() < 0.5) {
      const outputs = await sharder.predict(batch(count, first), { signal });
      expect(Object.values(outputs)).toEqual([added(count, LAYER_COUNT, first)]);
      return "done";
    }
    let next = first;
    const source = (function* () {
      for (let item = 0; item < count; item++) yield batch(1, first + item);
    })();
    for await (const { itemCount, outputs } of sharder.stream(source, { signal })) {
      expect(Object.values(outputs)[0] as Tensor).toEqual(added(itemCount, LAYER_COUNT, next));
      next += itemCount;
    }
    expect(next - first).toBe(count);
    return "done";
  };
  const live = () => workers.filter(({ isTerminated }) => !isTerminated);
  // A listener that ends workers in the middle of whatever is reported, or in one of the microtasks after it.
  const killRate = random() < 0.4 ? 0.02 : 0;
  const killSometimes = async (): Promise<void> => {
    if (isOver || random() >= killRate) return;
    for (let hops = upTo(6); hops > 0; hops--) await Promise.resolve();
    if (!isOver) live()[upTo(live().length)]?.crash(`seed ${seed}, by a listener`);
  };
  for (const type of ["attempt", "worker", "rebalance", "fault", "progress"] as const) {
    sharder.addEventListener(type, () => void killSometimes());
  }
  sharder.addEventListener("attempt", ({ detail }) => {
    if (hangs && hangsIn === Infinity && detail.outcome === "completed") hangsIn = 1 + upTo(60);
  });
  const randomCuts = (): number[] => [1, 2, 3, 4, 5].filter(() => random() < 0.4);
  const chaos = new ChaosRun({ seed, sharder, upTo, work });
  const outcomes = await chaos.act({
    job: chaos.startJob,
    crash: () => live()[upTo(live().length)]?.crash(),
    add: () => chaos.call(sharder.addWorker({ backend: "cpu" })),
    remove: () => {
      const present = sharder.workers.filter(({ state }) => state === "ready" || state === "busy");
      const worker = present[upTo(present.length)];
      if (worker !== undefined) chaos.call(sharder.removeWorker(worker.id));
    },
    pause: chaos.pause,
    recut: () => chaos.call(sharder.recut(random() < 0.5 ? randomCuts() : undefined)),
    inspect: () => void (hangs || chaos.call(sharder.inspect())),
    abort: chaos.abort,
  });
  isOver = true;
  // What is left serves the next job, and holds its stages alone.
  if (live().length === 0) await sharder.addWorker({ backend: "cpu" });
  if (isLimited || cuts !== undefined) while (live().length < 3) await sharder.addWorker({ backend: "cpu" });
  expect(Object.values(await sharder.predict(batch(9)))).toEqual([added(9, LAYER_COUNT)]);
  await turns(50);
  // A worker that hangs unloads nothing until it is ended.
  await vi.waitFor(() => {
    const { plan } = sharder;
    const stageCount = plan.split === "layers" ? plan.stages.reduce((n, { workerIds }) => n + workerIds.length, 0) : 0;
    expect({ seed, held: live().reduce((n, { held }) => n + held.size, 0) }).toEqual({ seed, held: stageCount });
  }, HANG_LIMIT_MS);
  if (isLimited) for (const { mostBytes } of workers) expect(mostBytes).toBeLessThanOrEqual(32);
  await sharder.dispose();
  return { outcomes, isLimited };
}

/** What a job of such a case may end with. */
export function expectLayersOutcomes(seed: number, outcomes: readonly string[], isLimited: boolean): void {
  const expected = ["done", "aborted", "no-workers", ...(isLimited ? ["model-unsupported"] : [])];
  for (const outcome of outcomes) expect({ seed, outcome }).toEqual({ seed, outcome: expect.toBeOneOf(expected) });
}
