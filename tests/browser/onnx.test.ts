// ONNX files on workers of ONNX Runtime, against what ONNX's own reference gives (tests/fixtures/onnx/make.py).
// tests/long/browser/onnx.test.ts has all files on both backends.
import { afterAll, beforeAll, expect, it } from "vitest";
import { openHarness, type OpenPage } from "../harness/launch.js";
import { ONNX, testMemory } from "./file-engine.js";

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

it("auto starts a worker of ONNX Runtime for every core, which give what the reference gives", async () => {
  const [cores, run] = await opened.page.evaluate(
    async () => [navigator.hardwareConcurrency, await harness.runSaved("onnx", "mlp", {}, 40)] as const,
  );
  expect(run).toMatchObject({ format: "onnx", layerCount: 2, modes: [undefined, "batched"] });
  const worker = { engine: "onnx", backend: "wasm", state: expect.stringMatching(/ready|busy/) };
  expect(run.workers).toEqual(Array.from({ length: cores }, () => worker));
  for (const gap of run.gaps) expect(gap).toBeLessThan(TOLERANCE);
});

it("opens files that are dropped or given in memory, with external data or without", async () => {
  const gaps = await opened.page.evaluate(async () => {
    const { inputs, outputs } = await harness.savedCase("onnx", "external");
    const [model, data] = [
      await harness.savedFile("onnx", "external.onnx"),
      await harness.savedFile("onnx", "external.weights"),
    ];
    const plain = await harness.savedFile("onnx", "mlp.onnx");
    const found: number[] = [];
    for (const given of [[data, model], plain, new Uint8Array(await plain.arrayBuffer())]) {
      const sharder = await harness.createSharder({ model: given, workers: [{ backend: "wasm" }] });
      const expected = Array.isArray(given) ? { inputs, outputs } : await harness.savedCase("onnx", "mlp");
      const { y } = await sharder.predict(expected.inputs);
      found.push(harness.difference(y, expected.outputs.y!));
      await sharder.dispose();
    }
    return found;
  });
  expect(gaps).toHaveLength(3);
  for (const gap of gaps) expect(gap).toBeLessThan(TOLERANCE);
});

testMemory(ONNX, { backend: "wasm" }, { runCount: 200, settledAfter: 61 }, () => opened.page);

it("says what doesn't fit together, and what to do", async () => {
  const refusals = await opened.page.evaluate(async () => {
    const model = "fixtures/onnx/mlp.onnx";
    const workers = [{ backend: "wasm" }] as const;
    const create = (options: Parameters<typeof harness.createSharder>[0]) =>
      harness.failureOf(async () => (await harness.createSharder(options)).dispose());
    const bytes = new Uint8Array(await (await harness.savedFile("onnx", "mlp.onnx")).arrayBuffer());
    return [
      await create({ model, workers: [{ engine: "tfjs", backend: "wasm" }] }),
      await create({ model, workers: [{ backend: "webgl" }] }),
      await create({ model: harness.randomNet({ seed: 1 }), workers: [{ engine: "onnx", backend: "wasm" }] }),
      await create({ model: "fixtures/onnx/mixing.onnx", split: "layers", workers }),
      await create({ model, signature: "x", workers }),
      await create({ model: bytes.slice(0, 700), workers }),
      await create({ model: "fixtures/onnx/zipmap.onnx", workers }),
      await create({ model: [await harness.savedFile("onnx", "external.onnx")], workers }),
    ];
  });
  expect(refusals.map((refusal) => refusal?.code)).toEqual([
    ...["model-unsupported", "model-unsupported", "model-unsupported", "model-unsupported", "invalid-options"],
    ...["model-malformed", "model-unsupported", "weights-missing"],
  ]);
  const words = [
    "onnx/wasm",
    "webgl",
    'leave "engine" out',
    "no place where a cut",
    "leave it out",
    "damaged",
    "zipmap",
  ];
  for (const [index, word] of [...words, "external.weights"].entries()) {
    expect(refusals[index]?.message).toMatch(/^Expected .*received .*: .*/s);
    expect(refusals[index]?.message).toContain(word);
  }
});
