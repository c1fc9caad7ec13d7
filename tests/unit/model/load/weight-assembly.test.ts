import fc from "fast-check";
import { expect, it } from "vitest";
import { WeightAssembly } from "../../../../src/model/load/weight-assembly.js";

/** One file: its length, the length that the server announces, and where a first download of it is interrupted, if it is. */
const fileOf = fc.record({
  byteLength: fc.nat(40),
  announced: fc.oneof(
    { weight: 3, arbitrary: fc.constant("right" as const) },
    { weight: 1, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.nat(60) },
  ),
  breaksAt: fc.option(fc.nat(40), { nil: undefined }),
});

type Step = () => void;

/** All calls that the download of one file makes to its target, in order. */
function stepsOf(
  assembly: WeightAssembly,
  index: number,
  {
    byteLength,
    announced,
    breaksAt,
  }: { byteLength: number; announced: "right" | number | undefined; breaksAt?: number | undefined },
  bytes: Uint8Array,
): Step[] {
  const target = assembly.file(index);
  const length = announced === "right" ? byteLength : announced;
  const pieces = (end: number, fill?: number): Step[] =>
    Array.from({ length: Math.ceil(end / 7) }, (_, i) => () => {
      const piece = bytes.slice(i * 7, Math.min(end, i * 7 + 7));
      target.write(fill === undefined ? piece : piece.fill(fill));
    });
  const broken =
    breaksAt === undefined ? [] : [() => target.begin(length), ...pieces(Math.min(breaksAt, byteLength), 255)];
  return [...broken, () => target.begin(length), ...pieces(byteLength), () => target.end()];
}

it("joins files in their order, whatever the order of pieces, the announced lengths and the restarts", () => {
  fc.assert(
    fc.property(
      fc.array(fileOf, { maxLength: 6 }),
      fc.boolean(),
      fc.boolean(),
      fc.infiniteStream(fc.nat()),
      (files, isShared, knowsTotal, picks) => {
        const total = files.reduce((sum, { byteLength }) => sum + byteLength, 0);
        const expected = Uint8Array.from({ length: total }, (_, i) => 1 + (i % 200));
        const assembly = new WeightAssembly(files.length, knowsTotal ? total : undefined, isShared);
        let offset = 0;
        const queues = files.map((file, index) => {
          const bytes = expected.slice(offset, (offset += file.byteLength));
          return stepsOf(assembly, index, file, bytes);
        });
        for (
          let left = queues.filter(({ length }) => length > 0);
          left.length > 0;
          left = left.filter(({ length }) => length > 0)
        ) {
          left[picks.next().value! % left.length]!.shift()!();
        }
        const { weightData, byteOffsets } = assembly.finish();
        expect(new Uint8Array(weightData)).toEqual(expected);
        expect(assembly.receivedBytes).toBe(total);
        expect(weightData instanceof SharedArrayBuffer).toBe(isShared);
        expect(byteOffsets).toEqual(
          files.map((_, i) => files.slice(0, i).reduce((sum, { byteLength }) => sum + byteLength, 0)),
        );
      },
    ),
    { numRuns: 500 },
  );
});

it("writes straight to the buffer: a piece may be reused as soon as it has been written", () => {
  const assembly = new WeightAssembly(2, 6, true);
  const [first, second] = [assembly.file(0), assembly.file(1)];
  first.begin(3);
  second.begin(3);
  const piece = Uint8Array.of(4, 5, 6);
  second.write(piece);
  piece.fill(0);
  first.write(Uint8Array.of(1, 2, 3));
  first.end();
  second.end();
  expect([...new Uint8Array(assembly.finish().weightData)]).toEqual([1, 2, 3, 4, 5, 6]);
});

it("allocates no memory for a size that only model.json claims", () => {
  // Far more than any machine has.
  const assembly = new WeightAssembly(1, 2 ** 50, true);
  const file = assembly.file(0);
  file.begin(undefined);
  file.write(Uint8Array.of(1));
  file.end();
  expect([...new Uint8Array(assembly.finish().weightData)]).toEqual([1]);
});
