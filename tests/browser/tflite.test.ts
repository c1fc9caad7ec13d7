// TensorFlow Lite files on LiteRT workers, against what TensorFlow's own interpreter gives (tests/fixtures/tflite/make.py).
// tests/long/browser/tflite.test.ts has all files on both backends.
import { afterAll, beforeAll, expect, it } from "vitest";
import { openHarness, type OpenPage } from "../harness/launch.js";
import { LITERT, testMemory } from "./file-engine.js";

/** Of the largest value. */
const TOLERANCE = 1e-4;

let opened: OpenPage;
beforeAll(async () => {
  opened = await openHarness();
});
afterAll(async () => {
  expect(opened.errors).toEqual([]);
  await opened.close();
});

it("auto starts a LiteRT worker for every core, which give what TensorFlow Lite gives", async () => {
  const [cores, run] = await opened.page.evaluate(
    async () => [navigator.hardwareConcurrency, await harness.runSaved("tflite", "conv", {}, 40)] as const,
  );
  expect(run).toMatchObject({ format: "tflite", layerCount: 3, modes: [undefined, "batched"] });
  const worker = { engine: "litert", backend: "wasm", state: expect.stringMatching(/ready|busy/) };
  expect(run.workers).toEqual(Array.from({ length: cores }, () => worker));
  for (const gap of run.gaps) expect(gap).toBeLessThan(TOLERANCE);
});

it.each([
  ["items fixed at one, of int8", "int8", ["item-by-item", "item-by-item"]],
  ["groups fixed at four", "conv-groups", ["groups", "groups"]],
  ["items that depend on each other", "mixing", [undefined, "whole"]],
  ["a batch that LiteRT gets wrong", "unranked", [undefined, "item-by-item"]],
  ["operations that compute the sizes of others", "reshaped", [undefined, "batched"]],
])("runs %s", async (_what, name, modes) => {
  const run = await opened.page.evaluate(
    (name) => harness.runSaved("tflite", name, { workers: [{ backend: "wasm" }] }, name === "mixing" ? 1 : 3),
    name,
  );
  expect(run.modes).toEqual(modes);
  for (const gap of run.gaps) expect(gap).toBeLessThan(TOLERANCE);
});

it("opens a file that is dropped, given in memory, or named by a signature", async () => {
  const gaps = await opened.page.evaluate(async () => {
    const bytes = await harness.savedBytes("tflite", "signatures.tflite");
    const { inputs, outputs } = await harness.savedCase("tflite", "signatures");
    const file = new File([bytes], "net.tflite");
    const found: number[] = [];
    for (const model of [file, bytes.buffer]) {
      const sharder = await harness.createSharder({ model, signature: "encode", workers: [{ backend: "wasm" }] });
      const { code } = await sharder.predict(inputs);
      found.push(harness.difference(code, outputs.code!));
      await sharder.dispose();
    }
    return found;
  });
  expect(gaps).toHaveLength(2);
  for (const gap of gaps) expect(gap).toBeLessThan(TOLERANCE);
});

testMemory(LITERT, { backend: "wasm" }, { runCount: 200, settledAfter: 61 }, () => opened.page);

it("says what doesn't fit together, and what to do", async () => {
  const refusals = await opened.page.evaluate(async () => {
    const model = "fixtures/tflite/dense.tflite";
    const graph = harness.randomNet({ seed: 1 });
    const create = (options: Parameters<typeof harness.createSharder>[0]) =>
      harness.failureOf(async () => (await harness.createSharder(options)).dispose());
    return [
      await create({ model, workers: [{ engine: "tfjs", backend: "wasm" }] }),
      await create({ model, workers: [{ backend: "webgl" }] }),
      await create({ model: "fixtures/tflite/mixing.tflite", split: "layers", workers: [{ backend: "wasm" }] }),
      await create({ model: graph, signature: "x", workers: [{ backend: "wasm" }] }),
      await create({ model: graph, workers: [{ backend: "wasm", threads: 2 }] }),
      await create({ model: (await harness.savedBytes("tflite", "dense.tflite")).slice(0, 1500) }),
      await create({ model: "fixtures/tflite/any-size-computed.tflite" }),
      await create({ model: "fixtures/tflite/reshaped-output.tflite", workers: [{ backend: "wasm" }] }),
    ];
  });
  expect(refusals.map((refusal) => refusal?.code)).toEqual([
    "model-unsupported",
    "model-unsupported",
    "model-unsupported",
    "invalid-options",
    "invalid-options",
    "model-malformed",
    "model-unsupported",
    "model-unsupported",
  ]);
  const words = ['litert/wasm, received "wasm"', "webgl", "no place where a cut", "leave it out", "threads", "damaged"];
  words.push("[-1, -1, -1, -1]: convert the model with fixed sizes", "computes while it runs");
  for (const [index, refusal] of refusals.entries()) {
    expect(refusal?.message).toMatch(/^Expected .*received .*: .*/s);
    expect(refusal?.message).toContain(words[index]);
  }
});
