import { afterEach, beforeEach, expect, it } from "vitest";
import { openHarness, type OpenPage } from "../harness/launch.js";

let opened: OpenPage;
beforeEach(async () => {
  opened = await openHarness({ ownBrowser: true });
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
    const recoverMs: number[] = [];
    sharder.addEventListener("fault", ({ detail }) => {
      // On a busy machine shards may be overdue, too.
      if (detail.action !== "restarted") return;
      if (detail.recoverMs !== undefined) recoverMs.push(detail.recoverMs);
      else seen.faults.push(`${detail.workerId?.split("-")[0]} ${detail.cause} ${detail.action}`);
    });
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
        if (features === undefined || features.dtype === "ragged") throw new Error("expected one tensor");
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
      while (recoverMs.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
      const workers = sharder.workers.map(({ backend, state, restarts }) => `${backend} ${state} ${restarts}`);
      await sharder.dispose();
      const isOnce = times.size === blocks * BLOCK && [...times.values()].every((count) => count === 1);
      return { ...seen, recoverMs, worst, wrong, workers, isOnce };
    })();
    Object.assign(globalThis, { running, seen });
  });
  // Both GPU workers must take part in the job.
  await opened.page.waitForFunction(
    () => {
      const { byGpu } = (globalThis as unknown as { seen: { byGpu: Record<string, number> } }).seen;
      return byGpu["webgpu"]! > 1 && byGpu["webgl"]! > 1;
    },
    undefined,
    { timeout: 60_000 },
  );
  const session = await opened.browser.newBrowserCDPSession();
  void session.send("Browser.crashGpuProcess").catch(() => {});
  type Result = {
    faults: string[];
    lost: number;
    worst: number;
    wrong: string[];
    workers: string[];
    isOnce: boolean;
    recoverMs: number[];
  };
  const result = await opened.page.evaluate(() => (globalThis as unknown as { running: Promise<Result> }).running);
  console.log(`GPU workers were back after ${result.recoverMs.map(Math.round).join(" and ")} ms`);
  expect(result.isOnce).toBe(true);
  expect(result.wrong).toEqual([]);
  expect(result.worst).toBeLessThanOrEqual(1e-4);
  expect(result.lost).toBeGreaterThan(0);
  expect(result.faults.sort()).toEqual(["webgl context-lost restarted", "webgpu device-lost restarted"]);
  // A check of what a GPU has computed may still run.
  expect(result.workers.map((worker) => worker.replace("busy", "ready"))).toEqual([
    "webgpu ready 1",
    "webgl ready 1",
    "wasm ready 0",
  ]);
});

it("notices at once when a worker ends silently, gives its shards to the others, and starts it again", async () => {
  const result = await opened.page.evaluate(async () => {
    const { watchedSharder, randomNet, float32, runWhole, difference } = harness;
    const model = randomNet({ seed: 1, size: 32, depth: 3, width: 8 });
    const { sharder, workers } = await watchedSharder(model, [{ backend: "wasm" }, { backend: "wasm" }]);
    const faults: string[] = [];
    let backMs = Infinity;
    sharder.addEventListener("fault", ({ detail }) => {
      if (detail.action !== "restarted") return;
      if (detail.recoverMs === undefined) faults.push(detail.cause);
      else backMs = detail.recoverMs;
    });
    const isBack = async () => {
      while (backMs === Infinity) await new Promise((resolve) => setTimeout(resolve, 10));
      return backMs;
    };
    const items = float32([2000, 32, 32, 3]);
    const done = sharder.predict(items);
    // This needs no deadline, so nothing needs to be known about the worker.
    await new Promise((resolve) => sharder.addEventListener("progress", resolve, { once: true }));
    workers[0]!.terminate();
    const outputs = await done;
    const slowestMs = [await isBack()];
    // The same between jobs.
    backMs = Infinity;
    workers[1]!.terminate();
    slowestMs.push(await isBack());
    const states = sharder.workers.map(({ state, restarts }) => `${state} ${restarts}`);
    const again = await sharder.predict(float32([2, 32, 32, 3]));
    await sharder.dispose();
    return {
      faults,
      states,
      isQuick: Math.max(...slowestMs) < 3_000,
      gap: difference(outputs.features, (await runWhole("wasm", model, [items]))[0]!),
      again: Object.keys(again),
    };
  });
  expect(result).toEqual({
    faults: ["crashed", "crashed"],
    states: ["ready 1", "ready 1"],
    isQuick: true,
    gap: 0,
    again: ["features"],
  });
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
    return { removed, without, shape: features?.shape };
  });
  expect(result.removed).toMatchObject({ code: "no-workers", message: expect.stringMatching(/addWorker/) });
  expect(result.without).toMatchObject({ code: "no-workers" });
  expect(result.shape).toEqual([2, 32, 32, 8]);
});

