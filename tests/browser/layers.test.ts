import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { openHarness, type OpenPage } from "../harness/launch.js";

let opened: OpenPage;
beforeAll(async () => {
  opened = await openHarness();
});
afterAll(async () => {
  await opened.close();
});
afterEach(() => {
  expect(opened.errors).toEqual([]);
});

const wasm = (count: number) => Array.from({ length: count }, () => ({ backend: "wasm" as const }));

it("equals the whole model, bit for bit, over random nets, batches and numbers of workers", async () => {
  const cases = await opened.page.evaluate(
    async (mixes) => {
      const { createSharder, randomNet, float32, runWhole, difference } = harness;
      const seen: { gap: number; stages: number; workers: number }[] = [];
      for (const [index, workers] of mixes.entries()) {
        const isSingle = index === 3;
        const net = { seed: index + 1, size: 9 + index, depth: 4, width: 5, residual: true, pooledOutput: true };
        const model = randomNet({ ...net, batch: isSingle ? 1 : -1 });
        const items = float32([7 + index, 9 + index, 9 + index, 3], index);
        const sharder = await createSharder({ model, workers, split: "layers", optimize: false });
        const worked = new Set<string>();
        sharder.addEventListener("attempt", ({ detail }) => worked.add(`${detail.workerId}/${detail.stage}`));
        const stages = sharder.plan.split === "layers" ? sharder.plan.stages.length : 0;
        for (let run = 0; run < 2; run++) {
          const outputs = await sharder.predict(items);
          const oracle = randomNet(net);
          const [features, pooled] = await runWhole(workers[0]!.backend, oracle, [items]);
          seen.push({
            gap: Math.max(difference(outputs.features, features!), difference(outputs.pooled, pooled!)),
            stages,
            workers: worked.size,
          });
        }
        await sharder.dispose();
      }
      return seen;
    },
    [wasm(2), wasm(3), [{ backend: "cpu" as const }, { backend: "cpu" as const }], wasm(2), wasm(1)],
  );
  expect(cases).toHaveLength(10);
  for (const { gap } of cases) expect(gap).toBe(0);
  // Two workers with balanced layers each get a stage and run it.
  expect(cases[0]).toMatchObject({ stages: 2, workers: 2 });
});

it("cuts at the given places, again while a job runs, and refuses other cuts", async () => {
  const seen = await opened.page.evaluate(async (workers) => {
    const { createSharder, randomNet, float32, runWhole, difference, failureOf } = harness;
    const model = randomNet({ seed: 5, size: 16, depth: 5, width: 8, residual: true });
    const items = float32([40, 16, 16, 3]);
    const sharder = await createSharder({ model, workers, split: "layers", cuts: [2], optimize: false, quantumMs: 1 });
    const { layerCount, layers } = sharder.model;
    const before = sharder.plan;
    let recuts = 0;
    const outputs = await sharder.predict(items, {
      onProgress: ({ completedItemCount }) => {
        if (completedItemCount < 5 || recuts > 0) return;
        recuts++;
        void sharder.recut([1, 3, 4]);
      },
    });
    const after = sharder.plan;
    const [whole] = await runWhole("wasm", model, [items]);
    const refused = [
      await failureOf(() => sharder.recut([0])),
      await failureOf(() => sharder.recut([layerCount])),
      await failureOf(() => createSharder({ model, workers, split: "layers", cuts: [999] })),
      await failureOf(() => createSharder({ model, workers, split: "batch", cuts: [1] })),
    ];
    const again = await sharder.predict(items);
    await sharder.dispose();
    const gaps = [outputs, again].map(({ features }) => difference(features, whole!));
    return { layerCount, names: layers.length, before, after, gaps, refused };
  }, wasm(2));
  expect(seen.names).toBe(seen.layerCount);
  expect(seen.gaps).toEqual([0, 0]);
  expect(seen.before).toMatchObject({ split: "layers", stages: [{ firstLayer: 0, lastLayer: 1 }, { firstLayer: 2 }] });
  expect(seen.after).toMatchObject({
    stages: [{ lastLayer: 0 }, { lastLayer: 2 }, { lastLayer: 3 }, { firstLayer: 4 }],
  });
  expect(seen.refused.map((failure) => failure?.code)).toEqual(Array.from({ length: 4 }, () => "invalid-options"));
});

