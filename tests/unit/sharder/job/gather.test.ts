import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { joinItems, raggedOf, toOutputValue } from "../../../../src/protocol/outputs.js";
import type { Tensor } from "../../../../src/protocol/tensors.js";
import { Gather } from "../../../../src/sharder/job/gather.js";
import { caught } from "../../../fixtures/caught.js";
import { counting, dtypes, partitions, shapes } from "../../../fixtures/tensors.js";

/** Items as the model returns them one by one: all alike, or with some odd ones, for one output or two. */
const batches = fc
  .record({
    dtype: dtypes,
    shape: shapes(3, 3),
    odd: shapes(3, 3),
    isOdd: fc.array(fc.boolean(), { minLength: 1, maxLength: 9 }),
    regular: fc.boolean(),
  })
  .chain(({ dtype, shape, odd, isOdd, regular }) => {
    const items = isOdd.map((is, i) => counting(dtype, is && !regular ? odd : shape, 100 * i));
    return partitions(items.length).map((ranges) => ({ items, ranges }));
  });

function gatherOf(items: Tensor[], ranges: readonly { firstItem: number; itemCount: number }[]) {
  const gather = new Gather(items.length);
  for (const range of ranges) {
    const shard = items.slice(range.firstItem, range.firstItem + range.itemCount);
    gather.accept({ ...range, workerId: "w", outputs: { out: joinItems(shard), twin: joinItems(shard) } });
  }
  return gather.result();
}

describe("Gather", () => {
  it("gives the same result for any partition in any order", () => {
    fc.assert(
      fc.property(batches, ({ items, ranges }) => {
        const whole = toOutputValue(joinItems(items));
        expect(gatherOf(items, ranges)).toEqual({ out: whole, twin: whole });
      }),
      { numRuns: 500 },
    );
  });

  it("says whose values it has copied, and takes a shard of all items as it is", () => {
    const items = [counting("float32", [1, 2], 0), counting("float32", [1, 2], 10), counting("float32", [1, 3], 20)];
    const copied: Tensor[] = [];
    const shards = items.map((item) => ({ out: joinItems([item]) }));
    const gather = new Gather(3);
    for (const [firstItem, outputs] of shards.entries()) {
      gather.accept({ firstItem, itemCount: 1, workerId: "w", outputs, onCopied: (tensor) => copied.push(tensor) });
    }
    expect(gather.result().out).toEqual(raggedOf(items));
    // The last one differs: from then on, tensors are kept.
    expect(copied).toEqual([0, 1].map((index) => toOutputValue(shards[index]!.out)));

    const whole = joinItems([counting("float32", [1, 2], 0), counting("float32", [1, 2], 10)]);
    const atOnce = new Gather(2);
    const shard = { firstItem: 0, itemCount: 2, workerId: "w", outputs: { out: whole } };
    atOnce.accept({ ...shard, onCopied: () => expect.unreachable("it is the result") });
    expect(atOnce.result().out).toBe(toOutputValue(whole));
  });

  it("copies a shard of all items out of a larger buffer", () => {
    const data = new Float32Array(new ArrayBuffer(64), 0, 4).fill(5);
    const tensor: Tensor = { dtype: "float32", shape: [2, 2], data };
    const outputs = { out: { kind: "dense", tensor, itemShape: [1, 2] } as const };
    const gather = new Gather(2);
    gather.accept({ firstItem: 0, itemCount: 2, workerId: "w", outputs });
    const { out } = gather.result();
    expect(out).toEqual(tensor);
    expect(((out as Tensor).data as Float32Array).buffer.byteLength).toBe(16);
  });

  it("becomes one tensor per item when the last shard differs in shape or dtype", () => {
    const alike = [counting("float32", [1, 2], 0), counting("float32", [1, 2], 10), counting("float32", [1, 2], 20)];
    for (const odd of [counting("float32", [1, 3], 30), counting("int32", [1, 2], 30), counting("float32", [2], 30)]) {
      const items = [...alike, odd];
      const ranges = [
        { firstItem: 1, itemCount: 2 },
        { firstItem: 0, itemCount: 1 },
        { firstItem: 3, itemCount: 1 },
      ];
      expect(gatherOf(items, ranges).out).toEqual(raggedOf(items));
      expect(gatherOf(items, ranges.reverse()).out).toEqual(raggedOf(items));
    }
  });

  it("becomes one tensor per item only for the output that differs", () => {
    const gather = new Gather(2);
    gather.accept({
      firstItem: 1,
      itemCount: 1,
      workerId: "w",
      outputs: { a: joinItems([counting("float32", [1, 2])]), b: joinItems([counting("string", [1, 2])]) },
    });
    gather.accept({
      firstItem: 0,
      itemCount: 1,
      workerId: "w",
      outputs: { a: joinItems([counting("float32", [1, 3])]), b: joinItems([counting("string", [1, 2], 7)]) },
    });
    const { a, b } = gather.result();
    expect(a).toMatchObject({ dtype: "ragged", shape: [2, -1] });
    expect(b).toEqual({ dtype: "string", shape: [2, 2], data: ["7", "8", "0", "1"] });
  });

  it("keeps the names of the outputs, whatever they are", () => {
    const output = joinItems([counting("float32", [1, 1])]);
    const gather = new Gather(1);
    gather.accept({
      firstItem: 0,
      itemCount: 1,
      workerId: "w",
      outputs: Object.fromEntries(["z", "__proto__", "a:0"].map((name) => [name, output])),
    });
    expect(Object.keys(gather.result())).toEqual(["z", "__proto__", "a:0"]);
  });

  it("reports that the result can't be allocated", () => {
    const gather = new Gather(2 ** 40);
    const output = joinItems([counting("float32", [1, 8])]);
    caught(
      "out-of-memory",
      () => gather.accept({ firstItem: 0, itemCount: 1, workerId: "w", outputs: { out: output } }),
      `[${2 ** 40},8]`,
      "stream()",
    );
  });
});
