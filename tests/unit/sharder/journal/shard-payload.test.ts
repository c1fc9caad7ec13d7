import fc from "fast-check";
import { expect, it } from "vitest";
import { decodeShard, encodeShard } from "../../../../src/sharder/journal/shard-payload.js";
import type { FinishedOutput } from "../../../../src/sharder/job/shard-sink.js";
import type { Tensor } from "../../../../src/protocol/tensors.js";

const shape = fc.array(fc.nat(4), { maxLength: 3 });
const count = (sizes: readonly number[]): number => sizes.reduce((product, size) => product * size, 1);
const values = <T>(of: fc.Arbitrary<T>) =>
  shape.chain((sizes) =>
    fc.tuple(fc.constant(sizes), fc.array(of, { minLength: count(sizes), maxLength: count(sizes) })),
  );
const tensor: fc.Arbitrary<Tensor> = fc.oneof(
  // Any bits, so that each NaN has to stay what it is.
  values(fc.integer()).map(([sizes, bits]): Tensor => ({
    dtype: "float32",
    shape: sizes,
    data: new Float32Array(Int32Array.from(bits).buffer),
  })),
  values(fc.integer()).map(([sizes, data]): Tensor => ({ dtype: "int32", shape: sizes, data: Int32Array.from(data) })),
  values(fc.nat(1)).map(([sizes, data]): Tensor => ({ dtype: "bool", shape: sizes, data: Uint8Array.from(data) })),
  // Halves of surrogate pairs, too.
  values(fc.string({ unit: fc.nat(0xff_ff).map((code) => String.fromCharCode(code)) })).map(
    ([sizes, data]): Tensor => ({
      dtype: "string",
      shape: sizes,
      data,
    }),
  ),
);
const output: fc.Arbitrary<FinishedOutput> = fc.oneof(
  fc.record({ kind: fc.constant("dense" as const), tensor, itemShape: shape }),
  fc.record({ kind: fc.constant("ragged" as const), items: fc.array(tensor, { maxLength: 4 }) }),
  fc.record({ kind: fc.constant("call" as const), tensor }),
);

const bitsOf = ({ data }: Tensor): unknown =>
  Array.isArray(data) ? data : [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];
const tensorsOf = (each: FinishedOutput): readonly Tensor[] => (each.kind === "ragged" ? each.items : [each.tensor]);

it("keeps outputs of every kind, bit by bit", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), output, { maxKeys: 4 }), (outputs) => {
      const shard = { firstItem: 3, itemCount: 2, workerId: "wasm-1", outputs };
      const decoded = decodeShard(encodeShard(shard));
      expect(decoded.workerId).toBe("wasm-1");
      expect(Object.keys(decoded.outputs)).toEqual(Object.keys(outputs));
      for (const [name, given] of Object.entries(outputs)) {
        const found = decoded.outputs[name]!;
        expect(found.kind).toBe(given.kind);
        if (found.kind === "dense" && given.kind === "dense") expect(found.itemShape).toEqual(given.itemShape);
        expect(tensorsOf(found).map(({ dtype, shape: sizes }) => [dtype, sizes])).toEqual(
          tensorsOf(given).map(({ dtype, shape: sizes }) => [dtype, sizes]),
        );
        expect(tensorsOf(found).map(bitsOf)).toEqual(tensorsOf(given).map(bitsOf));
      }
    }),
    { numRuns: 200 },
  );
});

it("refuses bytes that are no shard", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      expect(() => decodeShard(Uint8Array.from(bytes).buffer)).toThrow("delete the journal");
    }),
  );
});
