// Compares whole models with their stages, bit for bit, on TF.js's WASM backend in Node.
import { beforeAll, describe, expect, it } from "vitest";
import "@tensorflow/tfjs-backend-cpu";
import { inspectModel } from "../../../../src/model/inspect-model.js";
import { expectCutsExact } from "../../../fixtures/cut-plans.js";
import { publicModels, readPublicModel } from "../../../fixtures/public-models.js";
import { noiseFor } from "../../../fixtures/run-wires.js";
import { sampleOf } from "../../../fixtures/sample-of.js";
import { useWasm } from "../../../fixtures/wasm-in-node.js";

beforeAll(useWasm);

const AS_IT_CAME = { optimize: false, how: "as it came" };
const OPTIMISED = { optimize: true, how: "optimised" };

/** The quick tests run every model one way, by turns. */
const CASES = sampleOf(
  publicModels.flatMap((name, index) => {
    const ways = index % 2 === 0 ? [OPTIMISED, AS_IT_CAME] : [AS_IT_CAME, OPTIMISED];
    return ways.map((way) => ({ name, ...way }));
  }),
  2,
);

describe.skipIf(publicModels.length === 0)("every public model", () => {
  it.each(CASES)(
    "$name $how equals its stages, wherever it is cut",
    { timeout: 120_000 },
    async ({ name, optimize }) => {
      const artifacts = readPublicModel(name);
      const inputs = noiseFor(inspectModel(artifacts, true).info.inputs, 1, 64);
      const { staged, planCount } = await expectCutsExact(artifacts, { optimize, inputs, singleCount: 2 });
      expect(staged.layers.length).toBeGreaterThan(10);
      expect(planCount).toBeGreaterThan(5);
    },
  );
});
