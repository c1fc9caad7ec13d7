// What a graph's operations say about a batch. Oracle: the same graph run on a batch and on its items.
import "@tensorflow/tfjs-backend-cpu";
import { describe, expect, it } from "vitest";
import { inspectModel } from "../../../../src/model/inspect-model.js";
import { runBothWays } from "../../../fixtures/batch-oracle.js";
import { SmallGraph, someItems } from "../../../fixtures/small-graph.js";

type Build = (g: SmallGraph) => string;
const int = { Tidx: { type: "DT_INT32" } };
const keep = { keep_dims: { b: true } };

const sum = (g: SmallGraph, x: string, axis: number, attr = {}): string =>
  g.add("Sum", [x, g.ints([1], axis)], { ...int, ...attr });
const shape = (g: SmallGraph, x: string): string => g.add("Shape", [x], { out_type: { type: "DT_INT32" } });
const batchSize = (g: SmallGraph, x: string): string =>
  g.add("StridedSlice", [shape(g, x), g.ints([1], 0), g.ints([1], 1), g.ints([1], 1)], {
    shrink_axis_mask: { i: "1" },
    T: { type: "DT_INT32" },
  });
const count = (g: SmallGraph): string =>
  g.add("Cast", [batchSize(g, "x")], { SrcT: { type: "DT_INT32" }, DstT: { type: "DT_FLOAT" } });
const pack = (g: SmallGraph, ...sizes: string[]): string =>
  g.add("Pack", sizes, { N: { i: String(sizes.length) }, axis: { i: "0" }, T: { type: "DT_INT32" } });
const transpose = (g: SmallGraph, x: string, ...axes: number[]): string =>
  g.add("Transpose", [x, g.ints([axes.length], ...axes)]);
const reshape = (g: SmallGraph, x: string, ...sizes: number[]): string =>
  g.add("Reshape", [x, g.ints([sizes.length], ...sizes)]);

/** Items have the shape [4, 6]. */
const ROWS: Record<string, Build> = {
  "a reduction of other axes": (g) => sum(g, "x", 1),
  "a reduction from the end": (g) => sum(g, "x", -1),
  "a softmax over another axis": (g) => g.add("Softmax", ["x"]),
  "a transpose that is taken back": (g) => transpose(g, g.add("Relu", [transpose(g, "x", 1, 0, 2)]), 1, 0, 2),
  "a reshape that merges the batch and gives it back": (g) =>
    reshape(g, g.add("MatMul", [reshape(g, "x", -1, 6), g.floats([6, 2])]), -1, 4, 2),
  "a flattened item": (g) => g.add("MatMul", [reshape(g, "x", -1, 24), g.floats([24, 3])]),
  "a reshape to the number of items": (g) =>
    g.add("Reshape", [
      "x",
      g.add("Pack", [batchSize(g, "x"), g.ints([], 24)], { N: { i: "2" }, axis: { i: "0" }, T: { type: "DT_INT32" } }),
    ]),
  "heads that are stacked in front of the batch": (g) => {
    const split = g.add("Split", [g.ints([], 2), "x"], { num_split: { i: "2" } });
    const heads = g.add("ConcatV2", [split, `${split}:1`, g.ints([], 0)], { N: { i: "2" } });
    const back = g.add("Split", [g.ints([], 0), g.add("Softmax", [heads])], { num_split: { i: "2" } });
    return g.add("ConcatV2", [back, `${back}:1`, g.ints([], 2)], { N: { i: "2" } });
  },
  "a product of an item with itself": (g) => g.add("BatchMatMulV2", ["x", "x"], { adj_y: { b: true } }),
  "a product with a weight": (g) => g.add("BatchMatMulV2", ["x", g.floats([6, 2])]),
  "a table of embeddings": (g) =>
    g.add("GatherV2", [
      g.floats([5, 3]),
      g.add("Cast", [g.add("Relu", [sum(g, g.add("Sign", ["x"]), 2)])], {
        SrcT: { type: "DT_FLOAT" },
        DstT: { type: "DT_INT32" },
      }),
      g.ints([], 0),
    ]),
  "columns taken by index": (g) => g.add("GatherV2", ["x", g.ints([2], 3, 0), g.ints([], 1)]),
  "a slice of each item": (g) =>
    g.add("StridedSlice", ["x", g.ints([2], 0, 1), g.ints([2], 0, 3), g.ints([2], 1, 1)], {
      begin_mask: { i: "1" },
      end_mask: { i: "1" },
    }),
  "zeros of the batch's shape": (g) => g.add("AddV2", ["x", g.add("ZerosLike", ["x"])]),
  "a filled state": (g) => {
    const sizes = g.add("Pack", [batchSize(g, "x"), g.ints([], 6)], {
      N: { i: "2" },
      axis: { i: "0" },
      T: { type: "DT_INT32" },
    });
    return g.add("AddV2", [g.add("Fill", [sizes, g.floats([])]), sum(g, "x", 1)]);
  },
  "the largest of each row": (g) => g.add("TopKV2", ["x", g.ints([], 2)], { sorted: { b: true } }),
  "a sum along time": (g) => g.add("Cumsum", ["x", g.ints([], 1)]),
  "a bias that is stretched over the batch": (g) => g.add("AddV2", ["x", g.floats([4, 6])]),
  "a layer normalisation as Keras writes it": (g) => {
    const flat = reshape(g, "x", 1, -1, 6, 1);
    const count = g.add("Pack", [g.add("Mul", [batchSize(g, "x"), g.ints([], 4)], { T: { type: "DT_INT32" } })], {
      N: { i: "1" },
      axis: { i: "0" },
      T: { type: "DT_INT32" },
    });
    const scale = g.add("Fill", [count, g.floats([])]);
    const empty = g.floats([0]);
    const attr = { data_format: { s: btoa("NCHW") }, is_training: { b: true } };
    return reshape(g, g.add("FusedBatchNormV3", [flat, scale, scale, empty, empty], attr), -1, 4, 6);
  },
};