it("moves the stage of a lost worker to another one; every item is computed once and correctly", async () => {
  const seen = await opened.page.evaluate(async (workers) => {
    const { createSharder, randomNet, float32, runWhole, difference, kill } = harness;
    const model = randomNet({ seed: 6, size: 24, depth: 6, width: 8 });
    const items = float32([120, 24, 24, 3]);
    const sharder = await createSharder({ model, workers, split: "layers", optimize: false, quantumMs: 5 });
    const faults: string[] = [];
    const back = new Promise<void>((resolve) =>
      sharder.addEventListener("fault", ({ detail }) => {
        if (detail.recoverMs === undefined) faults.push(detail.code);
        else resolve();
      }),
    );
    let killed: string | undefined;
    const outputs = await sharder.predict(items, {
      onProgress: ({ completedItemCount }) => {
        if (completedItemCount < 20 || killed !== undefined || sharder.plan.split !== "layers") return;
        killed = sharder.plan.stages.at(-1)!.workerIds[0]!;
        kill(killed);
      },
    });
    const gap = difference(outputs.features, (await runWhole("wasm", model, [items]))[0]!);
    // The next job runs on all workers again.
    await back;
    const again = await sharder.predict(items);
    const gapAfter = difference(again.features, (await runWhole("wasm", model, [items]))[0]!);
    const { restarts, state } = sharder.workers.find(({ id }) => id === killed)!;
    await sharder.dispose();
    return { gap, gapAfter, faults, restarts, state };
  }, wasm(3));
  expect(seen.gap).toBe(0);
  expect(seen.gapAfter).toBe(0);
  expect(seen.faults).toEqual(["worker-lost"]);
  expect([seen.restarts, seen.state]).toEqual([1, "ready"]);
});

it("runs a stage whose worker hangs elsewhere within seconds, without ending the worker, and loses nothing when all are killed", async () => {
  const seen = await opened.page.evaluate(async (workers) => {
    const { createSharder, randomNet, float32, runWhole, difference, slow, hang, kill } = harness;
    const model = randomNet({ seed: 6, size: 24, depth: 6, width: 8 });
    const items = float32([120, 24, 24, 3]);
    const sharder = await createSharder({ model, workers, split: "layers", optimize: false, quantumMs: 5 });
    const causes = new Set<string>();
    sharder.addEventListener("fault", ({ detail }) => causes.add(detail.cause));
    const [expected] = await runWhole("wasm", model, [items]);
    await sharder.predict(items);
    const during = async (disturb: () => void): Promise<number> => {
      let isDone = false;
      const outputs = await sharder.predict(items, {
        onProgress: ({ completedItemCount }) => {
          if (completedItemCount < 20 || isDone) return;
          isDone = true;
          disturb();
        },
      });
      return difference(outputs.features, expected!);
    };
    const stages = sharder.plan.split === "layers" ? sharder.plan.stages : [];
    const hung = stages.at(-1)!.workerIds[0]!;
    // A slow worker waits between its calls, and so hears at once that it is to hang; a fast one may be done by then.
    await slow(hung, 6);
    const startMs = performance.now();
    const gap = await during(() => void hang(hung));
    const tookMs = performance.now() - startMs;
    const { restarts } = sharder.workers.find(({ id }) => id === hung)!;
    const found = { gap, tookMs, restarts, causes: [...causes] };
    const gapAfter = await during(() => {
      // On a slow machine, the one that hangs may have been ended by now.
      for (const { id, state } of sharder.workers) if (state === "ready" || state === "busy") kill(id);
    });
    await sharder.dispose();
    return { ...found, gapAfter };
  }, wasm(3));
  expect(seen).toMatchObject({ gap: 0, gapAfter: 0, restarts: 0, causes: ["overdue"] });
  // Its worker is ended after ten seconds at the earliest.
  expect(seen.tookMs).toBeLessThan(10_000);
});

