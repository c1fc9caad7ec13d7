// Every ONNX file of tests/fixtures/onnx on one kind of worker of ONNX Runtime.
import { expect, it } from "vitest";
import type { OpenPage } from "../../harness/launch.js";
import { ONNX, testMemory } from "../../browser/file-engine.js";

/** Of the largest value. */
const TOLERANCE = 1e-4;
/** Sums are rounded to 11 bits, in another order than the reference's. */
const TOLERANCES: Readonly<Record<string, number>> = { float16: 2e-3 };

/** On the GPU, they are refused: it has no operations of `ai.onnx.ml`. */
const ON_CPU_ALONE = ["texts", "labels"];

export interface OnnxKind {
  readonly backend: "wasm" | "webgpu";
  readonly threads?: number;
}

/** @param page the harness, once it is open. */
export function testEachOnnx({ backend, threads }: OnnxKind, page: () => OpenPage["page"]): void {
  it.each([
    ["mlp", "batched"],
    ["conv", "batched"],
    ["conv-single", "item-by-item"],
    ["conv-groups", "groups"],
    ["two", "batched"],
    ["float16", "batched"],
    ["control", "whole"],
    ["qdq", "batched"],
    ["texts", "batched"],
    ["types", "batched"],
    ["sequence", "batched"],
    ["mixing", "whole"],
    ["labels", "batched"],
    ["external", "batched"],
    ["opset-9", "batched"],
    ["opset-11", "batched"],
    ["opset-newest", "batched"],
  ])("%s gives what the reference gives", async (name, mode) => {
    const [refusal, run, hasFloat16] = await page().evaluate(
      async ([name, options]) => {
        let run: Awaited<ReturnType<typeof harness.runSaved>> | undefined;
        const refusal = await harness.failureOf(async () => (run = await harness.runSaved("onnx", name, options)));
        const adapter = await navigator.gpu.requestAdapter();
        return [refusal, run, adapter?.features.has("shader-f16")] as const;
      },
      [name, { workers: [{ engine: "onnx", backend, threads }] }] as const,
    );
    if (backend === "webgpu" && (ON_CPU_ALONE.includes(name) || (name === "float16" && hasFloat16 !== true))) {
      expect(refusal).toMatchObject({ code: "model-unsupported", message: expect.stringContaining(`"wasm"`) });
      return;
    }
    expect(refusal).toBeUndefined();
    expect(run?.modes[1]).toBe(mode);
    expect(run?.gaps.length).toBeGreaterThan(0);
    for (const gap of run?.gaps ?? []) expect(gap).toBeLessThan(TOLERANCES[name] ?? TOLERANCE);
  });

  testMemory(ONNX, { backend, threads }, { runCount: 120, settledAfter: 60 }, page);
}
