// ONNX files on WASM workers of ONNX Runtime, with threads and without; and workers that die.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openHarness, type OpenPage } from "../../harness/launch.js";
import { ONNX, testJobs } from "../../browser/file-engine.js";
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

testJobs(ONNX, () => opened.page);

it("reports a call that no memory has room for, and runs the next model", async () => {
  const { failure, gap } = await opened.page.evaluate(async () => {
    const workers = [{ backend: "wasm" }] as const;
    const huge = await harness.createSharder({ model: "fixtures/onnx/huge.onnx", workers });
    const x = { dtype: "float32", shape: [1, 2], data: new Float32Array(2) } as const;
    const failure = await harness.failureOf(() => huge.predict({ x: { ...x, shape: [1, 2] } }));
    await huge.dispose();
    const { gaps } = await harness.runSaved("onnx", "mlp", { workers });
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
