import { describe, expect, it } from "vitest";
import {
  candidateGroups,
  fastestTrial,
  maxItemCount,
  sweepVariants,
  type Trial,
} from "../../bench/peers/choose-variant.js";
import { percentile } from "../../bench/peers/page-thread.js";
import { EngineHost, runInCalls } from "../../bench/peers/peer-engine.js";
import { fileOf, repeatItems, type PeerModel } from "../../bench/peers/peer-model.js";
import { commonQuantum, ownItemCount, runItemCount } from "../../bench/peers/run-size.js";
import { callBounds, type Runner } from "../../bench/peers/runner.js";
import { isRealRenderer, type PeerSubject } from "../../bench/peers/subjects.js";

const model: PeerModel = {
  url: "http://localhost/peer-models/tiny/",
  title: "Tiny",
  itemShape: [2],
  sampleCount: 3,
  batches: [1, 4],
  formats: ["layers", "graph", "onnx"],
  tfliteBatches: [1],
  madeBy: "the test",
};

const subject = (change: Partial<PeerSubject>): PeerSubject => ({
  name: "one",
  peer: "tfjs",
  formats: ["graph", "layers"],
  takesCallSize: true,
  workers: ["wasm"],
  open: () => Promise.reject(new Error("not opened here")),
  ...change,
});

const trial = (callItemCount: number, itemsPerSecond: number): Trial => ({
  variant: { format: "graph", callItemCount },
  itemsPerSecond,
  worstDifference: 0,
});

describe("variants", () => {
  it("tries every size of call in every format that the model has", () => {
    expect(candidateGroups(subject({}), model)).toEqual([
      [
        { format: "graph", callItemCount: 1 },
        { format: "graph", callItemCount: 4 },
      ],
      [
        { format: "layers", callItemCount: 1 },
        { format: "layers", callItemCount: 4 },
      ],
    ]);
    // A TFLite file holds one batch, so only those that were made.
    expect(candidateGroups(subject({ formats: ["tflite"] }), model)).toEqual([
      [{ format: "tflite", callItemCount: 1 }],
    ]);
  });

  it("tries a subject that sizes its own calls once for each format", () => {
    const ours = subject({ peer: "sharder", takesCallSize: false });
    expect(candidateGroups(ours, model).map((group) => group.length)).toEqual([1, 1]);
    const withoutLayers = { ...model, formats: ["graph"] as const };
    expect(candidateGroups(ours, withoutLayers)).toEqual([[{ format: "graph", callItemCount: 4 }]]);
  });

  it("finds the file of each", () => {
    expect(fileOf(model, { format: "layers", callItemCount: 4 })).toBe(`${model.url}layers/model.json`);
    expect(fileOf(model, { format: "tflite", callItemCount: 4 })).toBe(`${model.url}batch-4.tflite`);
  });

  it("takes the fastest, but a later one only if it is clearly faster", () => {
    expect(fastestTrial([])).toBeUndefined();
    expect(fastestTrial([trial(1, 100), trial(4, 102)])?.variant.callItemCount).toBe(1);
    expect(fastestTrial([trial(1, 100), trial(4, 110), trial(16, 90)])?.variant.callItemCount).toBe(4);
  });
});

describe("sweep", () => {
  const samples = { inputs: Float32Array.of(0.5, 0.5), outputs: Float32Array.of(0.5, 1), count: 1 };

  /** Its output of each item: that item's first value and 1, in one format off by a part of the largest value. */
  function scripted(errors: Partial<Record<string, number>>): { runner: Runner; loads: string[] } {
    const loads: string[] = [];
    let error = 0;
    const runner: Runner = {
      load: async (_, { format, callItemCount }) => {
        loads.push(`${format}/${callItemCount}`);
        error = errors[format] ?? 0;
        if (Number.isNaN(error)) throw new Error(`no ${format} here`);
      },
      run: async (items, itemCount) =>
        Float32Array.from({ length: 2 * itemCount }, (_, index) => (index % 2 === 0 ? items[0]! : 1) + error),
      dispose: () => {},
    };
    return { runner, loads };
  }

  it("times what is right, and refuses to time what is wrong by more than 1e-4", async () => {
    const { runner, loads } = scripted({ graph: 2e-4, layers: 5e-5 });
    const { trials, refusals } = await sweepVariants(subject({}), runner, model, samples, 0);
    expect(trials.map(({ variant }) => variant.format)).toContain("layers");
    expect(trials.map(({ variant }) => variant.format)).not.toContain("graph");
    expect(refusals).toEqual([
      {
        variant: { format: "graph", callItemCount: 1 },
        reason: expect.stringMatching(/differ by 0\.00020 .*not timed/),
      },
    ]);
    // Nor are larger calls of it tried.
    expect(loads.filter((load) => load.startsWith("graph"))).toEqual(["graph/1"]);
  });

  it("keeps the reason of what doesn't load", async () => {
    const { runner } = scripted({ graph: NaN, layers: NaN });
    const { trials, refusals } = await sweepVariants(subject({}), runner, model, samples, 0);
    expect(trials).toEqual([]);
    expect(refusals.map(({ reason }) => reason)).toEqual(["no graph here", "no layers here"]);
  });
});