const MIXED: Record<string, Build> = {
  "a sum over the items": (g) => sum(g, "x", 0),
  "a mean that is subtracted": (g) => g.add("Sub", ["x", g.add("Mean", ["x", g.ints([1], 0)], { ...int, ...keep })]),
  "a negative axis": (g) => sum(g, "x", -3),
  "a maximum of everything": (g) => g.add("Max", ["x", g.ints([3], 0, 1, 2)], int),
  "a sum along the items": (g) => g.add("Cumsum", ["x", g.ints([], 0)]),
  "a softmax over the items": (g) => g.add("Softmax", [transpose(g, "x", 2, 1, 0)]),
  "an index of the largest item": (g) => g.add("ArgMax", ["x", g.ints([], 0)]),
  "a batch that is merged with another axis": (g) => reshape(g, "x", -1, 6),
  "a batch that becomes one row": (g) => reshape(g, "x", 1, -1),
  "parts of several items in one row": (g) => reshape(g, "x", -1, 16),
  "a batch on another axis": (g) => transpose(g, "x", 1, 0, 2),
  "items in reverse": (g) => g.add("ReverseV2", ["x", g.ints([1], 0)]),
  "some of the items": (g) => g.add("StridedSlice", ["x", g.ints([1], 0), g.ints([1], 9), g.ints([1], 1)]),
  "the first item": (g) =>
    g.add("StridedSlice", ["x", g.ints([1], 0), g.ints([1], 1), g.ints([1], 1)], { shrink_axis_mask: { i: "1" } }),
  "items taken by index": (g) => g.add("GatherV2", ["x", g.ints([2], 0, 0), g.ints([], 0)]),
  "another row": (g) => g.add("Pad", ["x", g.ints([3, 2], 1, 0, 0, 0, 0, 0)]),
  "items one after another": (g) => g.add("ConcatV2", ["x", "x", g.ints([], 0)], { N: { i: "2" } }),
  "a product of all items": (g) =>
    g.add("MatMul", [reshape(g, "x", -1, 24), reshape(g, "x", -1, 24)], { transpose_b: { b: true } }),
  "a product that sums over the items": (g) =>
    g.add("MatMul", [reshape(g, "x", -1, 24), reshape(g, "x", -1, 24)], { transpose_a: { b: true } }),
  "an einsum over the items": (g) => g.add("Einsum", ["x", "x"], { equation: { s: "bij,bkj->ik" }, N: { i: "2" } }),
  "what is no zero": (g) => g.add("Where", [g.add("Greater", ["x", g.floats([])])], { T: { type: "DT_BOOL" } }),
  "a constant": (g) => g.floats([2]),
  "the number of items": (g) =>
    g.add("Cast", [batchSize(g, "x")], { SrcT: { type: "DT_INT32" }, DstT: { type: "DT_FLOAT" } }),
  "a division by the number of items": (g) =>
    g.add("RealDiv", [
      "x",
      g.add("Cast", [batchSize(g, "x")], { SrcT: { type: "DT_INT32" }, DstT: { type: "DT_FLOAT" } }),
    ]),
  "a batch normalisation in training mode": (g) => {
    const picture = g.add("ExpandDims", ["x", g.ints([], 3)]);
    const one = g.floats([1]);
    return g.add("FusedBatchNormV3", [picture, one, one, g.floats([0]), g.floats([0])], { is_training: { b: true } });
  },
};