it("completes a job whose workers are all ended at once, and leaves no worker and no lock behind", async () => {
  const result = await opened.page.evaluate(async () => {
    const { watchedSharder, randomNet, float32, runWhole, difference } = harness;
    const model = randomNet({ seed: 1, size: 32, depth: 3, width: 8 });
    const { sharder, workers } = await watchedSharder(model, [{ backend: "wasm" }, { backend: "wasm" }]);
    const items = float32([1500, 32, 32, 3]);
    const done = sharder.predict(items);
    await new Promise((resolve) => sharder.addEventListener("progress", resolve, { once: true }));
    for (const worker of workers.slice()) worker.terminate();
    const outputs = await done;
    const restarts = sharder.workers.map((worker) => worker.restarts);
    // One that is on its way back is ended, too.
    workers.at(-1)!.terminate();
    while (!sharder.workers.some(({ state }) => state === "restarting"))
      await new Promise((resolve) => setTimeout(resolve, 1));
    await sharder.dispose();
    await new Promise((resolve) => setTimeout(resolve, 500));
    const { held, pending } = await navigator.locks.query();
    const expected = (await runWhole("wasm", model, [items]))[0]!;
    return { gap: difference(outputs.features, expected), restarts, locks: held!.length + pending!.length };
  });
  expect(result).toEqual({ gap: 0, restarts: [1, 1], locks: 0 });
  // The oracle's own.
  expect(opened.page.workers().length).toBeLessThanOrEqual(1);
});

it("does not wait for a worker that was ended before its script ran, and has it start again", async () => {
  const result = await opened.page.evaluate(async () => {
    const { watchedSharder, randomNet, float32 } = harness;
    const NativeWorker = globalThis.Worker;
    let isFirst = true;
    globalThis.Worker = class extends NativeWorker {
      constructor(...args: ConstructorParameters<typeof NativeWorker>) {
        super(...args);
        if (isFirst) this.terminate();
        isFirst = false;
      }
    };
    const startedMs = performance.now();
    const { sharder } = await watchedSharder(randomNet({ seed: 1 }), [{ backend: "wasm" }, { backend: "wasm" }]);
    const tookMs = performance.now() - startedMs;
    const states = sharder.workers.map(({ state }) => state);
    const { features } = await sharder.predict(float32([3, 8, 8, 3]));
    await sharder.dispose();
    return { isQuick: tookMs < 20_000, states, shape: features?.shape };
  });
  expect(result).toEqual({ isQuick: true, states: ["starting", "ready"], shape: [3, 8, 8, 4] });
});

it("replaces workers whose heap is beyond the limit by fresh ones between two shards, which is no fault", async () => {
  const result = await opened.page.evaluate(async () => {
    const { createSharder, randomNet, float32, runWhole, difference } = harness;
    const model = randomNet({ seed: 1, size: 32, depth: 3, width: 8 });
    // A WASM heap starts with 16 MiB.
    const options = { optimize: false, maxWorkerHeapBytes: 1 } as const;
    const sharder = await createSharder({ ...options, model, workers: [{ backend: "wasm" }, { backend: "wasm" }] });
    const faults: unknown[] = [];
    sharder.addEventListener("fault", ({ detail }) => faults.push(detail));
    const items = float32([800, 32, 32, 3]);
    const outputs = await sharder.predict(items);
    while (sharder.workers.some(({ restarts }) => restarts === 0)) await sharder.predict(float32([10, 32, 32, 3]));
    const states = sharder.workers.map(({ restarts, lastError }) => ({ restarts, lastError }));
    await sharder.dispose();
    return { faults, states, gap: difference(outputs.features, (await runWhole("wasm", model, [items]))[0]!) };
  });
  const fresh = { restarts: 1, lastError: undefined };
  expect(result).toEqual({ faults: [], states: [fresh, fresh], gap: 0 });
});
