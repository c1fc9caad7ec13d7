// Models that take whole batches or groups of items, for both splits, on TF.js's CPU backend.
import { describe, expect, it } from "vitest";
import { inspectModel } from "../../../src/model/inspect-model.js";
import type { ModelArtifacts } from "../../../src/model/artifacts.js";
import type { Tensor } from "../../../src/protocol/tensors.js";
import { assembleSharder } from "../../../src/sharder/assemble-sharder.js";
import type { JobProgress } from "../../../src/sharder/events.js";
import type { Inputs } from "../../../src/sharder/inputs/prepare-inputs.js";
import type { SharderOptions } from "../../../src/sharder/options.js";
import type { Sharder } from "../../../src/sharder/sharder.js";
import { startLayers } from "../../fixtures/adding-sharder.js";
import { positions, statistic, threes } from "../../fixtures/mixing-nets.js";
import { SmallGraph, someItems } from "../../fixtures/small-graph.js";
import { rejected } from "../../fixtures/caught.js";
import { runWire } from "../../fixtures/run-wires.js";
import { scriptStages, type StageScript } from "../../fixtures/staged-workers.js";
import { dims, graph, node, placeholder } from "../model/graph-json.js";

const T = { T: { type: "DT_FLOAT" } };

async function startBatch(
  model: ModelArtifacts,
  script: StageScript = {},
  options: Partial<SharderOptions> = {},
): Promise<Sharder> {
  const specs = [{ backend: "cpu" }, { backend: "cpu" }] as const;
  const inspected = inspectModel(model, true, false, options.inputs);
  const { workers: _, ...links } = scriptStages(script);
  return assembleSharder(inspected, { model, ...options }, specs, links);
}

/** A sharder for each split. */
const SPLITS = {
  batch: startBatch,
  layers: async (model: ModelArtifacts, script: StageScript = {}) =>
    (await startLayers(0, { model, ...script }, {})).sharder,
};
const splits = Object.keys(SPLITS) as (keyof typeof SPLITS)[];

const whole = async (model: ModelArtifacts, inputs: Readonly<Record<string, Tensor>>) =>
  runWire(inspectModel(model, true).wire, inputs);