it("ends a job when its last worker is removed, and runs the next one on a new worker", async () => {
  const seen = await opened.page.evaluate(async (workers) => {
    const { createSharder, randomNet, float32, failureOf, kill, runWhole, difference } = harness;
    const model = randomNet({ seed: 6, size: 24, depth: 4, width: 8 });
    const items = float32([60, 24, 24, 3]);
    const sharder = await createSharder({ model, workers, split: "layers", optimize: false, quantumMs: 5 });
    let isRemoved = false;
    const failure = await failureOf(() =>
      sharder.predict(items, {
        onProgress: () => {
          for (const { id } of isRemoved ? [] : sharder.workers) {
            kill(id);
            void sharder.removeWorker(id);
          }
          isRemoved = true;
        },
      }),
    );
    await sharder.addWorker({ backend: "wasm" });
    const outputs = await sharder.predict(items);
    const gap = difference(outputs.features, (await runWhole("wasm", model, [items]))[0]!);
    await sharder.dispose();
    return { failure, gap };
  }, wasm(2));
  expect(seen.failure?.code).toBe("no-workers");
  expect(seen.gap).toBe(0);
});

it("gives each worker only the weights of its own stage, and splits a model by itself that is too large for one", async () => {
  const seen = await opened.page.evaluate(async (workers) => {
    const { createSharder, randomNet, float32, runWhole, difference, failureOf } = harness;
    const model = randomNet({ seed: 7, size: 12, depth: 6, width: 48 });
    const items = float32([6, 12, 12, 3]);
    const whole = await createSharder({ model, workers, optimize: false });
    const wholeBytes = Object.values(await whole.memory())[0]!.byteCount;
    const isBatch = whole.plan.split;
    await whole.dispose();
    const limit = Math.ceil(0.6 * wholeBytes);
    const sharder = await createSharder({ model, workers, optimize: false, maxWorkerBytes: limit });
    const outputs = await sharder.predict(items);
    const memory = await sharder.memory();
    const { plan } = sharder;
    const held =
      plan.split === "layers"
        ? plan.stages.map(({ workerIds, firstLayer, lastLayer }) => ({
            measured: memory[workerIds[0]!]!.byteCount,
            declared: sharder.model.layers
              .slice(firstLayer, lastLayer + 1)
              .reduce((total, { weightBytes }) => total + weightBytes, 0),
          }))
        : [];
    const gap = difference(outputs.features, (await runWhole("wasm", model, [items]))[0]!);
    await sharder.dispose();
    const refusals = [
      await failureOf(() => createSharder({ model, workers, optimize: false, maxWorkerBytes: 1000 })),
      await failureOf(() => createSharder({ model, workers, optimize: false, maxWorkerBytes: limit, split: "batch" })),
    ];
    return { isBatch, wholeBytes, limit, held, gap, refusals };
  }, wasm(2));
  expect(seen.isBatch).toBe("batch");
  expect(seen.held).toHaveLength(2);
  for (const { measured, declared } of seen.held) {
    expect(measured).toBe(declared);
    expect(measured).toBeLessThanOrEqual(seen.limit);
  }
  expect(seen.gap).toBe(0);
  expect(seen.refusals.map((failure) => failure?.code)).toEqual(["model-unsupported", "model-unsupported"]);
});

it("re-plans the cuts when a stage's worker becomes slow, while the job runs", async () => {
  const seen = await opened.page.evaluate(async (workers) => {
    const { createSharder, randomNet, float32, runWhole, difference, slow } = harness;
    const model = randomNet({ seed: 8, size: 32, depth: 12, width: 12 });
    const items = float32([700, 32, 32, 3]);
    const sharder = await createSharder({ model, workers, split: "layers", optimize: false, quantumMs: 20 });
    const layersOf = (id: string): number => {
      const { plan } = sharder;
      if (plan.split !== "layers") return -1;
      return plan.stages
        .filter(({ workerIds }) => workerIds.includes(id))
        .reduce((total, { firstLayer, lastLayer }) => total + lastLayer - firstLayer + 1, 0);
    };
    const [first] = sharder.workers;
    const before = layersOf(first!.id);
    const shares: (number | undefined)[] = [];
    sharder.addEventListener("rebalance", ({ detail }) =>
      shares.push(detail.before[first!.id], detail.after[first!.id]),
    );
    let isSlow = false;
    const outputs = await sharder.predict(items, {
      onProgress: ({ completedItemCount }) => {
        if (completedItemCount < 50 || isSlow) return;
        isSlow = true;
        void slow(first!.id, 6);
      },
    });
    const after = layersOf(first!.id);
    const gap = difference(outputs.features, (await runWhole("wasm", model, [items]))[0]!);
    await sharder.dispose();
    return { before, after, gap, from: shares[0], to: shares.at(-1) ?? 0 };
  }, wasm(2));
  expect(seen.before).toBeGreaterThan(0);
  expect(seen.after).toBeLessThan(seen.before);
  expect(seen.to).toBeLessThan(seen.from!);
  expect(seen.gap).toBe(0);
});

