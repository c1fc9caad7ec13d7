import { describe, expect, it } from "vitest";
import { checkOptions, checkWorkerSpec } from "../../../src/sharder/check-options.js";
import type { SharderOptions } from "../../../src/sharder/options.js";
import { caught } from "../../fixtures/caught.js";
import { randomNet } from "../../fixtures/random-net.js";

const check = (options: unknown) => checkOptions(options as SharderOptions);

function detached(): ArrayBuffer {
  const buffer = new ArrayBuffer(8);
  structuredClone(buffer, { transfer: [buffer] });
  return buffer;
}

it.each<SharderOptions>([
  { model: "model.json" },
  { model: new URL("http://localhost/model.json") },
  { model: randomNet({ seed: 1 }) },
  { model: "indexeddb://my net" },
  {
    model: "m",
    weightPathPrefix: "https://cdn.test/w/",
    weightUrlConverter: (path) => path,
    cache: false,
    remember: false,
    maxWorkers: 3,
    onNotice: () => {},
  },
  { model: [new File(["{}"], "model.json")] },
  { model: { length: 1, 0: new File(["{}"], "model.json") } },
  {
    model: "m",
    workers: "auto",
    split: "auto",
    policy: "makespan",
    optimize: true,
    quantumMs: 100,
    verify: 0.1,
    onItemError: "report",
    firstRunDeadlineMs: 60_000,
    maxWorkerHeapBytes: 2 ** 30,
    maxWorkerBytes: undefined,
  },
  {
    model: "m",
    workers: [
      { backend: "wasm", engine: "tfjs" },
      { backend: "webgpu", powerPreference: "low-power" },
    ],
    split: "batch",
    optimize: false,
  },
  {
    model: "m",
    quantumMs: 1,
    policy: "equal",
    maxWorkerBytes: 1,
    signal: new AbortController().signal,
    onProgress: () => {},
  },
  { model: "m", quantumMs: 60_000, policy: "capacity-proportional", maxWorkerBytes: Infinity, requestInit: {} },
])("accepts %#", (options) => {
  check(options);
});