const build = (name: string, table: Record<string, Build>) => {
  const g = new SmallGraph(4, 6);
  return g.model(table[name]!(g));
};

describe("keeps a row for each item", () => {
  it.each(Object.keys(ROWS))("%s", async (name) => {
    const model = build(name, ROWS);
    const { batch, info } = inspectModel(model, false);
    expect(batch).toEqual({ verdict: "rows", reason: undefined });
    expect(info).toMatchObject({ batchMode: "batched", isBatchInvariant: true });
    // TF.js' own normalisation in training mode is wrong.
    if (!name.startsWith("a layer norm")) expect(await runBothWays(model, someItems(5, [4, 6]))).toBe("rows");
  });
});

/** Each once passed for a row for each item, since a rule looked at some of its inputs only. */
const NO_ROWS: Record<string, Build> = {
  "a fill with the largest value of the batch": (g) => {
    const largest = g.add("Max", ["x", g.ints([3], 0, 1, 2)], int);
    return g.add("Fill", [pack(g, batchSize(g, "x"), g.ints([], 6)), largest]);
  },
  "a fill with the number of items": (g) => g.add("Fill", [pack(g, batchSize(g, "x"), g.ints([], 6)), count(g)]),
  "the number of items stretched over the batch": (g) =>
    g.add("Tile", [reshape(g, count(g), 1, 1), pack(g, batchSize(g, "x"), g.ints([], 6))]),
  "the number of items as a bias": (g) => {
    const column = g.add("Pad", [reshape(g, count(g), 1), g.ints([1, 2], 0, 5)]);
    return g.add("BiasAdd", ["x", g.add("Mul", [column, g.floats([6])])]);
  },
  "a product with the number of items": (g) =>
    g.add("MatMul", [reshape(g, "x", -1, 24), g.add("Tile", [reshape(g, count(g), 1, 1), g.ints([2], 24, 2)])]),
  "a pad with the largest value of the batch": (g) =>
    g.add("PadV2", ["x", g.ints([3, 2], 0, 0, 0, 0, 1, 0), g.add("Max", ["x", g.ints([3], 0, 1, 2)], int)]),
  "as many columns as items": (g) =>
    g.add("Slice", ["x", g.ints([3], 0, 0, 0), pack(g, g.ints([], -1), g.ints([], -1), batchSize(g, "x"))]),
  "a mean over as many rows of a table as there are items": (g) => {
    const table = g.floats([20, 6]);
    const rows = g.add("Slice", [table, g.ints([2], 0, 0), pack(g, batchSize(g, "x"), g.ints([], 6))]);
    return g.add("AddV2", ["x", g.add("Mean", [rows, g.ints([1], 0)], int)]);
  },
  "zeros and ones behind each other, added to rows in another order": (g) => {
    const flat = reshape(g, "x", -1, 12);
    const sizes = pack(g, batchSize(g, "x"), g.ints([], 12));
    const parts = [g.floats([]), g.add("Neg", [g.floats([])])].map((value) => g.add("Fill", [sizes, value]));
    const added = g.add("ConcatV2", [...parts, g.ints([], 0)], { N: { i: "2" } });
    return reshape(g, g.add("AddV2", [flat, added]), -1, 24);
  },
  "a table that is repeated, added to rows in another order": (g) => {
    const sizes = pack(g, batchSize(g, "x"), g.ints([], 1));
    const added = reshape(g, g.add("Tile", [reshape(g, g.floats([4]), 1, 4), sizes]), -1, 1);
    const turned = reshape(g, transpose(g, "x", 1, 0, 2), -1, 6);
    return transpose(g, reshape(g, g.add("AddV2", [turned, added]), 4, -1, 6), 1, 0, 2);
  },
};

