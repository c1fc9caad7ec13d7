import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openHarness, type OpenPage } from "../harness/launch.js";

let opened: OpenPage;
beforeAll(async () => {
  opened = await openHarness();
});
afterAll(async () => {
  await opened.close();
});

/** Runs a random net for each seed. The oracle is TF.js alone, on the whole batch. */
async function worstDifference(workers: string[], oracleBackend: string, seeds: number[], quantumMs: number) {
  return opened.page.evaluate(
    async ({ workers, oracleBackend, seeds, quantumMs }) => {
      const { createSharder, randomNet, float32, runWhole, difference, noise } = harness;
      let worst = 0;
      let shardCount = 0;
      for (const seed of seeds) {
        const [a, b, c, d, e] = noise(5, seed * 7919);
        const size = 5 + Math.floor(a! * 12);
        const channels = 1 + Math.floor(b! * 4);
        const net = { seed, size, channels, depth: 1 + Math.floor(c! * 4), width: 1 + Math.floor(d! * 9) };
        const model = randomNet({ ...net, residual: seed % 2 === 0, pooledOutput: seed % 3 === 0 });
        const input = float32([1 + Math.floor(e! * 61), size, size, channels], seed);
        const sharder = await createSharder({
          optimize: false,
          model,
          workers: workers.map((backend) => ({ backend: backend as "wasm" })),
          quantumMs,
          policy: (["makespan", "equal", "capacity-proportional"] as const)[seed % 3]!,
        });
        sharder.addEventListener("attempt", () => shardCount++);
        // The second run starts from what the first has learned: its shards differ, its numbers must not.
        for (const outputs of [await sharder.predict(input), await sharder.predict(input)]) {
          const whole = await runWhole(oracleBackend, model, [input]);
          worst = Math.max(worst, difference(outputs.features, whole[0]!));
          if (outputs.pooled) worst = Math.max(worst, difference(outputs.pooled, whole[1]!));
        }
        await sharder.dispose();
      }
      return { worst, shardCount };
    },
    { workers, oracleBackend, seeds, quantumMs },
  );
}

const range = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index);

describe("a sharded batch equals the whole batch", () => {
  it.each(["wasm", "cpu"])("bit for bit on %s workers", async (backend) => {
    const { worst, shardCount } = await worstDifference([backend, backend, backend], backend, range(1, 10), 2);
    expect(shardCount).toBeGreaterThan(40);
    expect(worst).toBe(0);
  });

  it.each(["webgl", "webgpu"])("to 1e-5 of the largest value on %s workers", async (backend) => {
    const { worst, shardCount } = await worstDifference([backend, backend], backend, range(20, 3), 20);
    expect(shardCount).toBeGreaterThan(6);
    expect(worst).toBeLessThanOrEqual(1e-5);
  });

  it("to 1e-4 of the largest value on a mix of all backends", async () => {
    const { worst, shardCount } = await worstDifference(["wasm", "cpu", "webgl", "webgpu"], "wasm", range(30, 4), 20);
    expect(shardCount).toBeGreaterThan(16);
    expect(worst).toBeLessThanOrEqual(1e-4);
  });
});

describe("the bundled model, tile by tile", () => {
  it("equals the whole picture to 1e-5 of full scale", async () => {
    const result = await opened.page.evaluate(async () => {
      const { createSharder, noise, planTiles, stitchedDifference } = harness;
      const sharder = await createSharder({
        optimize: false,
        model: "models/upscale-x2/model.json",
        workers: [{ backend: "wasm" }, { backend: "wasm" }],
      });
      const cases = [];
      for (const [width, height, tileSize] of [
        [97, 61, 40],
        [64, 64, 48],
        [23, 130, 33],
        [1, 1, 64],
      ] as const) {
        const picture = noise(width * height * 3, width);
        const { halo } = sharder.model.userDefinedMetadata;
        const grid = planTiles(width, height, tileSize, Number(halo));
        cases.push({
          tileCount: grid.rows.flat().length,
          gap: await stitchedDifference(sharder, picture, width, height, grid),
        });
      }
      await sharder.dispose();
      return cases;
    });
    expect(result.map(({ tileCount }) => tileCount > 1)).toEqual([true, true, true, false]);
    for (const { gap } of result) expect(gap).toBeLessThanOrEqual(1e-5);
  });
});