it("streams in order with backpressure, pauses, aborts, and adds and removes workers", async () => {
  const seen = await opened.page.evaluate(async (workers) => {
    const { createSharder, randomNet, float32, runWhole, difference, failureOf } = harness;
    const model = randomNet({ seed: 9, size: 12, depth: 5, width: 6 });
    const block = float32([6, 12, 12, 3]);
    const [whole] = await runWhole("wasm", model, [block]);
    const sharder = await createSharder({ model, workers, split: "layers", optimize: false, quantumMs: 5 });
    let pulled = 0;
    let mostAhead = 0;
    let received = 0;
    function* source() {
      for (; pulled < 30; pulled++) {
        mostAhead = Math.max(mostAhead, pulled * 6 - received);
        yield block;
      }
    }
    const firsts: number[] = [];
    let worst = 0;
    let added: string | undefined;
    for await (const { firstItem, itemCount, outputs } of sharder.stream(source())) {
      firsts.push(firstItem);
      received += itemCount;
      const { features } = outputs;
      if (features === undefined || features.dtype === "ragged") throw new Error("expected one tensor");
      const rowSize = features.data.length / itemCount;
      for (let row = 0; row < itemCount; row++) {
        const at = ((firstItem + row) % 6) * rowSize;
        for (let i = 0; i < rowSize; i++) {
          if (features.data[row * rowSize + i] !== whole!.data[at + i]) worst++;
        }
      }
      if (received > 30 && added === undefined) {
        added = await sharder.addWorker({ backend: "wasm" });
        sharder.pause();
        setTimeout(() => sharder.resume(), 30);
      }
    }
    await sharder.removeWorker(sharder.workers[0]!.id);
    const left = await sharder.predict(block);
    const controller = new AbortController();
    const aborted = await failureOf(() =>
      sharder.predict(float32([500, 12, 12, 3]), { signal: controller.signal, onProgress: () => controller.abort() }),
    );
    const after = await sharder.predict(block);
    const gaps = [left, after].map(({ features }) => difference(features, whole!));
    const ids = sharder.workers.map(({ id }) => id);
    await sharder.dispose();
    return { firsts, received, worst, mostAhead, aborted, gaps, ids, added };
  }, wasm(2));
  expect(seen.received).toBe(180);
  expect(seen.firsts).toEqual(seen.firsts.toSorted((a, b) => a - b));
  expect(seen.worst).toBe(0);
  expect(seen.mostAhead).toBeLessThan(180);
  expect(seen.aborted?.name).toBe("AbortError");
  expect(seen.gaps).toEqual([0, 0]);
  expect(seen.ids).toHaveLength(2);
  expect(seen.ids).toContain(seen.added);
});

it("also splits by layers without shared memory, each worker with its own weights", async () => {
  const plain = await openHarness({ isolated: false });
  try {
    const seen = await plain.page.evaluate(async (workers) => {
      const { createSharder, randomNet, float32, runWhole, difference } = harness;
      const model = randomNet({ seed: 11, size: 12, depth: 6, width: 24, residual: true });
      const items = float32([20, 12, 12, 3]);
      const sharder = await createSharder({ model, workers, split: "layers", optimize: false });
      const outputs = await sharder.predict(items);
      const bytes = Object.values(await sharder.memory()).map(({ byteCount }) => byteCount);
      const gap = difference(outputs.features, (await runWhole("wasm", model, [items]))[0]!);
      await sharder.dispose();
      const whole = sharder.model.layers.reduce((total, { weightBytes }) => total + weightBytes, 0);
      return { isolated: crossOriginIsolated, gap, bytes, whole };
    }, wasm(2));
    expect(seen.isolated).toBe(false);
    expect(seen.gap).toBe(0);
    expect(seen.bytes).toHaveLength(2);
    expect(seen.bytes.reduce((total, bytes) => total + bytes, 0)).toBe(seen.whole);
    expect(plain.errors).toEqual([]);
  } finally {
    await plain.close();
  }
});

