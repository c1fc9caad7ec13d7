// ONNX files on WASM workers of ONNX Runtime, with threads and without; workers that die; and damaged files.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { onnxCases } from "../../fuzz/onnx-cases.js";
import { openHarness, type OpenPage } from "../../harness/launch.js";
import { testEachOnnx } from "./each-onnx.js";

let opened: OpenPage;
beforeAll(async () => {
  opened = await openHarness();
});
afterAll(async () => {
  await opened.close();
});

describe("one thread", () => {
  testEachOnnx({ backend: "wasm" }, () => opened.page);
});
describe("two threads", () => {
  testEachOnnx({ backend: "wasm", threads: 2 }, () => opened.page);
});

it("survives a worker that is killed and one that hangs", async () => {
  const { gap, causes } = await opened.page.evaluate(async () => {
    const { inputs, outputs } = await harness.onnxCase("conv-single", 200);
    const workers = [{ backend: "wasm" }, { backend: "wasm" }] as const;
    const model = "fixtures/onnx/conv-single.onnx";
    const sharder = await harness.createSharder({ model, workers, quantumMs: 2, firstRunDeadlineMs: 1000 });
    const causes: string[] = [];
    sharder.addEventListener("fault", ({ detail }) => causes.push(detail.cause));
    const [first, second] = sharder.workers.map(({ id }) => id);
    await harness.hang(second!);
    const running = sharder.predict(inputs);
    harness.kill(first!);
    const { scores } = await running;
    await sharder.dispose();
    return { gap: harness.difference(scores, outputs.scores!), causes };
  });
  expect(gap).toBeLessThan(1e-4);
  expect(causes.length).toBeGreaterThanOrEqual(2);
});

it("streams, verifies and keeps a journal, and a second job goes on from it", async () => {
  const result = await opened.page.evaluate(async () => {
    const { inputs, outputs } = await harness.onnxCase("conv", 60);
    const workers = [{ backend: "wasm" }, { backend: "wasm" }] as const;
    const options = { model: "fixtures/onnx/conv.onnx", workers, quantumMs: 2, verify: 1 } as const;
    const journal = `onnx-${Math.random()}`;
    const first = await harness.createSharder(options);
    const controller = new AbortController();
    let doneCount = 0;
    first.addEventListener("progress", ({ detail }) => {
      doneCount = detail.completedItemCount;
      if (doneCount > 40) controller.abort();
    });
    const aborted = await harness.failureOf(() => first.predict(inputs, { journal, signal: controller.signal }));
    await first.dispose();
    const second = await harness.createSharder(options);
    const resumed = await second.predict(inputs, { journal });
    let rows = 0;
    for await (const shard of second.stream([inputs.image!, inputs.image!])) rows += shard.itemCount;
    await second.dispose();
    await harness.deleteJournal(journal);
    return { aborted: aborted?.code, rows, gap: harness.difference(resumed.scores, outputs.scores!) };
  });
  expect(result).toMatchObject({ aborted: "aborted", rows: 360 });
  expect(result.gap).toBeLessThan(1e-4);
});

it("reports a call that no memory has room for, and runs the next model", async () => {
  const { failure, gap } = await opened.page.evaluate(async () => {
    const workers = [{ backend: "wasm" }] as const;
    const huge = await harness.createSharder({ model: "fixtures/onnx/huge.onnx", workers });
    const x = { dtype: "float32", shape: [1, 2], data: new Float32Array(2) } as const;
    const failure = await harness.failureOf(() => huge.predict({ x: { ...x, shape: [1, 2] } }));
    await huge.dispose();
    const { gaps } = await harness.runOnnx("mlp", { workers });
    return { failure, gap: gaps[0] };
  });
  expect(failure).toMatchObject({ code: "out-of-memory" });
  expect(gap).toBeLessThan(1e-4);
});

it("has as many threads as are asked for", async () => {
  const { page } = opened;
  const isThread = (url: string): boolean => /ort\.wasm/.test(url);
  const threads: string[] = [];
  page.context().on("request", (request) => threads.push(request.url()));
  const device = await page.evaluate(async () => {
    const workers = [{ backend: "wasm", threads: 3 }] as const;
    const sharder = await harness.createSharder({ model: "fixtures/onnx/mlp.onnx", workers });
    const { device } = sharder.workers[0]!;
    await sharder.dispose();
    return device;
  });
  expect(device).toContain("3 threads");
  // The worker loads the script once, and each further thread does.
  expect(threads.filter(isThread).length).toBe(3);
});

it(
  "damaged files end in a ShardError, or in what the model gives, and no page hangs",
  { timeout: 300_000 },
  async () => {
    const cases = onnxCases(80).map(({ name, make }) => ({ name, bytes: [...make().slice(0, 100_000)] }));
    const ends = await opened.page.evaluate(async (cases) => {
      const ends: { name: string; end: string; ms: number }[] = [];
      for (const { name, bytes } of cases) {
        const startMs = performance.now();
        const failure = await harness.failureOf(async () => {
          const model = new Uint8Array(bytes);
          const sharder = await harness.createSharder({
            model,
            workers: [{ backend: "wasm" }],
            firstRunDeadlineMs: 5_000,
          });
          try {
            const entries = sharder.model.inputs.map(({ name, shape = [], dtype }) => {
              const sizes = shape.map((size) => Math.max(1, size));
              const length = sizes.reduce((product, size) => product * size, 1);
              if (length > 1e6) throw new harness.ShardError("invalid-input", "Expected a size that a test can have.");
              const data = dtype === "int32" ? new Int32Array(length) : new Float32Array(length);
              return [name, { dtype, shape: sizes, data }] as const;
            });
            await sharder.predict(Object.fromEntries(entries) as never);
          } finally {
            await sharder.dispose();
          }
        });
        ends.push({
          name,
          end: failure === undefined ? "ran" : `${failure.name} ${failure.code}`,
          ms: performance.now() - startMs,
        });
      }
      return ends;
    }, cases);
    for (const { name, end } of ends) expect(end, name).toMatch(/^(ran|ShardError [\w-]+)$/);
    for (const { name, end } of ends) expect(end, name).not.toBe("ShardError internal");
  },
);
