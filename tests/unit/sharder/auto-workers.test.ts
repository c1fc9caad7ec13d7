import { afterEach, expect, it, vi } from "vitest";
import { chooseWorkers } from "../../../src/sharder/auto-workers.js";

afterEach(() => {
  vi.unstubAllGlobals();
});

/** Simulate a browser with so many cores and this adapter; `undefined`: no WebGPU at all. */
function browser(hardwareConcurrency: number, adapter?: object | null | Error): void {
  const requestAdapter = async () => {
    if (adapter instanceof Error) throw adapter;
    return adapter;
  };
  vi.stubGlobal("navigator", { hardwareConcurrency, ...(adapter === undefined ? {} : { gpu: { requestAdapter } }) });
}

const chosen = async () => (await chooseWorkers()).specs.map(({ backend }) => backend);

it("takes a real GPU, and a WASM worker for every core", async () => {
  browser(3, { info: { isFallbackAdapter: false, architecture: "ampere" } });
  expect(await chosen()).toEqual(["webgpu", "wasm", "wasm", "wasm"]);
});

it.each([
  ["says nothing about itself", {}],
  ["has an empty description", { info: {} }],
])("takes a GPU whose adapter %s: its worker finds out", async (_what, adapter) => {
  browser(1, adapter);
  expect(await chosen()).toEqual(["webgpu", "wasm"]);
});

it("takes only WASM workers if the browser never answers about its adapters", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    vi.stubGlobal("navigator", { hardwareConcurrency: 1, gpu: { requestAdapter: () => new Promise(() => {}) } });
    const choosing = chooseWorkers();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await choosing).toMatchObject({ specs: [{ backend: "wasm" }], notice: { code: "gpu-silent" } });
  } finally {
    vi.useRealTimers();
  }
});

it("takes plain JavaScript where WASM is missing or forbidden, and has it in reserve elsewhere", async () => {
  browser(2);
  expect((await chooseWorkers()).lastResort).toEqual([{ backend: "cpu" }, { backend: "cpu" }]);
  const forbidden = {
    Module: class {
      constructor() {
        throw new Error("violates the Content Security Policy");
      }
    },
  };
  for (const wasm of [undefined, forbidden]) {
    vi.stubGlobal("WebAssembly", wasm);
    expect(await chosen()).toEqual(["cpu", "cpu"]);
  }
});

it.each([
  ["there is no WebGPU", undefined],
  ["there is no adapter", null],
  ["the adapter is a fallback, as earlier versions say it", { isFallbackAdapter: true }],
  ["the adapter is a fallback", { info: { isFallbackAdapter: true, architecture: "" } }],
  ["the adapter is SwiftShader, whatever it says", { info: { isFallbackAdapter: false, architecture: "swiftshader" } }],
  ["requesting one fails", new Error("blocked")],
])("takes only WASM workers where %s", async (_what, adapter) => {
  browser(2, adapter);
  expect(await chosen()).toEqual(["wasm", "wasm"]);
});

it("takes one worker if the browser hides the number of cores", async () => {
  browser(0);
  expect(await chosen()).toEqual(["wasm"]);
});

it("takes a WASM worker of LiteRT for every core, whatever the GPU", async () => {
  browser(2, { info: { isFallbackAdapter: false, architecture: "ampere" } });
  const worker = { engine: "litert", backend: "wasm" };
  expect(await chooseWorkers("litert")).toEqual({ specs: [worker, worker], lastResort: [], notice: undefined });
});
