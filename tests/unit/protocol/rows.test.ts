import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allocateTensor, concatRows, sliceRows, writeRows } from "../../../src/protocol/rows.js";
import { elementCountOf, type InputTensor, type Uint8Tensor } from "../../../src/protocol/tensors.js";
import { counting, dtypes, partitions, rowsOf, shapes } from "../../fixtures/tensors.js";

const tensors = fc
  .record({ dtype: dtypes, rows: fc.integer({ min: 1, max: 8 }), rest: shapes(3) })
  .map(({ dtype, rows, rest }) => counting(dtype, [rows, ...rest]));

const cuttings = tensors.chain((tensor) => partitions(tensor.shape[0]!).map((ranges) => ({ tensor, ranges })));

describe("sliceRows", () => {
  it("takes the rows, in a buffer of their own", () => {
    fc.assert(
      fc.property(cuttings, ({ tensor, ranges }) => {
        for (const { firstItem, itemCount } of ranges) {
          const slice = sliceRows(tensor, firstItem, itemCount);
          expect(slice.shape).toEqual([itemCount, ...tensor.shape.slice(1)]);
          expect(rowsOf(slice)).toEqual(rowsOf(tensor).slice(firstItem, firstItem + itemCount));
          if (tensor.dtype !== "string") expect((slice.data as Uint8Array).buffer).not.toBe(tensor.data.buffer);
        }
      }),
    );
  });

  it("copies out of views, shared memory and array subclasses that slice without copying", () => {
    const whole = new Float32Array([9, 9, 1, 2, 3, 4]);
    const view = { dtype: "float32", shape: [2, 2], data: whole.subarray(2) } as const;
    expect(sliceRows({ ...view, shape: [2, 2] }, 1, 1).data).toEqual(new Float32Array([3, 4]));

    const shared = new Float32Array(new SharedArrayBuffer(16));
    const out = sliceRows({ dtype: "float32", shape: [2, 2], data: shared }, 0, 1).data as Float32Array;
    expect(out.buffer).toBeInstanceOf(ArrayBuffer);

    // Node's Buffer, and its polyfill in bundles for browsers: `slice` is a view, which must not be handed over.
    const buffer = Buffer.from([1, 2, 3, 4]);
    const slice = sliceRows<Uint8Tensor>({ dtype: "uint8", shape: [2, 2], data: buffer }, 1, 1);
    expect([...slice.data]).toEqual([3, 4]);
    expect(slice.data.buffer).not.toBe(buffer.buffer);
    expect(slice.data.buffer.byteLength).toBe(2);
  });

  it("keeps scale and offset", () => {
    const bytes: Uint8Tensor = {
      dtype: "uint8",
      shape: [2, 1],
      data: new Uint8ClampedArray([1, 2]),
      scale: 3,
      offset: 4,
    };
    expect(sliceRows(bytes, 1, 1)).toMatchObject({ dtype: "uint8", shape: [1, 1], scale: 3, offset: 4 });
  });
});

describe("writeRows, concatRows", () => {
  it("put slices back together in any order", () => {
    fc.assert(
      fc.property(cuttings, ({ tensor, ranges }) => {
        const target = allocateTensor(tensor.dtype, tensor.shape);
        for (const { firstItem, itemCount } of ranges)
          writeRows(target, firstItem, sliceRows(tensor, firstItem, itemCount));
        expect(target).toEqual(tensor);

        const inOrder = [...ranges].sort((a, b) => a.firstItem - b.firstItem);
        const joined = concatRows(inOrder.map(({ firstItem, itemCount }) => sliceRows(tensor, firstItem, itemCount)));
        expect(joined).toEqual(tensor);
      }),
    );
  });

  it("join bytes of both kinds", () => {
    const parts: InputTensor[] = [
      { dtype: "uint8", shape: [1, 2], data: new Uint8ClampedArray([1, 2]), scale: 0.5 },
      { dtype: "uint8", shape: [2, 2], data: new Uint8Array([3, 4, 5, 6]), scale: 0.5 },
    ];
    const { data, ...rest } = concatRows(parts);
    expect(rest).toEqual({ dtype: "uint8", shape: [3, 2], scale: 0.5 });
    expect([...data]).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

it("allocateTensor gives zeros of every dtype and shape", () => {
  fc.assert(
    fc.property(dtypes, shapes(4), (dtype, shape) => {
      const tensor = allocateTensor(dtype, shape);
      expect([tensor.dtype, tensor.shape, tensor.data.length]).toEqual([dtype, shape, elementCountOf(shape)]);
      expect([...tensor.data].every((value) => value === (dtype === "string" ? undefined : 0))).toBe(true);
    }),
  );
});
