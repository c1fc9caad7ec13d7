// Requests and answers against a reader of the protocol's bytes that is written for these tests alone.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ShardError } from "../../../../src/core/errors.js";
import type { RemoteBinding } from "../../../../src/model/remote/match-interface.js";
import type { OnnxElement } from "../../../../src/protocol/model-on-wire.js";
import type { InputTensor, Tensor } from "../../../../src/protocol/tensors.js";
import { decodeAnswer } from "../../../../workers/engines/remote/decode-answer.js";
import { encodeRequest } from "../../../../workers/engines/remote/encode-request.js";
import { jsonLength } from "../../../../workers/engines/remote/json-length.js";
import { retryAfterMs } from "../../../../src/model/remote/retry-after.js";

const binding = (element: OnnxElement, dtype: Tensor["dtype"]): RemoteBinding => ({
  name: "x",
  serverName: "x",
  shape: [-1],
  dtype,
  element,
});

/** What a server reads: the JSON, and the bytes behind it. */
function read(input: InputTensor, element: OnnxElement, dtype: Tensor["dtype"], isBinary: boolean) {
  const one = binding(element, dtype);
  const { body, headers } = encodeRequest({ inputs: [one], outputs: [one] }, { x: input }, isBinary);
  const length = Number(headers["Inference-Header-Content-Length"] ?? body.length);
  const json = JSON.parse(new TextDecoder().decode(body.subarray(0, length)));
  return { json, bytes: body.slice(length) };
}

/** An answer that gives back what was sent, under the names of outputs. */
function echo(input: InputTensor, element: OnnxElement, dtype: Tensor["dtype"], isBinary: boolean) {
  const { json, bytes } = read(input, element, dtype, isBinary);
  const text = new TextEncoder().encode(JSON.stringify({ outputs: json.inputs }));
  const answer = new Uint8Array([...text, ...bytes]);
  const outputs = [binding(element, dtype)];
  const stated = decodeAnswer(answer, isBinary ? text.length : undefined, outputs);
  // The same where the length can't be read.
  expect(decodeAnswer(answer, undefined, outputs)).toEqual(stated);
  return stated.x!;
}

const CASES: readonly [OnnxElement, Tensor["dtype"], fc.Arbitrary<unknown>][] = [
  ["float32", "float32", fc.float({ noNaN: true, noDefaultInfinity: true })],
  ["float64", "float32", fc.float({ noNaN: true, noDefaultInfinity: true })],
  ["float16", "float32", fc.integer({ min: -2048, max: 2048 })],
  ["int8", "int32", fc.integer({ min: -128, max: 127 })],
  ["int16", "int32", fc.integer({ min: -32768, max: 32767 })],
  ["int32", "int32", fc.integer()],
  ["int64", "int32", fc.integer()],
  ["uint8", "int32", fc.nat(255)],
  ["uint16", "int32", fc.nat(65535)],
  ["uint32", "int32", fc.nat(2 ** 31 - 1)],
  ["uint64", "int32", fc.nat(2 ** 31 - 1)],
  ["bool", "bool", fc.nat(1)],
  ["string", "string", fc.string({ unit: "binary" })],
];
const ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;

function tensorOf(dtype: Tensor["dtype"], values: readonly unknown[]): Tensor {
  const shape = [values.length];
  if (dtype === "string") return { dtype, shape, data: values.map(String) };
  return { dtype, shape, data: ARRAYS[dtype].from(values as number[]) } as Tensor;
}

describe.each(CASES)("%s, as %s", (element, dtype, value) => {
  it.each([true, false])("comes back as it was sent (binary: %s)", (isBinary) => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 20 }), (values) => {
        const sent = tensorOf(dtype, values);
        const received = echo(sent, element, dtype, isBinary);
        expect(received.dtype).toBe(dtype);
        expect(received.shape).toEqual(sent.shape);
        // JSON has no -0.
        const plain = (data: ArrayLike<unknown>) => Array.from(data, (each) => (each === 0 ? 0 : each));
        expect(plain(received.data)).toEqual(plain(sent.data));
      }),
      { numRuns: 50 },
    );
  });
});