describe("refuses, naming the option and what it received", () => {
  it.each<[unknown, string[]]>([
    [undefined, ["options", "undefined"]],
    [null, ["options", "null"]],
    ["model.json", ["options", '"model.json"']],
    [{}, ["model", "undefined"]],
    [{ model: "" }, ["model", '""']],
    [{ model: 5 }, ["model", "5"]],
    [{ model: null }, ["model", "null"]],
    [{ model: [] }, ["model", "an empty list"]],
    [{ model: new Uint8Array(0) }, ["model", "received 0", "transferred"]],
    [{ model: detached() }, ["model", "received 0"]],
    [{ model: "m", cache: "yes" }, ["cache", '"yes"']],
    [{ model: "m", remember: 1 }, ["remember", "1"]],
    [{ model: "m", maxWorkers: 0 }, ["maxWorkers", "0"]],
    [{ model: "m", maxWorkers: 1.5 }, ["maxWorkers", "1.5"]],
    [{ model: "m", maxWorkers: 2, workers: [{ backend: "wasm" }] }, ["maxWorkers", "list fewer"]],
    [{ model: "m", onNotice: true }, ["onNotice", "true"]],
    [{ model: "m", weightPathPrefix: 5 }, ["weightPathPrefix", "5"]],
    [{ model: "m", weightUrlConverter: "w/" }, ["weightUrlConverter", '"w/"']],
    [{ model: [new File(["{}"], "model.json"), "weights.bin"] }, ["model", '"weights.bin"', "files only"]],
    [{ model: { weightSpecs: [] } }, ["model", "weightSpecs"]],
    [{ model: "m", workers: null }, ["workers", "null"]],
    [{ model: "m", workers: [] }, ["workers", "an empty list"]],
    [{ model: "m", workers: 4 }, ["workers", "4"]],
    [{ model: "m", workers: "wasm" }, ["workers", '"wasm"']],
    [{ model: "m", workers: { backend: "wasm" } }, ["workers", "backend"]],
    [{ model: "m", workers: [null] }, ["worker", "null"]],
    [{ model: "m", workers: Array(2) }, ["worker", "undefined"]],
    [{ model: "m", workers: [{ backend: "webgpu", powerPreference: "max" }] }, ["powerPreference", '"max"']],
    [
      { model: "m", workers: [{ backend: "wasm", engine: "abacus" }] },
      ["engine", '"wasm" (tfjs, litert, onnx)', '"abacus"'],
    ],
    [{ model: "m", split: "rows" }, ["split", '"layers"']],
    [{ model: "m", split: null }, ["split", "null"]],
    [{ model: "m", policy: "fastest" }, ["policy", '"fastest"', "makespan, equal, capacity-proportional"]],
    [{ model: "m", policy: "toString" }, ["policy", '"toString"']],
    ...[0, 0.5, -1, NaN, Infinity, 60_001, "100", null, [100], {}].map((quantumMs): [unknown, string[]] => [
      { model: "m", quantumMs },
      ["quantumMs", "1 to 60000"],
    ]),
    [{ model: "m", verify: 1.1 }, ["verify", "1.1"]],
    [{ model: "m", verify: -0.1 }, ["verify", "-0.1"]],
    [{ model: "m", onItemError: "skip" }, ["onItemError", '"skip"']],
    [{ model: "m", firstRunDeadlineMs: 10 }, ["firstRunDeadlineMs", "10"]],
    [{ model: "m", maxWorkerHeapBytes: 0 }, ["maxWorkerHeapBytes", "0"]],
    [{ model: "m", verify: "0" }, ["verify", '"0"']],
    ...[0, -1, NaN, "5", null].map((maxWorkerBytes): [unknown, string[]] => [
      { model: "m", maxWorkerBytes },
      ["maxWorkerBytes"],
    ]),
    [{ model: "m", optimize: "yes" }, ["optimize", '"yes"']],
    [{ model: "m", onProgress: 5 }, ["onProgress", "5"]],
    [{ model: "m", signal: new AbortController() }, ["signal", "object"]],
    [{ model: "m", signal: null }, ["signal", "null"]],
  ])("%#: %j", (options, words) => {
    caught("invalid-options", () => check(options), ...words);
  });

  it.each([{}, { backend: "gpu" }, { backend: null }, { backend: "constructor" }, { backend: ["wasm"] }])(
    "the backend %j",
    (spec) => {
      caught(
        "unknown-backend",
        () => check({ model: "m", workers: [{ backend: "cpu" }, spec] }),
        "webgpu, webgl, wasm, cpu",
      );
    },
  );

  it("a single worker instead of a list", () => {
    checkWorkerSpec({ backend: "cpu" });
    caught("invalid-options", () => checkWorkerSpec("wasm"), '"wasm"');
    expect(() => checkWorkerSpec({ backend: "wasm", powerPreference: undefined })).not.toThrow();
  });
});

describe("an option that doesn't exist is refused, with the one that was probably meant", () => {
  it.each<[unknown, string[]]>([
    [{ model: "m", wrokers: "auto" }, ['"wrokers"', 'did you mean "workers"']],
    [{ model: "m", Optimise: false }, ['did you mean "optimize"']],
    [{ model: "m", onprogress: () => {} }, ['did you mean "onProgress"']],
    [{ model: "m", quantum: 5 }, ['"quantum"', "createSharder", "leave it out"]],
    [{ model: "m", somethingElse: 5 }, ['"somethingElse"', "leave it out"]],
    [{ model: "m", constructor: 5 }, ['"constructor"']],
    [{ model: "m", workers: [{ backend: "wasm", powerpreference: "low-power" }] }, ['did you mean "powerPreference"']],
    [{ model: "m", requestInit: { headers: { "not a name": "x" } } }, ['"requestInit.headers"']],
    [{ model: "m", requestInit: 5 }, ['"requestInit"', "5"]],
  ])("%j", (options, words) => {
    caught("invalid-options", () => check(options), ...words);
  });

  it("unless it is undefined", () => {
    check({ model: "m", maxWorkers: undefined });
  });
});