describe.each(splits)("by %s, a whole batch", (split) => {
  const start = SPLITS[split];

  it.each([
    ["of a model that uses a statistic of its items", statistic()],
    ["of a model whose result has any length", positions()],
  ])("%s is one call, whatever its size", async (_, model) => {
    const sharder = await start(model);
    const attempts: number[] = [];
    const stages = new Set<number | undefined>();
    sharder.addEventListener("attempt", ({ detail }) => {
      attempts.push(detail.itemCount);
      stages.add(detail.stage);
    });
    for (const count of [7, 1, 12, 3]) {
      attempts.length = 0;
      const x = someItems(count, [4], count);
      const progress: JobProgress[] = [];
      const outputs = await sharder.predict(x, { onProgress: (each) => progress.push(each) });
      expect(outputs).toEqual(await whole(model, { x }));
      expect(attempts).toEqual([...stages].map(() => count));
      expect(progress.at(-1)).toMatchObject({ completedItemCount: count, totalItemCount: count, fraction: 1 });
    }
    expect(sharder.model).toMatchObject({ batchMode: "whole", isBatchInvariant: false });
    await sharder.dispose();
  });

  it("is what each value of a stream is", async () => {
    const model = positions();
    const sharder = await start(model);
    const batches = [3, 1, 5, 2, 2].map((count, seed) => someItems(count, [4], seed + 1));
    let firstItem = 0;
    let index = 0;
    for await (const shard of sharder.stream(batches)) {
      const x = batches[index++]!;
      expect(shard).toMatchObject({ firstItem, itemCount: x.shape[0]! });
      expect(shard.outputs).toEqual(await whole(model, { x }));
      firstItem += x.shape[0]!;
    }
    expect(index).toBe(batches.length);
    await sharder.dispose();
  });

  it("goes to another worker if its own is lost", async () => {
    let isLost = false;
    const sharder = await start(statistic(), {
      before: (call, worker) => {
        const isBatch = call.kind === "run" && Object.values(call.inputs)[0]!.shape[0] === 9;
        if (isLost || !isBatch) return;
        isLost = true;
        worker.crash("pulled out");
        return new Promise(() => {});
      },
    });
    const x = someItems(9, [4]);
    expect(await sharder.predict(x)).toEqual(await whole(statistic(), { x }));
    expect(isLost).toBe(true);
    await sharder.dispose();
  });

  it("can be aborted", async () => {
    const controller = new AbortController();
    const sharder = await start(statistic(), {
      before: (call) => {
        const isBatch = call.kind === "run" && Object.values(call.inputs)[0]!.shape[0] === 9;
        if (isBatch) controller.abort();
      },
    });
    await rejected("aborted", sharder.predict(someItems(9, [4]), { signal: controller.signal }));
    const x = someItems(2, [4]);
    expect(await sharder.predict(x)).toEqual(await whole(statistic(), { x }));
    await sharder.dispose();
  });

  it("is found by a trial, where the operations don't show it", async () => {
    const g = new SmallGraph(4);
    // Items on which nothing is known, because the shape depends on their number.
    const index = g.add(
      "Range",
      [
        g.ints([], 0),
        g.add("StridedSlice", [g.add("Shape", ["x"]), g.ints([1], 0), g.ints([1], 1), g.ints([1], 1)], {
          T: { type: "DT_INT32" },
          shrink_axis_mask: { i: "1" },
        }),
        g.ints([], 1),
      ],
      { Tidx: { type: "DT_INT32" }, T: { type: "DT_INT32" } },
    );
    const turned = g.add("Sub", [g.ints([], 0), index], { T: { type: "DT_INT32" } });
    const model = g.model(g.add("GatherV2", ["x", g.add("Neg", [turned], { T: { type: "DT_INT32" } }), g.ints([], 0)]));
    const mixing = g.model(
      g.add("AddV2", [
        "x",
        g.add("ExpandDims", [
          g.add("Cast", [index], { SrcT: { type: "DT_INT32" }, DstT: { type: "DT_FLOAT" } }),
          g.ints([], 1),
        ]),
      ]),
    );
    for (const [each, mode] of [
      [model, "batched"],
      [mixing, "whole"],
    ] as const) {
      const sharder = await start(each);
      expect(sharder.model.batchMode).toBeUndefined();
      const x = someItems(6, [4]);
      expect(await sharder.predict(x)).toEqual(await whole(each, { x }));
      expect(sharder.model).toMatchObject({ batchMode: mode, isBatchInvariant: mode === "batched" });
      await sharder.dispose();
    }
  });
});

describe("a split by batch that was asked for by name", () => {
  it("is refused for a model whose operations mix its items, before any worker starts", async () => {
    const { requireSplittable } = await import("../../../src/sharder/choose-split.js");
    const options = { model: statistic(), split: "batch" } as const;
    expect(() => requireSplittable(inspectModel(statistic(), true), options)).toThrow(/split: "batch".*Mean "n3"/);
  });

  it("is refused once a trial has shown it", async () => {
    const g = new SmallGraph(4);
    const size = g.add("StridedSlice", [g.add("Shape", ["x"]), g.ints([1], 0), g.ints([1], 1), g.ints([1], 1)], {
      T: { type: "DT_INT32" },
      shrink_axis_mask: { i: "1" },
    });
    const range = g.add("Range", [g.ints([], 0), size, g.ints([], 1)], {
      Tidx: { type: "DT_INT32" },
      T: { type: "DT_INT32" },
    });
    const model = g.model(g.add("Cast", [range], { SrcT: { type: "DT_INT32" }, DstT: { type: "DT_FLOAT" } }));
    const sharder = await startBatch(model, {}, { split: "batch" });
    await rejected("model-unsupported", sharder.predict(someItems(3, [4])), 'split: "batch"', "leave split out");
    await sharder.dispose();
  });
});