describe("an encoded request", () => {
  it("has little-endian bytes, texts with their lengths, and says so", () => {
    const int64 = read(tensorOf("int32", [-2, 258]), "int64", "int32", true);
    expect([...int64.bytes]).toEqual([254, 255, 255, 255, 255, 255, 255, 255, 2, 1, 0, 0, 0, 0, 0, 0]);
    expect(int64.json).toEqual({
      inputs: [{ name: "x", shape: [2], datatype: "INT64", parameters: { binary_data_size: 16 } }],
      outputs: [{ name: "x", parameters: { binary_data: true } }],
      parameters: { binary_data_output: true },
    });
    expect([...read(tensorOf("string", ["é", ""]), "string", "string", true).bytes]).toEqual([
      2, 0, 0, 0, 195, 169, 0, 0, 0, 0,
    ]);
    expect([...read(tensorOf("float32", [1.5]), "float16", "float32", true).bytes]).toEqual([0, 0x3e]);
    const bytes: InputTensor = { dtype: "uint8", shape: [2], data: Uint8Array.of(0, 255), scale: 2 / 255, offset: -1 };
    expect(read(bytes, "float32", "float32", false).json.inputs[0].data).toEqual([-1, 1]);
  });

  it("refuses numbers that the server's types can't hold, and what JSON has no number for", () => {
    const fail = (dtype: Tensor["dtype"], value: number, element: OnnxElement, isBinary = true) => {
      try {
        read(tensorOf(dtype, [value]), element, dtype, isBinary);
      } catch (thrown) {
        return thrown as ShardError;
      }
      throw new Error("it was taken");
    };
    for (const [value, element] of [
      [128, "int8"],
      [-1, "uint8"],
      [2 ** 15, "int16"],
      [-1, "uint64"],
    ] as const) {
      expect(fail("int32", value, element)).toMatchObject({
        code: "model-failed",
        message: expect.stringMatching(`received ${value}`),
      });
    }
    for (const value of [Number.NaN, Infinity]) {
      expect(fail("float32", value, "float32", false)).toMatchObject({
        code: "model-failed",
        message: expect.stringMatching("JSON only"),
      });
    }
    expect(read(tensorOf("float32", [Number.NaN]), "float32", "float32", true).bytes).toHaveLength(4);
  });
});

describe("an answer", () => {
  const decode = (outputs: unknown, tail: readonly number[] = [], length?: number) => {
    const text = new TextEncoder().encode(JSON.stringify({ outputs }));
    return decodeAnswer(new Uint8Array([...text, ...tail]), length ?? text.length, [binding("float32", "float32")]);
  };
  const x = { name: "x", datatype: "FP32", shape: [1] };
  const size = (binary_data_size: unknown) => ({ ...x, parameters: { binary_data_size } });

  it("may be nested, have null for numbers that are none, other outputs, and another type of the same kind", () => {
    expect(decode([{ ...x, shape: [2], data: [[1], [null]] }]).x).toMatchObject({
      data: Float32Array.of(1, Number.NaN),
    });
    const half = { ...x, datatype: "FP16", parameters: { binary_data_size: 2 } };
    const blank = { ...x, datatype: "FP64", shape: [0], data: [] };
    expect(decode([blank], [10, 32]).x!.data).toHaveLength(0);
    expect(decode([{ name: "y", parameters: { binary_data_size: 1 } }, half], [9, 0, 0x3e]).x!.data).toEqual(
      Float32Array.of(1.5),
    );
  });

  it.each([
    ["too few bytes", [size(8)], [0, 0, 0, 0], /at least \d+ bytes/],
    ["bytes left over", [size(4)], [0, 0, 0, 0, 0], /Expected \d+ bytes/],
    ["a size that is none", [size(-4)], [], /size of binary data/],
    ["fewer elements than its shape", [{ ...size(4), shape: [2] }], [0, 0, 0, 0], /2 elements of FP32/],
    ["a shape of another rank", [{ ...size(4), shape: [1, 1] }], [0, 0, 0, 0], /of shape \[-1\], received \[1, 1\]/],
    ["a shape that is none", [{ ...size(4), shape: [-1] }], [0, 0, 0, 0], /a shape/],
    ["another type", [{ ...size(4), datatype: "INT32" }], [0, 0, 0, 0], /to hold float32, received INT32/],
    ["an unknown type", [{ ...size(4), datatype: "BF16" }], [0, 0, 0, 0], /received BF16/],
    ["no such output", [{ ...size(4), name: "y" }], [0, 0, 0, 0], /the output "x", received "y"/],
    ["no outputs", undefined, [], /with outputs/],
    ["texts for numbers", [{ ...x, data: ["1"] }], [], /1 elements of FP32/],
  ])("is refused with %s", (_, outputs, tail, words) => {
    expect(() => decode(outputs, tail)).toThrow(words);
  });

  it("is refused, whatever its bytes are, with an error that says why", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.option(fc.nat(80)), (bytes, length) => {
        try {
          decodeAnswer(new Uint8Array(bytes), length === null ? undefined : Math.min(length, bytes.length), [
            binding("float32", "float32"),
          ]);
        } catch (thrown) {
          expect((thrown as Error).message).toMatch(/^Expected .*, received /s);
        }
      }),
    );
  });

  it("is cut behind its JSON where nothing says how long that is", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.uint8Array({ minLength: 1 }), (json, tail) => {
        const text = new TextEncoder().encode(JSON.stringify(json));
        expect(jsonLength(new Uint8Array([...text, ...tail]))).toBe(text.length);
      }),
    );
  });

  it("may ask to come again, in seconds or at a date", () => {
    expect([retryAfterMs("2", 0), retryAfterMs(" 0 ", 0), retryAfterMs(null, 0), retryAfterMs("soon", 0)]).toEqual([
      2000,
      0,
      undefined,
      undefined,
    ]);
    expect(retryAfterMs("Thu, 01 Jan 1970 00:00:09 GMT", 4000)).toBe(5000);
    expect(retryAfterMs("Thu, 01 Jan 1970 00:00:09 GMT", 40_000)).toBe(0);
  });
});
