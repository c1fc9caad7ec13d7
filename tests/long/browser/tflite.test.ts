// TensorFlow Lite files on LiteRT's WASM workers, with threads and without; workers that die; and damaged files.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tfliteCases } from "../../fuzz/tflite-cases.js";
import { openHarness, type OpenPage } from "../../harness/launch.js";
import { testEachTflite } from "./each-tflite.js";

let opened: OpenPage;
beforeAll(async () => {
  opened = await openHarness();
});
afterAll(async () => {
  await opened.close();
});

describe("one thread", () => {
  testEachTflite({ backend: "wasm" }, () => opened.page);
});
describe("two threads", () => {
  testEachTflite({ backend: "wasm", threads: 2 }, () => opened.page);
});

it("survives a worker that is killed and one that hangs", async () => {
  const { gap, causes } = await opened.page.evaluate(async () => {
    const { inputs, outputs } = await harness.tfliteCase("conv-single", 200);
    const workers = [{ backend: "wasm" }, { backend: "wasm" }] as const;
    const model = "fixtures/tflite/conv-single.tflite";
    const sharder = await harness.createSharder({ model, workers, quantumMs: 2, firstRunDeadlineMs: 1000 });
    const causes: string[] = [];
    sharder.addEventListener("fault", ({ detail }) => causes.push(detail.cause));
    const [first, second] = sharder.workers.map(({ id }) => id);
    await harness.hang(second!);
    const running = sharder.predict(inputs);
    harness.kill(first!);
    const { output_0: output } = await running;
    await sharder.dispose();
    return { gap: harness.difference(output, outputs.output_0!), causes };
  });
  expect(gap).toBeLessThan(1e-4);
  expect(causes.length).toBeGreaterThanOrEqual(2);
});

it("ends workers that may have written over their memory, and returns none of it", async () => {
  const { causes, codes } = await opened.page.evaluate(async () => {
    const sharder = await harness.createSharder({
      model: "fixtures/tflite/squared.tflite",
      workers: [{ backend: "wasm" }],
    });
    const causes: string[] = [];
    sharder.addEventListener("fault", ({ detail }) => causes.push(detail.cause));
    // One row gives one row, as the file states; of two rows, it makes four.
    const rows = (count: number) => ({ x: { dtype: "float32", shape: [count, 3], data: new Float32Array(3 * count) } });
    const codes = [];
    for (const count of [1, 2]) {
      codes.push((await harness.failureOf(async () => void (await sharder.predict(rows(count) as never))))?.code);
    }
    await sharder.dispose();
    return { causes, codes };
  });
  expect(codes).toEqual([undefined, "model-failed"]);
  expect(causes).toContain("crashed");
});

it("streams, verifies and keeps a journal, and a second job goes on from it", async () => {
  const result = await opened.page.evaluate(async () => {
    const { inputs, outputs } = await harness.tfliteCase("conv", 60);
    const workers = [{ backend: "wasm" }, { backend: "wasm" }] as const;
    const options = { model: "fixtures/tflite/conv.tflite", workers, quantumMs: 2, verify: 1 } as const;
    const journal = `litert-${Math.random()}`;
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
    return { aborted: aborted?.code, rows, gap: harness.difference(resumed.output_0, outputs.output_0!) };
  });
  expect(result).toMatchObject({ aborted: "aborted", rows: 360 });
  expect(result.gap).toBeLessThan(1e-4);
});

it(
  "damaged files end in a ShardError, or in what the model gives, and no page hangs",
  { timeout: 300_000 },
  async () => {
    const cases = tfliteCases(80).map(({ name, make }) => ({ name, bytes: [...make().slice(0, 100_000)] }));
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
