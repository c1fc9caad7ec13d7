// Optimised models on every backend's own kernels. Oracle: TF.js's run of the original model on its CPU backend.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GraphModel, windowAttr } from "../fixtures/graph-model.js";
import { openHarness, type OpenPage } from "../harness/launch.js";

let opened: OpenPage;
beforeAll(async () => {
  opened = await openHarness();
});
afterAll(async () => {
  await opened.close();
});

/** A model with one output per pattern: paddings of both strides, every activation, and the einsums of attention. */
function everyPattern() {
  const model = new GraphModel(3);
  const picture = model.input("picture", [-1, 9, 8, 4]);
  const sequence = model.input("sequence", [-1, 5, 4]);
  const outputs: string[] = [];
  const activations: ((x: string) => string)[] = [
    (x) => model.node("Relu", [x]),
    (x) => model.node("ClipByValue", [x, model.scalar(0), model.scalar(6)]),
    (x) => model.node("Elu", [x]),
    (x) => model.node("Sigmoid", [x]),
    (x) => model.node("LeakyRelu", [x], { T: { type: "DT_FLOAT" }, alpha: { f: 0.1 } }),
    (x) => model.node("Prelu", [x, model.weight([4])]),
  ];
  for (const [index, activate] of activations.entries()) {
    const [before, after] = [index % 3, (index + 1) % 2];
    const paddings = model.integers([0, 0, before, after, after, before, 0, 0], [4, 2]);
    for (const op of ["Conv2D", "DepthwiseConv2dNative"]) {
      const pad = model.node("Pad", [picture, paddings]);
      const kernel = model.weight(op === "Conv2D" ? [3, 3, 4, 4] : [3, 3, 4, 1]);
      const convolved = model.node(op, [pad, kernel], windowAttr("VALID", 1 + (index % 2)));
      const scaled = model.node("Mul", [convolved, model.weight([4])]);
      outputs.push(activate(model.node("AddV2", [scaled, model.weight([4])])));
    }
    const product = model.node("MatMul", [model.node("Mean", [picture, model.integers([1, 2])]), model.weight([4, 4])]);
    outputs.push(activate(model.node("BiasAdd", [product, model.weight([4])])));
  }
  const heads = (): string => {
    const projected = model.einsum("abc,cde->abde", sequence, model.weight([4, 2, 3]));
    return model.node("AddV2", [projected, model.weight([2, 3])]);
  };
  const weights = model.node("Softmax", [model.einsum("aecd,abcd->acbe", heads(), heads())]);
  const mixed = model.einsum("acbe,aecd->abcd", weights, heads());
  outputs.push(model.einsum("abcd,cde->abe", mixed, model.weight([2, 3, 4])));
  return model.artifacts(...outputs);
}

describe("an optimised model computes what it computed before", () => {
  it.each(["wasm", "cpu", "webgl", "webgpu"])("on %s", async (backend) => {
    const { weightData, ...rest } = everyPattern();
    const bytes = [...new Uint8Array(weightData as ArrayBuffer)];
    const { worst, outputCount, done } = await opened.page.evaluate(
      async ({ rest, bytes, backend }) => {
        const { createSharder, float32, runWhole, difference } = harness;
        const model = { ...rest, weightData: Uint8Array.from(bytes).buffer };
        const inputs = { picture: float32([3, 9, 8, 4], 1), sequence: float32([3, 5, 4], 2) };
        const expected = await runWhole("cpu", model, [inputs.picture, inputs.sequence]);
        const sharder = await createSharder({ model, workers: [{ backend: backend as "wasm" }] });
        const outputs = await sharder.predict(inputs);
        const { outputs: specs, optimization } = sharder.model;
        const worst = Math.max(...specs.map(({ name }, index) => difference(outputs[name], expected[index]!)));
        await sharder.dispose();
        return { worst, outputCount: specs.length, done: optimization.done };
      },
      { rest, bytes, backend },
    );
    expect(outputCount).toBe(19);
    expect(done["paddings-folded"]).toBe(12);
    // TF.js's depthwise convolution can't fuse an activation with a slope.
    expect(done["activations-fused"]).toBe(17);
    expect(done["einsums-lowered"]).toBe(6);
    expect(worst).toBeLessThanOrEqual(1e-4);
    expect(opened.errors).toEqual([]);
  });
});