it("chooses batches by itself for equal workers, even beside software GPUs", async () => {
  const splits = await opened.page.evaluate(
    async (mixes) => {
      const { createSharder, randomNet } = harness;
      const model = randomNet({ seed: 12, size: 8, depth: 3, width: 4 });
      const seen: string[] = [];
      for (const workers of mixes) {
        const sharder = await createSharder({ model, workers });
        seen.push(sharder.plan.split);
        await sharder.dispose();
      }
      return seen;
    },
    [
      wasm(2),
      [{ backend: "wasm" as const }, { backend: "cpu" as const }],
      [{ backend: "wasm" as const }, { backend: "webgl" as const }],
    ],
  );
  expect(splits).toEqual(["batch", "batch", "batch"]);
});

it("inspects a model by running it: its layers, the bytes that cross each cut, whether it takes batches", async () => {
  const seen = await opened.page.evaluate(async (workers) => {
    const { createSharder, randomNet, float32, failureOf } = harness;
    const model = randomNet({ seed: 13, size: 10, channels: 3, depth: 3, width: 4, residual: true });
    const batch = await createSharder({ model, workers, optimize: false });
    const before = batch.model;
    const memoryBefore = await batch.memory();
    const after = await batch.inspect();
    const memoryAfter = await batch.memory();
    const outputs = await batch.predict(float32([2, 10, 10, 3]));
    await batch.dispose();
    const layers = await createSharder({ model, workers, optimize: false, split: "layers" });
    const traced = layers.model;
    const probed = await layers.inspect({ inputs: float32([4, 10, 10, 3]) });
    await layers.dispose();
    const open = await createSharder({ model: "models/upscale-x2/model.json", workers: [{ backend: "wasm" }] });
    const refused = await failureOf(() => open.inspect());
    await open.dispose();
    return { before, after, traced, probed, refused, shape: Object.values(outputs).length, memoryBefore, memoryAfter };
  }, wasm(2));
  expect(seen.before.layers.every(({ ms, outputBytes }) => ms === undefined && outputBytes === undefined)).toBe(true);
  // Its operations prove it.
  expect(seen.before).toMatchObject({ batchMode: "batched", isBatchInvariant: true });
  for (const info of [seen.after, seen.probed]) {
    expect(info.layers.every(({ ms, outputBytes }) => ms! >= 0 && outputBytes! > 0)).toBe(true);
    expect(info.isBatchInvariant).toBe(true);
    expect(info.cuts).toHaveLength(info.layerCount - 1);
  }
  // The first convolution with its bias and activation returns 10 × 10 × 4 floats; nothing else is live after it.
  expect(seen.after.layers[0]!.outputBytes).toBe(1600);
  expect(seen.after.cuts[0]).toEqual({ layer: 1, liveBytes: 1600 });
  // 10 × 10 × 4 outputs of 27 products and sums.
  expect(seen.after.layers[0]!.flops).toBe(400 * 27 * 2);
  expect(seen.after.flops).toBeGreaterThan(400 * 27 * 2);
  expect(seen.traced.cuts).toEqual(seen.after.cuts);
  expect(seen.refused?.code).toBe("invalid-input");
  expect(seen.memoryAfter).toEqual(seen.memoryBefore);
  expect(seen.shape).toBeGreaterThan(0);
});

it("runs an operation on a backend whose TF.js lacks it, by batch and by layers", async () => {
  const seen = await opened.page.evaluate(async () => {
    const { createSharder, einsumNet, float32, runWhole, difference } = harness;
    const model = einsumNet();
    const items = float32([6, 4, 4]);
    const [whole] = await runWhole("cpu", model, [items]);
    const gaps: number[] = [];
    const missingOps: Readonly<Record<string, readonly string[]>>[] = [];
    for (const options of [{ split: "batch" }, { split: "layers" }, { split: "batch", optimize: true }] as const) {
      const workers = [{ backend: "wasm" as const }, { backend: "cpu" as const }];
      const sharder = await createSharder({ model, workers, optimize: false, ...options });
      const outputs = await sharder.predict(items);
      gaps.push(difference(Object.values(outputs)[0], whole!));
      missingOps.push(sharder.model.missingOps);
      await sharder.dispose();
    }
    return { gaps, missingOps };
  });
  // WASM has no kernel for einsums.
  for (const missing of seen.missingOps) expect(missing).toEqual({ wasm: [], cpu: [] });
  for (const gap of seen.gaps) expect(gap).toBeLessThanOrEqual(1e-4);
});
