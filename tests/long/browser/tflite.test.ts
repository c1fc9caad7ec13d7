// TensorFlow Lite files on LiteRT's WASM workers, with threads and without; and workers that die.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openHarness, type OpenPage } from "../../harness/launch.js";
import { LITERT, testJobs } from "../../browser/file-engine.js";
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

testJobs(LITERT, () => opened.page);

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