describe.each(splits)("by %s, groups", (split) => {
  it("are what a model takes whose batch is fixed; a rest is refused", async () => {
    const sharder = await SPLITS[split](threes());
    expect(sharder.model).toMatchObject({ batchMode: "groups", isBatchInvariant: undefined });
    const x = someItems(9, [2]);
    const parts = [0, 3, 6].map(
      (first) => ({ ...x, shape: [3, 2], data: x.data.slice(2 * first, 2 * first + 6) }) as Tensor,
    );
    const expected = await Promise.all(parts.map((part) => whole(threes(), { x: part })));
    const { y, sum } = await sharder.predict(x);
    expect([...(y as Tensor).data]).toEqual(expected.flatMap((each) => [...(each.y!.data as Float32Array)]));
    expect((y as Tensor).shape).toEqual([9, 2]);
    // There is one for each call.
    expect(sum).toMatchObject({ dtype: "ragged", items: expected.map((each) => each.sum) });
    expect(await sharder.predict(parts[1]!)).toEqual(expected[1]);
    await rejected("invalid-input", sharder.predict(someItems(7, [2])), "groups of 3", "a rest of 1");
    const counts: number[] = [];
    for await (const { itemCount, outputs } of sharder.stream([x, parts[0]!])) {
      counts.push(itemCount);
      expect((outputs.y as Tensor).shape).toEqual([3, 2]);
    }
    expect(counts).toEqual([3, 3, 3, 3]);
    await sharder.dispose();
  });
});

describe("inputs without a batch", () => {
  const scalar = (value: number): Tensor => ({ dtype: "float32", shape: [], data: Float32Array.of(value) });
  const plain = { weightSpecs: [], weightData: new ArrayBuffer(0) };

  it("may be all that a model has: scalars", async () => {
    const nodes = [placeholder("a", dims()), placeholder("b", dims()), node("y", "Sub", ["a", "b"], T)];
    const sharder = await startBatch({ modelTopology: graph(nodes), ...plain });
    expect(sharder.model.batchMode).toBe("whole");
    expect(await sharder.predict({ a: scalar(5), b: scalar(3) })).toEqual({ y: scalar(2) });
    const values: number[] = [];
    const source = [1, 2, 3].map((value): Inputs => ({ a: scalar(value), b: scalar(1) }));
    for await (const { outputs } of sharder.stream(source)) values.push((outputs.y as Tensor).data[0] as number);
    expect(values).toEqual([0, 1, 2]);
    await sharder.dispose();
  });

  it("may be missing altogether", async () => {
    const w = node("w", "Const", [], { dtype: { type: "DT_FLOAT" } });
    const sharder = await startBatch({
      modelTopology: graph([w, node("y", "Neg", ["w"], T)]),
      weightSpecs: [{ name: "w", shape: [2], dtype: "float32" }],
      weightData: Float32Array.of(1, 2).buffer,
    });
    expect(await sharder.predict({})).toEqual({ y: { dtype: "float32", shape: [2], data: Float32Array.of(-1, -2) } });
    await sharder.dispose();
  });

  it("are declared where axis 0 is free, as in a waveform", async () => {
    const model: ModelArtifacts = {
      modelTopology: graph([placeholder("wave", dims(-1)), node("y", "Neg", ["wave"], T)]),
      ...plain,
    };
    const sharder = await startBatch(model, {}, { inputs: { wave: { batched: false } } });
    expect(sharder.model).toMatchObject({ batchMode: "whole", inputs: [{ name: "wave", batched: false }] });
    const attempts: number[] = [];
    sharder.addEventListener("attempt", ({ detail }) => attempts.push(detail.itemCount));
    const wave: Tensor = { dtype: "float32", shape: [5], data: Float32Array.of(1, 2, 3, 4, 5) };
    expect(await sharder.predict({ wave })).toEqual(await whole(model, { wave }));
    expect(attempts).toEqual([1]);
    await sharder.dispose();
  });
});
