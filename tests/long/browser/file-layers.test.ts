// The saved ONNX and TensorFlow Lite models that can be cut, at random places and at all of them: every second plan, and all where more
// time is given than usual.
import { basename, dirname } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { seededRandom } from "../../../src/core/random.js";
import { readOnnxModel, readTfliteModel, savedModels } from "../../fixtures/file-models.js";
import { openHarness, type OpenPage } from "../../harness/launch.js";
import { timeBoxMs } from "../for-seeds.js";

let opened: OpenPage;
beforeAll(async () => {
  opened = await openHarness();
});
afterAll(async () => {
  expect(opened.errors).toEqual([]);
  await opened.close();
});

const random = seededRandom(5);
const plans = (["onnx", "tflite"] as const).flatMap((format) =>
  savedModels(format).flatMap((path) => {
    const { staged } = format === "onnx" ? readOnnxModel(path) : readTfliteModel(path);
    if (staged === undefined) return [];
    const places = staged.layers.map((_, layer) => layer).slice(1);
    const some = places.filter(() => random() < 0.4);
    const name = `../${basename(dirname(path))}/${basename(path, `.${format}`)}`;
    return [places, ...(some.length === 0 || some.length === places.length ? [] : [some])].map((cuts) => ({
      format,
      name,
      cuts,
    }));
  }),
);

it("there are many", () => expect(plans.length).toBeGreaterThan(25));

it.each(plans.filter((_, index) => timeBoxMs > 20_000 || index % 2 === 0))(
  "$name cut at $cuts",
  async ({ format, name, cuts }) => {
    const run = await opened.page.evaluate(([format, name, cuts]) => harness.runByLayers([format, name, 6], { cuts }), [
      format,
      name,
      cuts,
    ] as const);
    expect(run.stageCount).toBe(cuts.length + 1);
    expect(run.gaps.length).toBeGreaterThan(0);
    // Some are fused across a cut in the whole.
    for (const gap of run.gaps) expect(gap).toBeLessThan(1e-5);
  },
);
