// ONNX files on WASM workers of ONNX Runtime, with threads and without; workers that die; and damaged files.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
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