describe("has no row for each item", () => {
  it.each(Object.keys(NO_ROWS))("%s", async (name) => {
    const model = build(name, NO_ROWS);
    expect(inspectModel(model, false).batch.verdict).not.toBe("rows");
    expect(await runBothWays(model, someItems(5, [4, 6]))).toBe("mixed");
  });
});

describe("mixes its items", () => {
  it.each(Object.keys(MIXED))("%s", async (name) => {
    const model = build(name, MIXED);
    const { batch, info } = inspectModel(model, false);
    expect(batch).toMatchObject({ verdict: "mixed", reason: expect.stringMatching(/./) as string });
    expect(info).toMatchObject({ batchMode: "whole", batchReason: batch.reason, isBatchInvariant: false });
    if (!name.startsWith("a batch norm") && !name.startsWith("an einsum")) {
      expect(await runBothWays(model, someItems(12, [4, 6]))).not.toBe("rows");
    }
  });
});

describe("can't be told", () => {
  it.each<[string, Build]>([
    ["a reshape to a fixed batch", (g) => reshape(g, "x", 1, 4, 6)],
    [
      "the number of each item",
      (g) =>
        g.add(
          "Cast",
          [g.add("Range", [g.ints([], 0), batchSize(g, "x"), g.ints([], 1)], { T: { type: "DT_INT32" } })],
          { SrcT: { type: "DT_INT32" }, DstT: { type: "DT_FLOAT" } },
        ),
    ],
    ["a squeeze of whatever has one element", (g) => g.add("Squeeze", ["x"])],
    ["a table of as many rows as the batch has", (g) => g.add("AddV2", ["x", g.floats([3, 4, 6])])],
  ])("%s", (_, make) => {
    const g = new SmallGraph(4, 6);
    const { batch, info } = inspectModel(g.model(make(g)), false);
    expect(batch.verdict).toBe("unknown");
    expect([info.batchMode, info.isBatchInvariant]).toEqual([undefined, undefined]);
  });
});

it("does not try out random numbers, and says so", () => {
  const g = new SmallGraph(4, 6);
  const noise = g.add("RandomUniform", [shape(g, "x")], { dtype: { type: "DT_FLOAT" }, T: { type: "DT_INT32" } });
  const { info } = inspectModel(g.model(g.add("AddV2", ["x", noise])), false);
  expect(info.batchMode).toBe("batched");
  expect(info.batchReason).toContain("random");
});

it("runs a batch in one call where shards would draw other numbers, or a trial is needed to know more", () => {
  const seeded = new SmallGraph(4, 6);
  const attr = { dtype: { type: "DT_FLOAT" }, T: { type: "DT_INT32" } };
  const noise = seeded.add("RandomStandardNormal", [shape(seeded, "x")], { ...attr, seed: { i: "7" } });
  expect(inspectModel(seeded.model(seeded.add("AddV2", ["x", noise])), false).info.batchMode).toBe("whole");

  const shared = new SmallGraph(4, 6);
  const one = shared.add("RandomUniform", [shared.ints([1], 6)], attr);
  expect(inspectModel(shared.model(shared.add("AddV2", ["x", one])), false).info.batchMode).toBe("whole");

  const unknown = new SmallGraph(4, 6);
  const drawn = unknown.add("RandomUniform", [shape(unknown, "x")], attr);
  const odd = unknown.add("AddV2", [reshape(unknown, "x", 1, 4, 6), drawn]);
  expect(inspectModel(unknown.model(odd), false).info.batchMode).toBe("whole");
});

it("follows the items through recurrent nodes and texts, which only translated Keras models have", () => {
  const lstm = new SmallGraph(4, 6);
  const attr = { return_sequences: { b: true }, has_bias: { b: true } };
  const last = lstm.add("_SharderLstm", ["x", lstm.floats([6, 8]), lstm.floats([2, 8]), lstm.floats([8])], attr);
  expect(inspectModel(lstm.model(reshape(lstm, last, -1, 8)), false).batch.verdict).toBe("rows");
  expect(inspectModel(lstm.model(`${last}:1`), false).batch.verdict).toBe("rows");
  const texts = (length: string) => {
    const g = new SmallGraph(1);
    return inspectModel(g.model(g.add("_TokenNumbers", ["x"], { length: { i: length } })), false).batch;
  };
  expect(texts("5").verdict).toBe("rows");
  expect(texts("-1")).toMatchObject({ verdict: "mixed", reason: expect.stringContaining("longest") as string });
});
