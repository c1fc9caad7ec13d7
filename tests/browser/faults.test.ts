import { afterEach, beforeEach, expect, it } from "vitest";
import { openHarness, type OpenPage } from "../harness/launch.js";

let opened: OpenPage;
beforeEach(async () => {
  opened = await openHarness();
});
afterEach(async () => {
  await opened.close();
});

it("gives lost shards to other workers after a real GPU-process crash in mid-job; no item is lost or done twice", async () => {
  await opened.page.evaluate(async () => {
    const { createSharder, randomNet, float32, runWhole } = harness;
    const BLOCK = 60;
    const model = randomNet({ seed: 1, size: 32, depth: 3, width: 8 });
    const block = float32([BLOCK, 32, 32, 3]);
    const [whole] = await runWhole("wasm", model, [block]);
    const expected = whole!.data as Float32Array;
    const rowSize = expected.length / BLOCK;
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

    const sharder = await createSharder({
      model,
      workers: [{ backend: "webgpu" }, { backend: "webgl" }, { backend: "wasm" }],
    });
    const seen = {
      faults: [] as string[],
      lost: 0,
      byGpu: { webgpu: 0, webgl: 0 } as Record<string, number>,
      isCrashed: false,
    };
    sharder.addEventListener("fault", ({ detail }) =>
      seen.faults.push(`${detail.workerId?.split("-")[0]} ${detail.code}`),
    );
    sharder.addEventListener("attempt", ({ detail }) => {
      const backend = detail.workerId.split("-")[0]!;
      if (detail.outcome === "lost") seen.lost += detail.itemCount;
      if (detail.outcome === "completed" && backend in seen.byGpu) seen.byGpu[backend]! += detail.itemCount;
    });
    let blocks = 0;
    async function* source() {
      // Until both GPU workers are lost, and a little longer.
      for (let extra = 0; extra < 5; seen.faults.length >= 2 ? extra++ : 0) {
        blocks++;
        yield block;
      }
    }
    const running = (async () => {
      const times = new Map<number, number>();
      let worst = 0;
      /** Workers that returned wrong numbers, for the message. */
      const wrong: string[] = [];
      for await (const { firstItem, itemCount, workerId, outputs } of sharder.stream(source(), {
        order: "completion",
      })) {
        const { features } = outputs;
        if (features === undefined || Array.isArray(features)) throw new Error("expected one tensor");
        const before = worst;
        for (let row = 0; row < itemCount; row++) {
          times.set(firstItem + row, (times.get(firstItem + row) ?? 0) + 1);
          const offset = ((firstItem + row) % BLOCK) * rowSize;
          for (let i = 0; i < rowSize; i++) {
            worst = Math.max(
              worst,
              Math.abs(Number(features.data[row * rowSize + i]) - expected[offset + i]!) / largest,
            );
          }
        }
        if (worst > Math.max(before, 1e-4))
          wrong.push(
            `${workerId}: ${itemCount} items, zeros: ${(features.data as Float32Array).every((value) => value === 0)}`,
          );
      }
      const workers = sharder.workers.map(({ backend, state }) => `${backend} ${state}`);
      await sharder.dispose();
      const isOnce = times.size === blocks * BLOCK && [...times.values()].every((count) => count === 1);
      return { ...seen, worst, wrong, workers, isOnce };
    })();
    Object.assign(globalThis, { running, seen });
  });
  // Both GPU workers must take part in the job.
  await opened.page.waitForFunction(() => {
    const { byGpu } = (globalThis as unknown as { seen: { byGpu: Record<string, number> } }).seen;
    return byGpu["webgpu"]! > 1 && byGpu["webgl"]! > 1;
  });
  const session = await opened.browser.newBrowserCDPSession();
  void session.send("Browser.crashGpuProcess").catch(() => {});
  type Result = { faults: string[]; lost: number; worst: number; wrong: string[]; workers: string[]; isOnce: boolean };
  const result = await opened.page.evaluate(() => (globalThis as unknown as { running: Promise<Result> }).running);
  expect(result.isOnce).toBe(true);
  expect(result.wrong).toEqual([]);
  expect(result.worst).toBeLessThanOrEqual(1e-4);
  expect(result.lost).toBeGreaterThan(0);
  expect(result.faults.sort()).toEqual(["webgl worker-lost", "webgpu worker-lost"]);
  expect(result.workers).toEqual(["webgpu dead", "webgl dead", "wasm ready"]);
});

