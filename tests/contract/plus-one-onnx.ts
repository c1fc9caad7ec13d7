// A model that adds 1, as an .onnx file: written here, field by field, and read as any other file is.
import { inspectOnnx } from "../../src/model/onnx/inspect-onnx.js";
import { onnxArtifacts } from "../../src/model/onnx/onnx-artifacts.js";
import type { WireModel } from "../../src/protocol/model-on-wire.js";
import type { PlusOne } from "./plus-one.js";

/** As `plusOneWire`, for ONNX Runtime. */
export function plusOneOnnx(...pairs: readonly PlusOne[]): WireModel {
  return inspectOnnx(onnxArtifacts(plusOneOnnxFile(pairs).buffer), false, {}).wire;
}

/** A field of Protocol Buffers: a whole number, a text, or the bytes of a message. */
export function field(number: number, value: number | string | Uint8Array): number[] {
  if (typeof value === "number") return [...varint(number * 8), ...varint(value)];
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
  return [...varint(number * 8 + 2), ...varint(bytes.length), ...bytes];
}

export function message(...fields: readonly number[][]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(fields.flat());
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(Math.floor(value / 0x80))];
}

const FLOAT32 = 1;

/** The file itself: a node Add for each pair. @param operation in place of the addition. */
export function plusOneOnnxFile(pairs: readonly PlusOne[], operation = "Add"): Uint8Array<ArrayBuffer> {
  const value = (name: string, shape: readonly number[]): Uint8Array => {
    const sizes = shape.map((size) => field(1, message(size === -1 ? field(2, "batch") : field(1, size))));
    const tensor = message(field(1, FLOAT32), field(2, message(...sizes)));
    return message(field(1, name), field(2, message(field(1, tensor))));
  };
  const one = new Uint8Array(Float32Array.of(1).buffer);
  const graph = message(
    ...pairs.map(({ input, output }) =>
      field(1, message(field(1, input), field(1, "one"), field(2, output), field(4, operation))),
    ),
    field(2, "plus-one"),
    field(5, message(field(1, 1), field(2, FLOAT32), field(8, "one"), field(9, one))),
    ...pairs.map(({ input, shape }) => field(11, value(input, shape))),
    ...pairs.map(({ output, shape }) => field(12, value(output, shape))),
  );
  return message(field(1, 8), field(7, graph), field(8, message(field(1, ""), field(2, 13))));
}
