// TensorFlow Lite files on LiteRT workers, against what TensorFlow's own interpreter gives (tests/fixtures/tflite/make.py).
import type { Tensor } from "inference-sharder";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openHarness, type OpenPage } from "../harness/launch.js";

/** Of the largest value. */
const TOLERANCE = 1e-4;
/** The CPU also rounds what comes between the layers to 8 bits, the GPU only has its weights so. */
const TOLERANCE_OF: Readonly<Record<string, number>> = { "dynamic-range on webgpu": 5e-3 };
/** On the GPU, they are refused. */
const ELEMENTS_OF_8_BITS = ["int8", "uint8"];

let opened: OpenPage;
beforeAll(async () => {
  opened = await openHarness();
});
afterAll(async () => {
  expect(opened.errors).toEqual([]);
  await opened.close();
});

async function expectRefused(name: string): Promise<void> {
  const refusal = await opened.page.evaluate(
    (name) =>
      harness.failureOf(() =>
        harness.createSharder({
          model: `fixtures/tflite/${name}.tflite`,
          workers: [{ engine: "litert", backend: "webgpu" }],
        }),
      ),
    name,
  );
  expect(refusal).toMatchObject({ code: "model-unsupported", message: expect.stringContaining(name) });
}

/** A saved tensor, as the files beside the models have them. */
interface Saved {
  readonly dtype: "float32" | "int32";
  readonly shape: number[];
  readonly data: number[];
}

describe.each(["wasm", "webgpu"] as const)("a worker of litert/%s", (backend) => {
  it.each([
    ["dense", undefined],
    ["conv", undefined],
    ["conv-single", "item-by-item"],
    ["conv-groups", "groups"],
    ["two", undefined],
    ["int8", "item-by-item"],
    ["uint8", undefined],
    ["dynamic-range", undefined],
    ["float16", undefined],
    ["signatures", undefined],
    ["mixing", undefined],
    ["unsigned", undefined],
  ])("gives what TensorFlow Lite gives: %s", async (name, mode) => {
    if (backend === "webgpu" && ELEMENTS_OF_8_BITS.includes(name)) return expectRefused(name);
    const result = await opened.page.evaluate(
      async ([name, backend]) => {
        const address = `fixtures/tflite/${name}`;
        const {
          inputs,
          outputs,
        }: Record<"inputs" | "outputs", Record<string, Saved>> = await (await fetch(`${address}.json`)).json();
        const tensorOf = ({ dtype, shape, data }: Saved): Tensor =>
          dtype === "int32"
            ? { dtype, shape, data: Int32Array.from(data) }
            : { dtype, shape, data: Float32Array.from(data) };
        const tensorsOf = (saved: Record<string, Saved>) =>
          Object.fromEntries(Object.entries(saved).map(([key, each]) => [key, tensorOf(each)]));
        const sharder = await harness.createSharder({
          model: `${address}.tflite`,
          signature: name === "signatures" ? "encode" : undefined,
          workers: [{ engine: "litert", backend: backend as "wasm" }],
        });
        const { format, batchMode, layerCount, weightBytes } = sharder.model;
        const results = await sharder.predict(tensorsOf(inputs));
        const batchModeAfter = sharder.model.batchMode;
        await sharder.dispose();
        const gaps = Object.entries(tensorsOf(outputs)).map(([key, expected]) =>
          harness.difference(results[key], expected),
        );
        return { format, batchMode, batchModeAfter, layerCount, weightBytes, gaps };
      },
      [name, backend],
    );
    expect(result).toMatchObject({ format: "tflite", batchMode: mode });
    expect(result.layerCount).toBeGreaterThan(0);
    expect(result.gaps.length).toBeGreaterThan(0);
    for (const gap of result.gaps) {
      expect(gap).toBeLessThan(TOLERANCE_OF[`${name} on ${backend}`] ?? TOLERANCE);
    }
  });
});
