// How much a server gets to do behind lines of many kinds, and that it never holds a job up.
import { afterAll, beforeAll, expect, it } from "vitest";
import { freeLine, startRig, type Rig } from "../rig.js";

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig?.close());

/** Side of an item, pixels: 12 kB up, 49 kB down. */
const SIZE = 32;
const ITEM_COUNT = 48;
const TURNS = 3;
/** However busy the machine is, no bound is loosened by more, of a job's time. */
const MAX_NOISE = 0.6;

interface Compared {
  /** Of jobs without and with the server, in turn. */
  readonly aloneMs: readonly number[];
  readonly togetherMs: readonly number[];
  /** In the last job with it. */
  readonly itemsOfServer: number;
  /** In all of them. */
  readonly allItemsOfServer: number;
  /** Afterwards. */
  readonly stateOfServer: string;
  readonly faults: readonly string[];
  /** Measured, of both together. */
  readonly rateOfServer: number;
  readonly rates: Readonly<Record<string, number | undefined>>;
}

/** Jobs of one WASM worker, and of the same with a server, in turn. */
function compare(url: string): Promise<Compared> {
  return rig.opened.page.evaluate(
    async ({ url, size, itemCount, turns }) => {
      const model = "/models/upscale-x2/model.json";
      const items = harness.float32([itemCount, size, size, 3]);
      const local = { backend: "wasm" } as const;
      const alone = await harness.createSharder({ model, workers: [local], remember: false });
      const together = await harness.createSharder({
        model,
        workers: [local, { backend: "remote", url }],
        remember: false,
      });
      const faults: string[] = [];
      together.addEventListener("fault", ({ detail }) => {
        // On a busy machine, a shard may well be late.
        if (detail.cause !== "overdue") faults.push(`${detail.workerId}: ${detail.message}`);
      });
      const itemsBy: Record<string, number> = {};
      let allItemsOfServer = 0;
      together.addEventListener("attempt", ({ detail }) => {
        if (detail.outcome !== "completed") return;
        itemsBy[detail.workerId] = (itemsBy[detail.workerId] ?? 0) + detail.itemCount;
      });
      const timed = async (sharder: typeof alone): Promise<number> => {
        const startMs = performance.now();
        await sharder.predict(items);
        return performance.now() - startMs;
      };
      const server = together.workers.find(({ backend }) => backend === "remote")!;
      // The first of each measures.
      for (const sharder of [alone, together]) await timed(sharder);
      const aloneMs: number[] = [];
      const togetherMs: number[] = [];
      for (let turn = 0; turn < turns; turn++) {
        aloneMs.push(await timed(alone));
        for (const id of Object.keys(itemsBy)) itemsBy[id] = 0;
        togetherMs.push(await timed(together));
        allItemsOfServer += itemsBy[server.id] ?? 0;
      }
      const stateOfServer = together.workers.find(({ id }) => id === server.id)!.state;
      const rates = Object.fromEntries(together.workers.map(({ id, itemsPerSecond }) => [id, itemsPerSecond]));
      const sum = Object.values(rates).reduce((total: number, rate) => total + (rate ?? 0), 0);
      await Promise.all([alone.dispose(), together.dispose()]);
      return {
        aloneMs,
        togetherMs,
        itemsOfServer: itemsBy[server.id] ?? 0,
        ...{ allItemsOfServer, stateOfServer, faults },
        rateOfServer: (rates[server.id] ?? 0) / sum,
        rates,
      };
    },
    { url, size: SIZE, itemCount: ITEM_COUNT, turns: TURNS },
  );
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

it.each([0, 20, 200].flatMap((latencyMs) => [1, 10, 100].map((megabytes) => ({ latencyMs, megabytes }))))(
  "$latencyMs ms, $megabytes MB/s: the share is that of its throughput, and the job is not slower",
  // The server has the same cores as the browser here, and others may take some of them.
  { retry: 2 },
  async (given) => {
    const { latencyMs, megabytes } = given;
    rig.kserve.line.set({ latencyMs, bytesPerSecond: megabytes * 1e6 });
    const found = await compare(rig.kserve.url);
    const { aloneMs, togetherMs, itemsOfServer, rateOfServer, rates } = found;
    rig.kserve.line.set(freeLine);
    const share = itemsOfServer / ITEM_COUNT;
    const [alone, together] = [median(aloneMs), median(togetherMs)];
    // What the machine alone changes from one job to the next.
    const measuredNoise = (Math.max(...aloneMs) - Math.min(...aloneMs)) / alone;
    const noise = Math.min(measuredNoise, MAX_NOISE);
    console.log(
      `${latencyMs} ms, ${megabytes} MB/s: share ${share.toFixed(2)} of throughput ${rateOfServer.toFixed(2)}, ` +
        `${alone.toFixed(0)} → ${together.toFixed(0)} ms (noise ${(100 * measuredNoise).toFixed(0)} %), ${JSON.stringify(rates)}`,
    );
    // Neither holds for a server that is lost on the way.
    expect(found.faults).toEqual([]);
    // A request whose shard another worker has done meanwhile may be on its way still.
    expect(found.stateOfServer).toMatch(/^(ready|busy)$/);
    if (latencyMs <= 20 && megabytes >= 10) expect(found.allItemsOfServer).toBeGreaterThan(0);
    // Rates that change by half within a job are followed late.
    const slack = 0.1 + 1 / ITEM_COUNT + noise / 4;
    expect(share).toBeLessThan(rateOfServer + slack);
    // What pays nothing may get less than its throughput, down to nothing.
    // These jobs take no more than two of the longest round trips, and so may end one later: that the bound of 3 % alone is missed there
    // is a known shortfall.
    if (together > alone * 0.97) expect(together).toBeLessThan(alone * (1.03 + noise) + latencyMs);
    else expect(share).toBeGreaterThan(rateOfServer - slack);
  },
);