it("notices at once when a worker ends silently, and gives its shards to the others", async () => {
  const result = await opened.page.evaluate(async () => {
    const { watchedSharder, randomNet, float32, runWhole, difference } = harness;
    const model = randomNet({ seed: 1, size: 32, depth: 3, width: 8 });
    const { sharder, workers } = await watchedSharder(model, [{ backend: "wasm" }, { backend: "wasm" }]);
    const faults: string[] = [];
    sharder.addEventListener("fault", ({ detail }) => faults.push(detail.code));
    const items = float32([2000, 32, 32, 3]);
    const done = sharder.predict(items);
    // This needs no deadline, so nothing needs to be known about the worker.
    await new Promise((resolve) => sharder.addEventListener("progress", resolve, { once: true }));
    workers[0]!.terminate();
    const outputs = await done;
    const states = sharder.workers.map(({ state }) => state);
    // The same between jobs.
    await sharder.addWorker({ backend: "wasm" });
    workers[1]!.terminate();
    while (sharder.workers[1]!.state !== "dead") await new Promise((resolve) => setTimeout(resolve, 10));
    const again = await sharder.predict(float32([2, 32, 32, 3]));
    await sharder.dispose();
    return {
      faults,
      states,
      gap: difference(outputs.features, (await runWhole("wasm", model, [items]))[0]!),
      again: Object.keys(again),
    };
  });
  expect(result).toEqual({
    faults: ["worker-lost", "worker-lost"],
    states: ["dead", "ready"],
    gap: 0,
    again: ["features"],
  });
});

it("notices by its deadline that a worker hangs, and gives its shards to the others", async () => {
  const result = await opened.page.evaluate(async () => {
    const { createSharder, slow, randomNet, float32, runWhole, difference } = harness;
    const model = randomNet({ seed: 1, size: 32, depth: 3, width: 8 });
    const sharder = await createSharder({
      optimize: false,
      model,
      workers: [{ backend: "wasm" }, { backend: "wasm" }],
    });
    const codes: string[] = [];
    sharder.addEventListener("fault", ({ detail }) => codes.push(detail.code));
    const items = float32([2000, 32, 32, 3]);
    const [first] = sharder.workers;
    // Measured workers get a shorter deadline than the one of a first run.
    let shardCount = 0;
    sharder.addEventListener("attempt", ({ detail }) => (shardCount += detail.workerId === first!.id ? 1 : 0));
    while (shardCount < 4) await sharder.predict(float32([50, 32, 32, 3]));
    // Practically for ever.
    await slow(first!.id, 1e6);
    const outputs = await sharder.predict(items);
    const states = sharder.workers.map(({ state }) => state);
    await sharder.dispose();
    return { codes, states, gap: difference(outputs.features, (await runWhole("wasm", model, [items]))[0]!) };
  });
  expect(result).toEqual({ codes: ["worker-timeout"], states: ["dead", "ready"], gap: 0 });
});

it("ends the job with advice when the last worker is lost, and is usable again with a new worker", async () => {
  const result = await opened.page.evaluate(async () => {
    const { createSharder, randomNet, float32, failureOf } = harness;
    const sharder = await createSharder({
      model: randomNet({ seed: 1, size: 32, depth: 3, width: 8 }),
      workers: [{ backend: "wasm" }],
    });
    const failure = failureOf(() => sharder.predict(float32([2000, 32, 32, 3])));
    await new Promise((resolve) => sharder.addEventListener("progress", resolve, { once: true }));
    await sharder.removeWorker(sharder.workers[0]!.id);
    const removed = await failure;
    const without = await failureOf(() => sharder.predict(float32([1, 32, 32, 3])));
    await sharder.addWorker({ backend: "wasm" });
    const { features } = await sharder.predict(float32([2, 32, 32, 3]));
    await sharder.dispose();
    return { removed, without, shape: Array.isArray(features) ? [] : features?.shape };
  });
  expect(result.removed).toMatchObject({ code: "no-workers", message: expect.stringMatching(/addWorker/) });
  expect(result.without).toMatchObject({ code: "no-workers" });
  expect(result.shape).toEqual([2, 32, 32, 8]);
});
