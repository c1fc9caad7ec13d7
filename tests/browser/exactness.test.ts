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

it("buffers that are used again carry each item to every kind of worker and back unchanged", async () => {
  const { gaps, workerIds, shards } = await opened.page.evaluate(async () => {
    const { createSharder, echoNet, float32, difference } = harness;
    // An item is large enough for its buffer to be sent back.
    const itemShape = [140, 140];
    const backends = ["wasm", "cpu", "webgl", "webgpu"] as const;
    const sharder = await createSharder({
      model: echoNet([-1, ...itemShape]),
      workers: backends.map((backend) => ({ backend })),
      quantumMs: 5,
    });
    const workerIds = new Set<string>();
    let shards = 0;
    sharder.addEventListener("attempt", ({ detail }) => {
      workerIds.add(detail.workerId);
      shards++;
    });
    const gaps: number[] = [];
    for (const count of [40, 60, 25]) {
      const items = float32([count, ...itemShape], count);
      if (items.dtype !== "float32") throw new Error("expected floats");
      const [output] = Object.values(await sharder.predict(items));
      gaps.push(difference(output, items));
      // Whoever takes results one by one gets them in memory of their own.
      const streamed = [];
      for await (const { firstItem, outputs } of sharder.stream([items])) {
        const [part] = Object.values(outputs);
        if (part?.dtype !== "float32") throw new Error("expected a float32 tensor");
        streamed.push({ firstItem, part });
      }
      for (const { firstItem, part } of streamed) {
        const size = part.data.length / part.shape[0]!;
        const expected = items.data.subarray(firstItem * size, (firstItem + part.shape[0]!) * size);
        const isSame = part.data.every((value, index) => value === expected[index]);
        gaps.push(isSame && part.data.buffer.byteLength === part.data.byteLength ? 0 : 1);
      }
    }
    await sharder.dispose();
    return { gaps, workerIds: [...workerIds], shards };
  });
  expect(new Set(gaps)).toEqual(new Set([0]));
  expect(workerIds.length).toBeGreaterThan(1);
  expect(shards).toBeGreaterThan(20);
});
