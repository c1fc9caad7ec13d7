// Nothing piles up: not over thousands of shards with random slowdowns, nor over hundreds of sharders that come and go.
import { expect, it } from "vitest";
import { openMeasured, type OpenPage } from "../../harness/launch.js";
import { timeBoxMs } from "../for-seeds.js";

/** How much a page's or a worker's heap may grow after the warm-up, bytes. */
const MOST_GROWTH_BYTES = 5e6;
/** The part of the time in which caches fill and code is compiled. */
const WARM_UP_FRACTION = 0.25;
const SHARDER_COUNT = 200;
const WARM_UP_SHARDER_COUNT = 20;

interface MeasuredMemory {
  readonly breakdown: readonly {
    readonly bytes: number;
    readonly attribution: readonly { readonly scope: string; readonly url: string }[];
  }[];
}

/** The heap of the page and of each worker, bytes, as "scope script". Workers of one script are in order of size. */
async function heaps({ page }: OpenPage): Promise<Map<string, number>> {
  const { breakdown } = (await page.evaluate("performance.measureUserAgentSpecificMemory()")) as MeasuredMemory;
  const sorted = breakdown.toSorted((a, b) => a.bytes - b.bytes);
  const counts = new Map<string, number>();
  const found = new Map<string, number>();
  for (const { bytes, attribution } of sorted) {
    const [owner] = attribution;
    if (owner === undefined) continue;
    const name = `${owner.scope} ${owner.url.replace(/^.*\//, "")}`;
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    found.set(`${name} ${count}`, bytes);
  }
  return found;
}

function growth(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...after].map(([name, bytes]) => [name, bytes - (before.get(name) ?? 0)]));
}

it(
  "serves shards with random slowdowns, and its heaps stay as they were",
  { timeout: timeBoxMs + 120_000 },
  async () => {
    const opened = await openMeasured();
    try {
      await opened.page.evaluate(async () => {
        const { createSharder, randomNet, float32, slow } = harness;
        const sharder = await createSharder({
          model: randomNet({ seed: 1, size: 16, depth: 4, width: 8 }),
          workers: [
            { backend: "wasm" },
            { backend: "wasm" },
            { backend: "cpu" },
            { backend: "webgl" },
            { backend: "webgpu" },
          ],
          split: "batch",
          quantumMs: 15,
        });
        const seen = { shards: 0, faults: 0, failures: [] as string[] };
        sharder.addEventListener("attempt", ({ detail }) => (seen.shards += detail.outcome === "completed" ? 1 : 0));
        sharder.addEventListener("fault", () => seen.faults++);
        const random = harness.noise(10_000, 1);
        let drawn = 0;
        const upTo = (count: number): number => Math.floor(random[drawn++ % random.length]! * count);
        const items = [1, 7, 60, 250].map((count) => float32([count, 16, 16, 3], count));
        const soak = async (ms: number) => {
          const endMs = performance.now() + ms;
          while (performance.now() < endMs) {
            const { workers } = sharder;
            const { id, state } = workers[upTo(workers.length)]!;
            if (state === "ready") await slow(id, [1, 1, 2, 8][upTo(4)]!).catch(() => {});
            const chosen = items[upTo(items.length)]!;
            if (upTo(3) === 0) for await (const _ of sharder.stream([chosen, chosen], { order: "completion" }));
            else await sharder.predict(chosen);
          }
          for (const { id } of sharder.workers) await slow(id, 1).catch(() => {});
          await sharder.predict(items[3]!);
          // Of a straggler that another worker has overtaken, the rest still runs.
          while (sharder.workers.some(({ state }) => state === "busy")) await new Promise((go) => setTimeout(go, 20));
          return { ...seen, memory: await sharder.memory(), workers: sharder.workers.map(({ state }) => state) };
        };
        Object.assign(globalThis, { soak, endSoak: () => sharder.dispose() });
      });
      type Soaked = {
        shards: number;
        faults: number;
        memory: Record<string, { tensorCount: number }>;
        workers: string[];
      };
      const soak = (ms: number): Promise<Soaked> => opened.page.evaluate(`soak(${ms})`);
      const warm = await soak(WARM_UP_FRACTION * timeBoxMs);
      const before = await heaps(opened);
      const done = await soak((1 - WARM_UP_FRACTION) * timeBoxMs);
      const grown = growth(before, await heaps(opened));
      console.log(`soak: ${done.shards} shards, ${done.faults} faults; growth in bytes: ${JSON.stringify(grown)}`);
      const tensors = ({ memory }: Soaked) => Object.entries(memory).map(([id, { tensorCount }]) => [id, tensorCount]);
      expect(tensors(done)).toEqual(tensors(warm));
      expect(Object.keys(grown).length).toBeGreaterThanOrEqual(6);
      for (const [name, bytes] of Object.entries(grown)) expect(bytes, name).toBeLessThan(MOST_GROWTH_BYTES);
      // A slow worker is no faulty one.
      expect(done.workers).toEqual(Array.from({ length: 5 }, () => "ready"));
      expect(done.shards).toBeGreaterThan(100);
      await opened.page.evaluate("endSoak()");
      expect(opened.errors).toEqual([]);
    } finally {
      await opened.close();
    }
  },
);

it("leaves no workers, no locks and no heap behind by 200 sharders", { timeout: 600_000 }, async () => {
  const opened = await openMeasured();
  try {
    await opened.page.evaluate(() => {
      const { createSharder, randomNet, float32 } = harness;
      const cycle = async (count: number) => {
        for (let i = 0; i < count; i++) {
          const split = i % 3 === 0 ? "layers" : "batch";
          const sharder = await createSharder({
            model: randomNet({ seed: i, depth: 3 }),
            workers: [{ backend: "wasm" }, { backend: "cpu" }],
            split,
          });
          await sharder.predict(float32([5, 8, 8, 3]));
          await sharder.dispose();
        }
      };
      const lockCount = async () => {
        const { held = [], pending = [] } = await navigator.locks.query();
        return [...held, ...pending].length;
      };
      Object.assign(globalThis, { cycle, lockCount });
    });
    const cycle = (count: number): Promise<void> => opened.page.evaluate(`cycle(${count})`);
    await cycle(WARM_UP_SHARDER_COUNT);
    const before = await heaps(opened);
    await cycle(SHARDER_COUNT);
    // The browser ends terminated workers in its own time.
    await expect.poll(() => opened.page.workers().length).toBe(0);
    await expect.poll(() => opened.page.evaluate("lockCount()")).toBe(0);
    // What hangs on closed ports and ended workers goes with a later collection of garbage than the first.
    let grown: Record<string, number> = {};
    const most = async (): Promise<number> => {
      grown = growth(before, await heaps(opened));
      return Math.max(...Object.values(grown));
    };
    await expect.poll(most, { timeout: 60_000, interval: 2_000 }).toBeLessThan(MOST_GROWTH_BYTES);
    console.log(`${SHARDER_COUNT} sharders: growth in bytes: ${JSON.stringify(grown)}`);
    expect(opened.errors).toEqual([]);
  } finally {
    await opened.close();
  }
});
