// Recurrent layers on every backend: compiled kernels on WASM, kernels of TF.js elsewhere. Oracle: the layers in plain loops over numbers.
import { afterAll, beforeAll, expect, it } from "vitest";
import { kerasRecurrent } from "../../bench/recurrent-models.js";
import { randomRecurrent } from "../../fixtures/random-recurrent.js";
import { openHarness, type OpenPage } from "../../harness/launch.js";

let opened: OpenPage;
const scripts: string[] = [];
beforeAll(async () => {
  opened = await openHarness();
  opened.page.context().on("request", (request) => scripts.push(request.url()));
});
afterAll(async () => {
  await opened.close();
});

/** Together they have each kind of layer, GRUs of both kinds, one direction and two. */
const SEEDS = [1, 4, 5, 41];

const models = SEEDS.map((seed) => {
  const { artifacts, inputs, outputs } = randomRecurrent(seed);
  return {
    topology: artifacts.modelTopology,
    weightSpecs: artifacts.weightSpecs,
    weights: Array.from(new Float32Array(artifacts.weightData as ArrayBuffer)),
    inputs: Object.entries(inputs).map(([name, { shape, data }]) => ({ name, shape, data: Array.from(data, Number) })),
    outputs: outputs.map(({ data }) => Array.from(data, Number)),
  };
});

it.each(["cpu", "webgl", "webgpu", "wasm"] as const)("random recurrent layers are right on %s", async (backend) => {
  const differences = await opened.page.evaluate(
    async ({ models, backend }) => {
      const worst: number[] = [];
      for (const { topology, weightSpecs, weights, inputs, outputs } of models) {
        const model = { modelTopology: topology, weightSpecs, weightData: Float32Array.from(weights).buffer };
        const sharder = await harness.createSharder({ model, workers: [{ backend }], verify: false });
        const feeds = inputs.map(({ name, shape, data }) => [
          name,
          { dtype: "float32" as const, shape, data: Float32Array.from(data) },
        ]);
        const results = await sharder.predict(Object.fromEntries(feeds));
        sharder.model.outputs.forEach(({ name }, index) => {
          const output = results[name]!;
          if (output.dtype !== "float32") throw new Error(`Expected floats, received ${output.dtype}.`);
          const values = output.data;
          const expected = outputs[index]!;
          const largest = Math.max(1, ...expected.map(Math.abs));
          worst.push(Math.max(...expected.map((value, at) => Math.abs(value - values[at]!))) / largest);
        });
        await sharder.dispose();
      }
      return worst;
    },
    { models, backend },
  );
  expect(differences.length).toBeGreaterThanOrEqual(SEEDS.length);
  expect(scripts.some((url) => url.includes("compiled-recurrence"))).toBe(backend === "wasm");
  // NaN is not below it, either.
  for (const difference of differences) expect(difference).toBeLessThan(1e-5);
});

/** Large enough for the kernels that TF.js has for large matrices. */
const SIZES = { length: 2, features: 24, units: [40] };

const large = (["LSTM", "GRU"] as const).map((className) => {
  const { modelTopology, weightSpecs, weightData } = kerasRecurrent(className, SIZES, 3);
  return { modelTopology, weightSpecs, weights: Array.from(new Float32Array(weightData as ArrayBuffer)) };
});

it.each(["webgl", "webgpu", "wasm"] as const)(
  "larger layers compute what TF.js's layers do, on %s",
  async (backend) => {
    const differences = await opened.page.evaluate(
      async ({ large, backend, length, features }) => {
        const { createSharder, difference, float32, runWhole } = harness;
        const input = float32([37, length, features], 1);
        const worst: number[] = [];
        for (const { modelTopology, weightSpecs, weights } of large) {
          const model = { modelTopology, weightSpecs, weightData: Float32Array.from(weights).buffer };
          const sharder = await createSharder({ model, workers: [{ backend }], verify: false });
          const [received] = Object.values(await sharder.predict(input));
          const [expected] = await runWhole("cpu", model, [input]);
          worst.push(difference(received!, expected!));
          await sharder.dispose();
        }
        return worst;
      },
      { large, backend, ...SIZES },
    );
    expect(differences.length).toBe(2);
    for (const difference of differences) expect(difference).toBeLessThan(1e-5);
  },
);
