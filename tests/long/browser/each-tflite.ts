// Every TensorFlow Lite file of tests/fixtures/tflite on one kind of LiteRT worker.
import { expect, it } from "vitest";
import type { OpenPage } from "../../harness/launch.js";
import { LITERT, testMemory } from "../../browser/file-engine.js";

/** Of the largest value. */
const TOLERANCE = 1e-4;
/** The CPU also rounds what comes between the layers to 8 bits, the GPU only has its weights so. */
const TOLERANCES: Readonly<Record<string, number>> = { "dynamic-range on webgpu": 5e-3 };
/** On the GPU, they are refused. */
const OF_8_BITS = ["int8", "uint8"];

export interface LitertKind {
  readonly backend: "wasm" | "webgpu";
  readonly threads?: number;
}

/** @param page the harness, once it is open. */
export function testEachTflite({ backend, threads }: LitertKind, page: () => OpenPage["page"]): void {
  it.each([
    ["dense", "batched"],
    ["conv", "batched"],
    ["conv-single", "item-by-item"],
    ["conv-groups", "groups"],
    ["two", "batched"],
    ["int8", "item-by-item"],
    ["uint8", "batched"],
    ["dynamic-range", "batched"],
    ["float16", "batched"],
    ["signatures", "batched"],
    ["mixing", "whole"],
    ["unsigned", "batched"],
    ["reshaped", "batched"],
    ["any-size", "batched"],
  ])("%s gives what TensorFlow Lite gives", async (name, mode) => {
    const signature = name === "signatures" ? "encode" : undefined;
    const [refusal, run] = await page().evaluate(
      async ([name, options]) => {
        let run: Awaited<ReturnType<typeof harness.runSaved>> | undefined;
        const refusal = await harness.failureOf(async () => (run = await harness.runSaved("tflite", name, options)));
        return [refusal, run] as const;
      },
      [name, { signature, workers: [{ engine: "litert", backend, threads }] }] as const,
    );
    if (backend === "webgpu" && OF_8_BITS.includes(name)) {
      expect(refusal).toMatchObject({ code: "model-unsupported", message: expect.stringContaining(`of ${name}`) });
      return;
    }
    if (backend === "webgpu" && name === "reshaped") {
      expect(refusal).toMatchObject({ code: "model-unsupported", message: expect.stringContaining("compute sizes") });
      return;
    }
    expect(refusal).toBeUndefined();
    expect(run?.modes[1]).toBe(mode);
    expect(run?.gaps.length).toBeGreaterThan(0);
    for (const gap of run?.gaps ?? []) expect(gap).toBeLessThan(TOLERANCES[`${name} on ${backend}`] ?? TOLERANCE);
  });

  testMemory(LITERT, { backend, threads }, { runCount: 300, settledAfter: 100 }, page);
}
