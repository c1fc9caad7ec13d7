import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { npyHeader, npyTexts, readNpy } from "../../../../../src/ui/model/tensors/npy.js";

/** A `.npy` file with these bytes of values. @param version of the format. */
function npy(dict: string, values: Uint8Array, version = 1): Uint8Array {
  const text = new TextEncoder().encode(`${dict}\n`);
  const length = version === 1 ? 2 : 4;
  const bytes = new Uint8Array(8 + length + text.length + values.length);
  bytes.set([0x93, ...new TextEncoder().encode("NUMPY"), version, 0]);
  const view = new DataView(bytes.buffer);
  if (version === 1) view.setUint16(8, text.length, true);
  else view.setUint32(8, text.length, true);
  bytes.set(text, 8 + length);
  bytes.set(values, 8 + length + text.length);
  return bytes;
}
const dict = (descr: string, shape: string, order = "False"): string =>
  `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`;
const hex = (text: string): Uint8Array => Uint8Array.from(text.match(/../g)!, (byte) => parseInt(byte, 16));

/** As numpy.array([...]).tobytes().hex() writes them. */
const NUMBERS: readonly (readonly [descr: string, bytes: string, dtype: string, values: readonly number[]])[] = [
  ["<f2", "003c00c0007c01000000", "float32", [1, -2, Infinity, 2 ** -24, 0]],
  ["<f4", "0000803fcdcccc3d", "float32", [1, Math.fround(0.1)]],
  [">f4", "3f8000003dcccccd", "float32", [1, Math.fround(0.1)]],
  ["<f8", "000000000000f03f9a9999999999b93f", "float32", [1, Math.fround(0.1)]],
  ["|i1", "01ff80", "int32", [1, -1, -128]],
  ["<i2", "0100ffff", "int32", [1, -1]],
  [">i2", "0001ffff", "int32", [1, -1]],
  ["<i4", "01000000ffffffff", "int32", [1, -1]],
  ["<i8", "0100000000000000ffffffffffffffff", "int32", [1, -1]],
  ["|u1", "01ff", "int32", [1, 255]],
  ["<u2", "0100ffff", "int32", [1, 65_535]],
  ["<u4", "01000000", "int32", [1]],
  [">u8", "0000000000000001", "int32", [1]],
  ["|b1", "010002", "bool", [1, 0, 1]],
];

