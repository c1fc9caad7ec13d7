import { afterEach, expect, it, vi } from "vitest";
import type { WorkerSpec } from "../../../src/pool/worker-entries.js";
import { workersAhead } from "../../../src/sharder/workers-ahead.js";

afterEach(() => vi.unstubAllGlobals());

it("expects the workers that are listed, on the engine that the model's name calls for", () => {
  const workers: readonly WorkerSpec[] = [{ backend: "wasm" }, { backend: "wasm", engine: "litert" }];
  const engines = (model: string | URL) => workersAhead({ model, workers }).map(({ engine }) => engine);
  expect(engines("/models/x/model.json?v=2#a")).toEqual(["tfjs", "litert"]);
  expect(engines(new URL("https://example.org/x.TFLITE"))).toEqual(["litert", "litert"]);
  expect(engines("x.onnx")).toEqual(["onnx", "litert"]);
});

it("expects one on WASM for each core, within the bound", () => {
  vi.stubGlobal("navigator", { hardwareConcurrency: 4 });
  expect(workersAhead({ model: "a.onnx" })).toEqual(Array(4).fill({ backend: "wasm", engine: "onnx" }));
  expect(workersAhead({ model: "a.json", maxWorkers: 1 })).toEqual([{ backend: "wasm", engine: "tfjs" }]);
});

it("expects none where nothing says what the model is", () => {
  for (const model of ["/download?file=model.json", "model.zip", "indexeddb://mine", []])
    expect(workersAhead({ model })).toEqual([]);
});