describe("sizes of runs", () => {
  it("gives the fastest about a second, and a slow one not much more than five, in whole calls", () => {
    expect(runItemCount([100, 50], 10, 1e6)).toBe(120);
    expect(ownItemCount(50, 10, 120)).toBe(120);
    expect(ownItemCount(10, 16, 1024)).toBe(48);
    expect(ownItemCount(0.1, 16, 1024)).toBe(16);
    expect(runItemCount([1000], 16, 100)).toBe(96);
    expect(runItemCount([0.1], 32, 100)).toBe(32);
  });

  it("lets all make whole calls", () => {
    expect(commonQuantum([])).toBe(1);
    expect(commonQuantum([4, 6, 1])).toBe(12);
    expect(commonQuantum([64, 2 * 256, 16])).toBe(512);
  });

  it("bounds the memory of the items, but always runs one", () => {
    expect(maxItemCount([64])).toBe(2 ** 26 / 256);
    expect(maxItemCount([2 ** 26])).toBe(1);
  });
});

describe("items and calls", () => {
  it("repeats the samples", () => {
    const values = Float32Array.of(1, 2, 3, 4, 5, 6);
    expect([...repeatItems(values, 3, 2)]).toEqual([1, 2, 3, 4]);
    expect([...repeatItems(values, 3, 5)]).toEqual([1, 2, 3, 4, 5, 6, 1, 2, 3, 4]);
  });

  it("gathers what the calls return in order, the last one with fewer items", async () => {
    const counts: number[] = [];
    const items = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    const sums = await runInCalls(
      async (part, count) => {
        counts.push(count);
        return Float32Array.from({ length: count }, (_, item) => part[2 * item]! + part[2 * item + 1]!);
      },
      items,
      5,
      2,
    );
    expect([...sums]).toEqual([3, 7, 11, 15, 19]);
    expect(counts).toEqual([2, 2, 1]);
  });

  it("unloads one variant before it loads the next, and runs in calls of its size", async () => {
    const events: string[] = [];
    const host = new EngineHost({
      load: async (url) => {
        events.push(`load ${url.slice(model.url.length)}`);
        const call = async (items: Float32Array, count: number): Promise<Float32Array> => {
          events.push(`call ${count}`);
          return items;
        };
        return { call, unload: () => void events.push("unload") };
      },
    });
    expect(() => host.run(new Float32Array(4), 2)).toThrow("loaded");
    await host.load(model, { format: "graph", callItemCount: 1 });
    await host.load(model, { format: "onnx", callItemCount: 4 });
    expect([...(await host.run(Float32Array.of(1, 2, 3, 4), 2))]).toEqual([1, 2, 3, 4]);
    expect(events).toEqual(["load graph/model.json", "unload", "load model.onnx", "call 2"]);
  });

  it("shares whole calls among unconnected workers", () => {
    expect(callBounds(512, 256, 2)).toEqual([0, 256, 512]);
    expect(callBounds(48, 16, 2)).toEqual([0, 32, 48]);
    expect(callBounds(5, 2, 2)).toEqual([0, 4, 5]);
    expect(callBounds(1, 4, 2)).toEqual([0, 1, 1]);
  });
});

it("takes percentiles", () => {
  expect(percentile([], 0.99)).toBeNaN();
  expect(percentile([3, 1, 2], 0.99)).toBe(3);
  expect(
    percentile(
      Array.from({ length: 200 }, (_, index) => index),
      0.99,
    ),
  ).toBe(197);
});

it("tells graphics computed in software from a GPU", () => {
  expect(isRealRenderer("none")).toBe(false);
  expect(isRealRenderer("ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device (Subzero)), SwiftShader driver)")).toBe(false);
  expect(isRealRenderer("ANGLE (NVIDIA, NVIDIA GeForce RTX 3060 Direct3D11)")).toBe(true);
});
