// TF.js models that are written as .tflite files and run on LiteRT's workers, against TF.js's own.
// tests/long/browser/translated.test.ts has all public models and TensorFlow's own numbers for every kind of operation.
import { afterAll, beforeAll, expect, it } from "vitest";
import { openHarness, type OpenPage } from "../harness/launch.js";

/** Of the largest value. */
const TOLERANCE = 1e-4;
const LITERT = [{ engine: "litert", backend: "wasm" }] as const;

let opened: OpenPage;
beforeAll(async () => {
  opened = await openHarness();
});
afterAll(async () => {
  expect(opened.errors).toEqual([]);
  await opened.close();
});

it("a graph and a Keras model give what TF.js gives", async () => {
  const runs = await opened.page.evaluate(async () => [
    await harness.runTranslated({
      model: harness.randomNet({ seed: 1, residual: true, sideInput: true, pooledOutput: true }),
      itemCount: 5,
    }),
    await harness.runTranslated({ model: harness.kerasNet(3), itemCount: 3 }),
  ]);
  for (const run of runs) {
    expect(run).toMatchObject({ kind: "translated" });
    const gaps = run.kind === "translated" ? Object.values(run.gaps) : [];
    expect(gaps).toHaveLength(2);
    for (const gap of gaps) expect(gap).toBeLessThan(TOLERANCE);
  }
});

it("workers of both engines share a job, and a batch of any size leaves nothing behind", async () => {
  const { worst, engines, memories, plan } = await opened.page.evaluate(async () => {
    const model = harness.heavyNet();
    const alone = await harness.createSharder({ model, workers: [{ backend: "wasm" }] });
    const workers = [{ backend: "wasm" }, { engine: "litert", backend: "wasm" }] as const;
    const sharder = await harness.createSharder({ model, workers, quantumMs: 1 });
    const engines = sharder.workers.map(({ engine }) => engine);
    const litert = sharder.workers.find(({ engine }) => engine === "litert")!.id;
    let worst = 0;
    const memories: unknown[] = [];
    for (let run = 0; run < 60; run++) {
      const items = harness.heavyItems(1 + (run % 20), run);
      const found = await sharder.predict(items);
      if (run % 20 === 7) {
        const expected = await alone.predict(items);
        for (const [name, value] of Object.entries(expected)) {
          worst = Math.max(worst, harness.difference(found[name], value as never));
        }
      }
      if (run >= 40) memories.push((await sharder.memory())[litert]);
    }
    const plan = sharder.plan.split;
    await alone.dispose();
    await sharder.dispose();
    return { worst, engines, memories: [memories[0], memories.at(-1)], plan };
  });
  expect(engines).toEqual(["tfjs", "litert"]);
  expect(plan).toBe("batch");
  expect(worst).toBeLessThan(TOLERANCE);
  expect(memories[1]).toEqual(memories[0]);
});

it("what can't be translated is refused with the node that is why, and so are layers", async () => {
  const refusals = await opened.page.evaluate(async (workers) => {
    const create = (options: Parameters<typeof harness.createSharder>[0]) =>
      harness.failureOf(async () => (await harness.createSharder(options)).dispose());
    const loop = "fixtures/models/loop/model.json";
    const graph = harness.randomNet({ seed: 1 });
    const layered = await harness.createSharder({ model: graph, split: "layers", workers: [{ backend: "wasm" }] });
    const plain = await harness.createSharder({ model: loop, workers: [{ backend: "wasm" }] });
    const found = [
      await create({ model: loop, workers }),
      await harness.failureOf(() => plain.addWorker(workers[0])),
      await create({ model: graph, workers, split: "layers" }),
      await harness.failureOf(() => layered.addWorker(workers[0])),
      await create({ model: harness.kerasNet(1), workers, optimize: false }),
      await create({ model: graph, workers: [{ engine: "litert", backend: "cpu" }] }),
    ];
    await layered.dispose();
    await plain.dispose();
    return found;
  }, LITERT);
  const words = [
    /node \w+ ".+", an operation that TensorFlow Lite has no counterpart for/,
    /node \w+ ".+", an operation that TensorFlow Lite has no counterpart for/,
    /LiteRT runs models in one piece/,
    /split by layers/,
    /TF\.js layers/,
    /engine/,
  ];
  for (const [index, refusal] of refusals.entries()) {
    expect(refusal?.message).toMatch(/^Expected .*received .*: .*/s);
    expect(refusal?.message).toMatch(words[index]!);
  }
  const codes = refusals.map((refusal) => refusal?.code);
  expect(codes).toEqual([...Array.from({ length: 5 }, () => "model-unsupported"), "invalid-options"]);
});

it("sizes that a model does not take fail the call, and the next one runs", async () => {
  const { failure, gap } = await opened.page.evaluate(async (workers) => {
    // Its second input must have 4 columns, although its file allows any number.
    const model = harness.misfittingNet();
    const sharder = await harness.createSharder({ model, workers, inputs: { shift: { batched: false } } });
    const alone = await harness.createSharder({
      model,
      workers: [{ backend: "wasm" }],
      inputs: { shift: { batched: false } },
    });
    const inputs = (columns: number) => ({
      image: harness.float32([2, 8, 8, 3], 1),
      shift: harness.float32([1, columns], 2),
    });
    const failure = await harness.failureOf(async () => void (await sharder.predict(inputs(5))));
    const [found, expected] = [await sharder.predict(inputs(4)), await alone.predict(inputs(4))];
    const gap = Math.max(
      ...Object.entries(expected).map(([name, value]) => harness.difference(found[name], value as never)),
    );
    await sharder.dispose();
    await alone.dispose();
    return { failure, gap };
  }, LITERT);
  expect(failure?.code).toBe("model-failed");
  expect(gap).toBeLessThan(TOLERANCE);
});