describe("readNpy", () => {
  it.each(NUMBERS)("reads %s", (descr, bytes, dtype, values) => {
    const tensor = readNpy(npy(dict(descr, `(${values.length},)`), hex(bytes)), "x.npy");
    expect(tensor.dtype).toBe(dtype);
    expect(tensor.shape).toEqual([values.length]);
    expect([...tensor.data]).toEqual(values);
  });

  it("reads versions 1, 2 and 3, scalars, empty arrays and what lies in a larger buffer", () => {
    for (const version of [1, 2, 3]) {
      const tensor = readNpy(npy(dict("<i4", "(1, 2)"), hex("0500000006000000"), version), "x.npy");
      expect(tensor).toEqual({ dtype: "int32", shape: [1, 2], data: Int32Array.of(5, 6) });
    }
    expect(readNpy(npy(dict("<f4", "()"), hex("0000803f")), "x.npy")).toEqual({
      dtype: "float32",
      shape: [],
      data: Float32Array.of(1),
    });
    expect(readNpy(npy(dict("<f4", "(0, 3)"), hex("00").slice(1)), "x.npy").shape).toEqual([0, 3]);
    const file = npy(dict("<f4", "(1,)"), hex("0000803f"));
    const larger = new Uint8Array(file.length + 3);
    larger.set(file, 3);
    expect([...readNpy(larger.subarray(3), "x.npy").data]).toEqual([1]);
  });

  it("puts arrays in Fortran order into rows", () => {
    // numpy.asfortranarray([[1, 2, 3], [4, 5, 6]])
    const bytes = hex("010402050306");
    expect([...readNpy(npy(dict("|u1", "(2, 3)", "True"), bytes), "x.npy").data]).toEqual([1, 2, 3, 4, 5, 6]);
    // numpy.asfortranarray(numpy.arange(8).reshape(2, 2, 2))
    const cube = hex("0004020601050307");
    expect([...readNpy(npy(dict("|u1", "(2, 2, 2)", "True"), cube), "x.npy").data]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it("reads texts of code points and of bytes, without the zeros behind", () => {
    const wide = readNpy(npy(dict("<U2", "(2,)"), hex("61000000000000004df4010062000000")), "x.npy");
    expect(wide).toEqual({ dtype: "string", shape: [2], data: ["a", "\u{1f44d}b"] });
    expect(readNpy(npy(dict("|S3", "(2,)"), hex("616200636465")), "x.npy").data).toEqual(["ab", "cde"]);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ["another file", hex("504b0304"), /numpy\.save writes it in x\.npy, received another file/],
    ["too few bytes", npy(dict("<f4", "(3,)"), hex("0000803f")), /12 bytes of values for shape \[3\].*received 4/],
    ["a complex array", npy(dict("<c8", "(1,)"), hex("0000803f0000803f")), /Expected floats.*<c8/],
    // A few bytes that would become a billion texts.
    ["texts without a length", npy(dict("<U0", "(1000000000,)"), hex("00")), /Expected floats.*<U0/],
    [
      "an endless shape",
      npy(dict("|u1", `(0, 1${"0".repeat(400)})`), hex("00")),
      /Expected a shape that fits into memory.*received \[0,null\]/,
    ],
    ["objects", npy(dict("|O", "(1,)"), hex("00")), /Expected floats/],
    [
      "a record",
      npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", hex("00")),
      /Expected floats/,
    ],
    [
      "a number beyond int32",
      npy(dict("<i8", "(1,)"), hex("0000000001000000")),
      /from −2147483648.*received 4294967296/,
    ],
    ["a future version", npy(dict("<f4", "(1,)"), hex("0000803f"), 4), /version 1, 2 or 3/],
    ["half a header", npy(dict("<f4", "(1,)"), hex("00")).subarray(0, 20), /received the end of the file/],
    ["nothing behind the magic", hex("934e554d505901"), /received the end of the file/],
  ])("refuses %s in words", (_, bytes, words) => {
    expect(() => readNpy(bytes, "x.npy")).toThrow(words);
    expect(() => readNpy(bytes, "x.npy")).toThrow(expect.objectContaining({ code: "invalid-input" }));
  });
});

describe("npyHeader", () => {
  it("is what numpy.save writes, byte by byte", () => {
    const header = npyHeader("float32", [2, 3]);
    const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`;
    expect(header.length).toBe(128);
    expect(new TextDecoder("latin1").decode(header)).toBe(`\x93NUMPY\x01\0v\0${text.padEnd(117)}\n`);
  });

  it("is read again, whatever the dtype and shape", () => {
    const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 40 });
    fc.assert(
      fc.property(fc.constantFrom("float32", "int32", "bool"), shapes, (dtype, shape) => {
        const header = npyHeader(dtype, shape);
        expect(header.length % 64).toBe(0);
        const count = shape.reduce((product, size) => product * size, 1);
        fc.pre(count < 10_000);
        const file = new Uint8Array(header.length + 4 * count);
        file.set(header);
        expect(readNpy(file, "x.npy")).toMatchObject({ dtype, shape });
      }),
    );
  });

  it("holds texts of any script", () => {
    const texts = ["", "naïve", "日本", "\u{1f600}"];
    const file = Buffer.concat([npyHeader("string", [4], 5), npyTexts(texts, 5)]);
    expect(readNpy(file, "x.npy")).toEqual({ dtype: "string", shape: [4], data: texts });
  });
});
