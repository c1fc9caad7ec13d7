// engine: "auto": a real model moves from TF.js to LiteRT in the middle of a job. What decides is tested on scripted workers, in
// tests/unit/sharder/engines.
import { afterAll, beforeAll, expect, it } from "vitest";
import { openHarness, type OpenPage } from "../harness/launch.js";

let opened: OpenPage;
beforeAll(async () => {
  opened = await openHarness();
  // As if LiteRT had been loaded before in no time, so that every job is worth it.
  await opened.page.evaluate(async () => {
    const open = () => harness.createModelMemory({ modelId: async () => "any-model" });
    open().write("engine", 1);
    while ((await open().read("engine")) !== 1) await new Promise((resolve) => setTimeout(resolve, 5));
  });
});
afterAll(async () => {
  expect(opened.errors).toEqual([]);
  await opened.close();
});

it("moves to LiteRT in the middle of a job, loses and repeats nothing, and starts there the next time", async () => {
  const { made, worst, began, ended, reason, warm, warmWorst, ends } = await opened.page.evaluate(async () => {
    const model = "models/upscale-x2/model.json";
    const tiles = Array.from({ length: 8 }, (_, index) => harness.float32([1, 32, 32, 3], index + 1));
    const alone = await harness.createSharder({ model, workers: [{ backend: "wasm" }] });
    const expected = [];
    for (const tile of tiles) expected.push(Object.values(await alone.predict(tile))[0]!);
    await alone.dispose();

    const sharder = await harness.createSharder({ model, engine: "auto", maxWorkers: 2, quantumMs: 20 });
    const engines = () => sharder.workers.map(({ engine }) => engine);
    const began = engines();
    // So that what is measured does not depend on the machine.
    for (const { id } of sharder.workers) await harness.slow(id, 4);
    const onLitert = () => sharder.model.engines[1]!.reason?.startsWith("measured") === true;
    async function* source() {
      const untilMs = performance.now() + 60_000;
      let after = 0;
      for (let item = 0; after < 40 && performance.now() < untilMs; item++) {
        if (onLitert()) after++;
        yield tiles[item % tiles.length]!;
      }
    }
    const made: number[] = [];
    let worst = 0;
    for await (const { firstItem, itemCount, outputs } of sharder.stream(source())) {
      const [tensor] = Object.values(outputs);
      if (tensor?.dtype !== "float32") throw new Error("expected floats");
      const size = tensor.data.length / itemCount;
      for (let row = 0; row < itemCount; row++) {
        made.push(firstItem + row);
        const one = {
          ...tensor,
          shape: [1, ...tensor.shape.slice(1)],
          data: tensor.data.slice(row * size, (row + 1) * size),
        };
        worst = Math.max(worst, harness.difference(one, expected[(firstItem + row) % tiles.length] as never));
      }
    }
    // The workers of TF.js end once they have finished what they were on.
    for (let turn = 0; turn < 100 && engines().includes("tfjs"); turn++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const { reason } = sharder.model.engines[1]!;
    const ended = engines();
    await sharder.dispose();

    const next = await harness.createSharder({ model, engine: "auto", maxWorkers: 2 });
    const warm = next.workers.map(({ engine, state }) => [engine, state]);
    const found = Object.values(await next.predict(tiles[0]!))[0];
    const warmWorst = harness.difference(found, expected[0] as never);
    // The last of LiteRT's workers are killed: they come back as what they were.
    harness.kill(next.workers[0]!.id);
    await next.predict(tiles[1]!);
    const ends = next.workers.map(({ engine }) => engine);
    await next.dispose();
    return { made, worst, began, ended, reason, warm, warmWorst, ends };
  });
  expect(began).toEqual(["tfjs", "tfjs"]);
  expect(reason).toMatch(/^measured: [\d.]+ items\/s with all its workers, [\d.]+ on TF\.js$/);
  expect(ended).toEqual(["litert", "litert"]);
  expect(made.length).toBeGreaterThan(50);
  expect(made).toEqual(made.map((_, index) => index));
  expect(worst).toBeGreaterThan(0);
  expect(worst).toBeLessThan(1e-4);
  expect(warm).toEqual([
    ["litert", "ready"],
    ["litert", "ready"],
  ]);
  expect(warmWorst).toBeLessThan(1e-4);
  expect(ends).toEqual(["litert", "litert"]);
});

it("says which node keeps a model on TF.js, once it is asked or LiteRT would pay, and what other engines run", async () => {
  const { before, after, asked, layers } = await opened.page.evaluate(async () => {
    const sharder = await harness.createSharder({ model: "fixtures/models/loop/model.json", engine: "auto" });
    const before = sharder.model.engines;
    await sharder.examineEngines();
    const after = sharder.model.engines;
    await sharder.dispose();
    const plain = await harness.createSharder({ model: harness.heavyNet(), workers: [{ backend: "wasm" }] });
    const asked = await plain.examineEngines();
    await plain.dispose();
    const layered = await harness.createSharder({ model: harness.heavyNet(), engine: "auto", split: "layers" });
    const layers = layered.model.engines[1];
    await layered.dispose();
    return { before, after, asked, layers };
  });
  expect(before).toMatchObject([
    { engine: "tfjs", runs: true },
    { engine: "litert" },
    { engine: "onnx", runs: false, reason: "it runs .onnx files" },
  ]);
  expect(before[1]!.runs).toBeUndefined();
  expect(after[1]).toMatchObject({ runs: false, reason: expect.stringMatching(/node \w+ ".+", an operation/) });
  expect(asked[1]).toMatchObject({ engine: "litert", runs: true });
  expect(layers).toMatchObject({ runs: false, reason: expect.stringContaining("split by layers") });
});
