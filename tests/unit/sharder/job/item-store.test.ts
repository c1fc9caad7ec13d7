import fc from "fast-check";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { buffersOf } from "../../../../src/protocol/run-inputs.js";
import type { InputTensor } from "../../../../src/protocol/tensors.js";
import { ItemStore } from "../../../../src/sharder/job/item-store.js";
import { prepareInputs, type Inputs } from "../../../../src/sharder/inputs/prepare-inputs.js";
import { caught } from "../../../fixtures/caught.js";
import { modelWithInputs } from "../../../fixtures/model-info.js";
import { tensorOf } from "../../../fixtures/negating-sharder.js";
import { counting, partitions, rowsOf } from "../../../fixtures/tensors.js";

const model = modelWithInputs([
  { name: "x", shape: [-1, 2], dtype: "float32" },
  { name: "text", shape: [-1], dtype: "string" },
  { name: "shift", shape: [3], dtype: "float32" },
]);

/** Items numbered from `first`. */
function chunk(first: number, count: number, shift = 0): Record<string, InputTensor> {
  return {
    x: counting("float32", [count, 2], 2 * first),
    text: counting("string", [count], first),
    shift: counting("float32", [3], shift),
  };
}

function storeOf(...chunks: Inputs[]): ItemStore {
  const store = new ItemStore();
  for (const inputs of chunks) store.add(prepareInputs(model, inputs));
  return store;
}

/** Chunk sizes, and a partition of their sum. */
const streams = fc
  .array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 5 })
  .chain((sizes) => partitions(sizes.reduce((sum, size) => sum + size, 0)).map((ranges) => ({ sizes, ranges })));

describe("ItemStore", () => {
  it("cuts across the borders of chunks as if there were only one", () => {
    fc.assert(
      fc.property(streams, ({ sizes, ranges }) => {
        let first = 0;
        const store = storeOf(...sizes.map((size) => chunk((first += size) - size, size)));
        const whole = chunk(0, first);
        // Cut every range twice, as for a retry; then release it, in any order.
        for (const { firstItem, itemCount } of [...ranges, ...ranges]) {
          const inputs = store.cut({ firstItem, itemCount });
          expect(Object.values(inputs).map(({ kind }) => kind)).toEqual(["dense", "dense", "side"]);
          for (const name of ["x", "text"]) {
            const rows = rowsOf(whole[name]!).slice(firstItem, firstItem + itemCount);
            expect(rowsOf(tensorOf(inputs[name]!))).toEqual(rows);
            expect(inputs[name]).toMatchObject({ itemShape: [1, ...whole[name]!.shape.slice(1)] });
          }
          expect(inputs.shift).toEqual({ kind: "side", tensor: whole.shift });
        }
        ranges.forEach((range, i) => {
          store.release(range);
          for (const { firstItem, itemCount } of ranges.slice(i + 1)) {
            expect(rowsOf(tensorOf(store.cut({ firstItem, itemCount }).x!))).toEqual(
              rowsOf(whole.x!).slice(firstItem, firstItem + itemCount),
            );
          }
        });
      }),
    );
  });

  it("what it cuts may be transferred without detaching the caller's buffers", () => {
    const source = chunk(0, 4);
    const buffers = Object.values(source).flatMap(({ data }) => (Array.isArray(data) ? [] : [data.buffer]));
    const store = storeOf(source);
    for (let i = 0; i < 2; i++) {
      const inputs = store.cut({ firstItem: 0, itemCount: 4 });
      const cut = buffersOf(inputs);
      expect(cut).toHaveLength(2);
      expect(cut.some((buffer) => buffers.includes(buffer))).toBe(false);
      structuredClone(inputs, { transfer: cut });
    }
    expect(source).toEqual(chunk(0, 4));
  });

  it("releases the chunks that are done, and no others", async () => {
    const { gc, settled } = collector();
    const store = new ItemStore();
    // In a separate function, so that no register keeps a reference afterwards.
    const addChunk = (i: number): WeakRef<object> => {
      const inputs = chunk(2 * i, 2);
      store.add(prepareInputs(model, inputs));
      return new WeakRef(inputs.x!.data);
    };
    const held = [0, 1, 2].map(addChunk);
    store.release({ firstItem: 1, itemCount: 3 });
    await settled();
    gc();
    expect(held.map((each) => each.deref() !== undefined)).toEqual([true, false, true]);
    expect(rowsOf(tensorOf(store.cut({ firstItem: 0, itemCount: 1 }).x!))).toEqual([[0, 1]]);
    store.release({ firstItem: 4, itemCount: 2 });
    store.release({ firstItem: 0, itemCount: 1 });
    await settled();
    gc();
    expect(held.map((each) => each.deref() !== undefined)).toEqual([false, false, false]);
  });

  it("refuses items of another kind: shape, dtype, scale", () => {
    const wide = { ...model, inputs: [{ name: "x", shape: [-1, -1], dtype: "float32" as const }] };
    const bytes = (scale: number): InputTensor => ({ dtype: "uint8", shape: [1, 2], data: new Uint8Array(2), scale });
    for (const [first, second] of [
      [counting("float32", [1, 2]), counting("float32", [1, 3])],
      [counting("float32", [1, 2]), bytes(1)],
      [bytes(1), bytes(2)],
    ] as const) {
      const store = new ItemStore();
      store.add(prepareInputs(wide, first));
      caught("invalid-input", () => store.add(prepareInputs(wide, second)), "x:", "one stream per shape");
      store.add(prepareInputs(wide, first));
    }
  });

  it("refuses side inputs that change, since a shard over both chunks would use the first one's", () => {
    const store = storeOf(chunk(0, 2, 5));
    store.add(prepareInputs(model, chunk(2, 2, 5)));
    caught("invalid-input", () => store.add(prepareInputs(model, chunk(4, 2, 6))), '"shift"', "one stream");
  });
});

/** Run the JavaScript engine's collector after a turn of the event loop, until which a WeakRef keeps its target alive. */
function collector(): { gc: () => void; settled: () => Promise<void> } {
  setFlagsFromString("--expose-gc");
  return { gc: runInNewContext("gc") as () => void, settled: () => new Promise((done) => setImmediate(done)) };
}
