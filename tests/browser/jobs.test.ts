import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Tensor } from "inference-sharder";
import { openHarness, type OpenPage } from "../harness/launch.js";
import { slowness } from "../harness/slowness.js";

let opened: OpenPage;
beforeAll(async () => {
  opened = await openHarness();
  // Work of some 5 ms per item, so that a job lasts long enough to interfere with it.
  await opened.page.evaluate(() => {
    harness.heavyNet = () => harness.randomNet({ seed: 1, size: 48, depth: 4, width: 16 });
    harness.heavyItems = (count, seed) => harness.float32([count, 48, 48, 3], seed);
  });
});
afterAll(async () => {
  await opened.close();
});
beforeEach(() => {
  expect(opened.errors).toEqual([]);
});

describe("stream", () => {
  it.each(["input", "completion"] as const)("yields every item once, in order of %s", async (order) => {
    const result = await opened.page.evaluate(async (order) => {
      const { createSharder, heavyNet, heavyItems, runWhole } = harness;
      const model = heavyNet();
      const sharder = await createSharder({
        optimize: false,
        model,
        workers: [{ backend: "wasm" }, { backend: "wasm" }, { backend: "cpu" }],
        quantumMs: 20,
      });
      const counts = [3, 1, 8, 5, 1, 1, 12, 9];
      const batches = counts.map((count, index) => heavyItems(count, index));
      const firsts: number[] = [];
      const workers = new Set<string>();
      const gaps: number[] = [];
      const whole: Float32Array[] = [];
      for (const batch of batches) whole.push(...rowsOf((await runWhole("wasm", model, [batch]))[0]!));
      for await (const shard of sharder.stream(batches, { order })) {
        firsts.push(shard.firstItem);
        workers.add(shard.workerId.split("-")[0]!);
        const { features } = shard.outputs;
        if (features === undefined || features.dtype === "ragged") throw new Error("expected one tensor");
        const rows = rowsOf(features);
        if (rows.length !== shard.itemCount) throw new Error("itemCount lies");
        rows.forEach((row, index) => gaps.push(gap(row, whole[shard.firstItem + index]!)));
      }
      await sharder.dispose();
      return {
        firsts,
        itemCount: gaps.length,
        total: counts.reduce((a, b) => a + b),
        worst: Math.max(...gaps),
        workers: [...workers],
      };

      function rowsOf({ shape, dtype, data }: Tensor): Float32Array[] {
        if (dtype !== "float32") throw new Error("expected float32");
        const size = data.length / shape[0]!;
        return Array.from({ length: shape[0]! }, (_, row) => data.subarray(row * size, (row + 1) * size));
      }
      function gap(a: Float32Array, b: Float32Array): number {
        const largest = b.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        return a.reduce((most, value, index) => Math.max(most, Math.abs(value - b[index]!) / largest), 0);
      }
    }, order);
    expect(result.itemCount).toBe(result.total);
    expect(new Set(result.firsts).size).toBe(result.firsts.length);
    expect(result.worst).toBeLessThanOrEqual(1e-4);
    if (order === "input") expect(result.firsts).toEqual([...result.firsts].sort((a, b) => a - b));
    expect(result.workers).toContain("wasm");
  });

  it("pulls its source no faster than results are consumed", async () => {
    const { pulledAtPause, pulledAtEnd } = await opened.page.evaluate(async () => {
      const { createSharder, randomNet, float32 } = harness;
      const sharder = await createSharder({
        optimize: false,
        model: randomNet({ seed: 1 }),
        workers: [{ backend: "wasm" }],
        quantumMs: 5,
      });
      let pulled = 0;
      async function* source() {
        for (; pulled < 2000; pulled++) yield float32([4, 8, 8, 3]);
      }
      const stream = sharder.stream(source());
      await stream.next();
      // The consumer stops, so the source must no longer be pulled.
      let last = -1;
      while (last !== pulled) {
        last = pulled;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      const pulledAtPause = pulled;
      for await (const _ of stream);
      await sharder.dispose();
      return { pulledAtPause, pulledAtEnd: pulled };
    });
    expect(pulledAtPause).toBeLessThan(1500);
    expect(pulledAtEnd).toBe(2000);
  });

  it("ends the job and closes the source when the consumer leaves, and passes on an error of the source", async () => {
    const result = await opened.page.evaluate(async () => {
      const { createSharder, heavyNet, heavyItems } = harness;
      const sharder = await createSharder({ model: heavyNet(), workers: [{ backend: "wasm" }] });
      let isClosed = false;
      async function* endless() {
        try {
          for (;;) yield heavyItems(2);
        } finally {
          isClosed = true;
        }
      }
      for await (const _ of sharder.stream(endless())) break;
      async function* failing() {
        yield heavyItems(1);
        throw new TypeError("the disk is gone");
      }
      const error = await (async () => {
        for await (const _ of sharder.stream(failing()));
      })().catch((thrown: Error) => `${thrown.name}: ${thrown.message}`);
      const after = Object.keys(await sharder.predict(heavyItems(2)));
      await sharder.dispose();
      return { isClosed, error, after };
    });
    expect(result).toEqual({ isClosed: true, error: "TypeError: the disk is gone", after: ["features"] });
  });

  it("refuses items of another shape, by name", async () => {
    const failure = await opened.page.evaluate(async () => {
      const { createSharder, float32, failureOf } = harness;
      const sharder = await createSharder({ model: "models/upscale-x2/model.json", workers: [{ backend: "wasm" }] });
      const failure = await failureOf(async () => {
        for await (const _ of sharder.stream([float32([1, 8, 8, 3]), float32([1, 9, 8, 3])]));
      });
      await sharder.dispose();
      return failure;
    });
    expect(failure).toMatchObject({ code: "invalid-input" });
  });
});

describe("abort", () => {
  it("works before, during and after a job, and the sharder stays usable", async () => {
    const result = await opened.page.evaluate(async () => {
      const { createSharder, heavyNet, heavyItems, failureOf } = harness;
      const sharder = await createSharder({ model: heavyNet(), workers: [{ backend: "wasm" }, { backend: "wasm" }] });
      const before = await failureOf(() => sharder.predict(heavyItems(4), { signal: AbortSignal.abort() }));
      const during = new AbortController();
      const running = failureOf(() => sharder.predict(heavyItems(400), { signal: during.signal }));
      await new Promise((resolve) => sharder.addEventListener("progress", resolve, { once: true }));
      const abortedAtMs = performance.now();
      during.abort();
      const duringFailure = await running;
      const tookMs = performance.now() - abortedAtMs;
      // Queued shards are withdrawn, so that the next job starts within about one shard.
      const restartedAtMs = performance.now();
      await sharder.predict(heavyItems(2));
      const nextMs = performance.now() - restartedAtMs;
      const after = new AbortController();
      await sharder.predict(heavyItems(2), { signal: after.signal });
      after.abort();
      const outputs = await sharder.predict(heavyItems(2));
      await sharder.dispose();
      return { before, duringFailure, tookMs, nextMs, keys: Object.keys(outputs) };
    });
    expect(result.before).toMatchObject({ name: "AbortError", code: "aborted" });
    expect(result.duringFailure).toMatchObject({ name: "AbortError", code: "aborted" });
    expect(result.tookMs).toBeLessThan(50 * slowness());
    expect(result.nextMs).toBeLessThan(2000);
    expect(result.keys).toEqual(["features"]);
  });

  it("ends loading, and leaves no worker", async () => {
    const failures = await opened.page.evaluate(async () => {
      const { createSharder, heavyNet, failureOf } = harness;
      const early = await failureOf(() => createSharder({ model: heavyNet(), signal: AbortSignal.abort() }));
      const controller = new AbortController();
      const starting = failureOf(() =>
        createSharder({ model: heavyNet(), workers: [{ backend: "wasm" }], signal: controller.signal }),
      );
      setTimeout(() => controller.abort(), 20);
      return [early?.code, (await starting)?.code];
    });
    expect(failures).toEqual(["aborted", "aborted"]);
    await expect.poll(() => opened.page.workers().length).toBe(0);
  });
});

describe("a running job", () => {
  it("pauses after the shards that are running, and resumes", async () => {
    const result = await opened.page.evaluate(async () => {
      const { createSharder, heavyNet, heavyItems } = harness;
      const sharder = await createSharder({
        model: heavyNet(),
        workers: [{ backend: "wasm" }, { backend: "wasm" }],
        quantumMs: 20,
      });
      let attempts = 0;
      sharder.addEventListener("attempt", () => attempts++);
      const done = sharder.predict(heavyItems(120));
      await new Promise((resolve) => sharder.addEventListener("progress", resolve, { once: true }));
      sharder.pause();
      let last = -1;
      while (last !== attempts) {
        last = attempts;
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
      const whilePaused = attempts;
      const isDone = await Promise.race([
        done.then(() => true),
        new Promise((resolve) => setTimeout(() => resolve(false), 100)),
      ]);
      sharder.resume();
      const outputs = await done;
      await sharder.dispose();
      const { features } = outputs;
      return { whilePaused, isDone, attempts, shape: features?.shape };
    });
    expect(result.isDone).toBe(false);
    expect(result.attempts).toBeGreaterThan(result.whilePaused);
    expect(result.shape).toEqual([120, 48, 48, 16]);
  });

  it("uses an added worker, and releases a removed one", async () => {
    const result = await opened.page.evaluate(async () => {
      const { createSharder, heavyNet, heavyItems, runWhole, difference } = harness;
      const model = heavyNet();
      const sharder = await createSharder({ optimize: false, model, workers: [{ backend: "wasm" }], quantumMs: 20 });
      const itemsBy = new Map<string, number>();
      sharder.addEventListener("attempt", ({ detail }) =>
        itemsBy.set(detail.workerId, (itemsBy.get(detail.workerId) ?? 0) + detail.itemCount),
      );
      const first = sharder.workers[0]!.id;
      const items = heavyItems(300);
      const done = sharder.predict(items);
      const added = await sharder.addWorker({ backend: "wasm" });
      while (!itemsBy.has(added)) await new Promise((resolve) => setTimeout(resolve, 5));
      await sharder.removeWorker(first);
      const atRemoval = itemsBy.get(first);
      const outputs = await done;
      const left = sharder.workers.map(({ id }) => id);
      const { plan } = sharder;
      const shares = plan.split === "batch" ? plan.shares : {};
      await sharder.dispose();
      const gap = difference(outputs.features, (await runWhole("wasm", model, [items]))[0]!);
      return { gap, atRemoval, atEnd: itemsBy.get(first), added, left, addedItems: itemsBy.get(added), shares };
    });
    expect(result.gap).toBe(0);
    expect(result.left).toEqual([result.added]);
    expect(result.atEnd).toBe(result.atRemoval);
    expect(result.addedItems).toBeGreaterThan(0);
  });

  it("shares the workers with another job, even with a predict inside a stream's loop", async () => {
    const gaps = await opened.page.evaluate(async () => {
      const { createSharder, heavyNet, heavyItems, runWhole, difference } = harness;
      const model = heavyNet();
      const sharder = await createSharder({
        optimize: false,
        model,
        workers: [{ backend: "wasm" }, { backend: "wasm" }],
        quantumMs: 20,
      });
      const [a, b, c] = [heavyItems(30, 1), heavyItems(20, 2), heavyItems(3, 3)];
      const whole = async (items: typeof a) => (await runWhole("wasm", model, [items]))[0]!;
      const oracle = [await whole(a), await whole(b), await whole(c)];
      const [first, second] = await Promise.all([sharder.predict(a), sharder.predict(b)]);
      let inner = Infinity;
      for await (const _ of sharder.stream([a, b])) {
        inner = difference((await sharder.predict(c)).features, oracle[2]!);
      }
      await sharder.dispose();
      return [difference(first.features, oracle[0]!), difference(second.features, oracle[1]!), inner];
    });
    expect(gaps).toEqual([0, 0, 0]);
  });

  it("reports attempts that add up, progress up to 1 and shares that sum to 1", async () => {
    const result = await opened.page.evaluate(async () => {
      const { createSharder, heavyNet, heavyItems } = harness;
      const sharder = await createSharder({
        optimize: false,
        model: heavyNet(),
        workers: [{ backend: "wasm" }, { backend: "wasm" }],
        quantumMs: 20,
      });
      let items = 0;
      const fractions: number[] = [];
      const shareSums: number[] = [];
      sharder.addEventListener("attempt", ({ detail }) => {
        if (detail.outcome === "completed") items += detail.itemCount;
      });
      sharder.addEventListener("progress", ({ detail }) => {
        fractions.push(detail.fraction);
        shareSums.push(sharder.workers.reduce((sum, { share }) => sum + share, 0));
      });
      await sharder.predict(heavyItems(150));
      const { workers } = sharder;
      await sharder.dispose();
      return { items, fractions, shareSums, rates: workers.map(({ itemsPerSecond }) => itemsPerSecond) };
    });
    expect(result.items).toBe(150);
    expect(result.fractions.at(-1)).toBe(1);
    expect(result.fractions).toEqual([...result.fractions].sort((a, b) => a - b));
    for (const sum of result.shareSums) expect(sum).toBeCloseTo(1, 6);
    for (const rate of result.rates) expect(rate).toBeGreaterThan(0);
  });

  it("adapts to a worker that becomes slow, and to its recovery", async () => {
    const shares = await opened.page.evaluate(async () => {
      const { createSharder, heavyNet, heavyItems, slow } = harness;
      const sharder = await createSharder({
        optimize: false,
        model: heavyNet(),
        workers: [{ backend: "wasm" }, { backend: "wasm" }],
        quantumMs: 30,
      });
      const [slowed] = sharder.workers.map(({ id }) => id);
      const shareOf = () => sharder.workers.find(({ id }) => id === slowed)!.share;
      const completed = (count: number) =>
        new Promise<void>((resolve) => {
          let left = count;
          const listener = (event: { detail: { workerId: string } }): void => {
            if (event.detail.workerId !== slowed || --left > 0) return;
            sharder.removeEventListener("attempt", listener);
            setTimeout(resolve);
          };
          sharder.addEventListener("attempt", listener);
        });
      async function* source() {
        for (;;) yield heavyItems(40);
      }
      const controller = new AbortController();
      const running = (async () => {
        for await (const _ of sharder.stream(source(), { order: "completion", signal: controller.signal }));
      })().catch(() => {});
      await completed(12);
      // The workers are equal, but the machine may be busy.
      for (let shard = 0; shard < 40 && Math.abs(shareOf() - 0.5) >= 0.2; shard++) await completed(1);
      const before = shareOf();
      await slow(slowed!, 4);
      // Two shards may have been queued before the slowdown; two more must suffice to learn it.
      await completed(4);
      const slowShare = shareOf();
      await slow(slowed!, 1);
      // Two fast shards would suffice, but a busy machine may delay one of them.
      for (let shard = 0; shard < 20 && shareOf() <= 0.35; shard++) await completed(1);
      const after = shareOf();
      controller.abort();
      await running;
      await sharder.dispose();
      return { before, slowShare, after };
    });
    expect(shares.before).toBeGreaterThan(0.3);
    expect(shares.before).toBeLessThan(0.7);
    expect(shares.slowShare).toBeLessThan(0.3);
    expect(shares.after).toBeGreaterThan(0.35);
  });
});

it("dispose ends running jobs, leaves no worker, and may be called twice", async () => {
  const result = await opened.page.evaluate(async () => {
    const { createSharder, heavyNet, heavyItems, failureOf } = harness;
    const sharder = await createSharder({ model: heavyNet(), workers: [{ backend: "wasm" }, { backend: "webgpu" }] });
    const running = failureOf(() => sharder.predict(heavyItems(200)));
    await new Promise((resolve) => setTimeout(resolve, 100));
    await sharder.dispose();
    await sharder.dispose();
    const later = await failureOf(() => sharder.predict(heavyItems(1)));
    return [(await running)?.code, later?.code];
  });
  expect(result).toEqual(["disposed", "disposed"]);
  // A worker that waits for a software GPU ends only once that answers.
  await expect.poll(() => opened.page.workers().length, { timeout: 30_000 }).toBe(0);
});
