// A model that adds 1, as a .tflite file: written here, field by field, and read as any other file is.
import { Builder } from "flatbuffers";
import { inspectTflite } from "../../src/model/tflite/inspect-tflite.js";
import type { WireModel } from "../../src/protocol/model-on-wire.js";
import type { PlusOne } from "./plus-one.js";

/** TensorFlow Lite's number for the options of an addition. */
const ADD_OPTIONS = 11;

/** As `plusOneWire`, for LiteRT. */
export function plusOneTflite(...pairs: readonly PlusOne[]): WireModel {
  const bytes = plusOneFile(pairs);
  return inspectTflite({ weightData: new Uint8Array(bytes).buffer }, false, {}).wire;
}

/** TensorFlow Lite's number for operations that are not its own. */
const CUSTOM = 32;

/** The file itself. Tensor 0 is the number 1; pair i reads tensor 1 + 2i and writes the next one. @param custom an operation in place of the addition. */
export function plusOneFile(pairs: readonly PlusOne[], custom?: string): Uint8Array {
  const builder = new Builder(1024);
  const ints = (values: readonly number[]): number => {
    builder.startVector(4, values.length, 4);
    for (const value of values.toReversed()) builder.addInt32(value);
    return builder.endVector();
  };
  const list = (offsets: readonly number[]): number => {
    builder.startVector(4, offsets.length, 4);
    for (const offset of offsets.toReversed()) builder.addOffset(offset);
    return builder.endVector();
  };
  /** A table whose fields are offsets, but for the numbers among them. */
  const table = (
    fieldCount: number,
    offsets: Readonly<Record<number, number>>,
    numbers: (() => void)[] = [],
  ): number => {
    builder.startObject(fieldCount);
    for (const [field, offset] of Object.entries(offsets)) builder.addFieldOffset(Number(field), offset, 0);
    for (const add of numbers) add();
    return builder.endObject();
  };
  const tensor = (name: string, shape: readonly number[], buffer: number): number => {
    const isFree = shape.includes(-1);
    const fields = {
      0: ints(shape.map((size) => (size === -1 ? 1 : size))),
      3: builder.createString(name),
      ...(isFree ? { 7: ints(shape) } : {}),
    };
    // Without the mark that its rank is known, LiteRT gives an output the size that the file states for a batch of one.
    return table(10, fields, [() => builder.addFieldInt32(2, buffer, 0), () => builder.addFieldInt8(8, 1, 0)]);
  };
  const entry = (name: string, index: number): number =>
    table(2, { 0: builder.createString(name) }, [() => builder.addFieldInt32(1, index, 0)]);

  const one = Float32Array.of(1);
  const buffers = list([table(3, {}), table(3, { 0: builder.createByteVector(new Uint8Array(one.buffer)) })]);
  const tensors = list([
    tensor("one", [1], 1),
    ...pairs.flatMap(({ input, output, shape }) => [tensor(`${input}:0`, shape, 0), tensor(`${output}:0`, shape, 0)]),
  ]);
  const operators = list(
    pairs.map((_, index) => {
      const fields = { 1: ints([1 + 2 * index, 0]), 2: ints([2 + 2 * index]), 4: table(2, {}) };
      return table(9, fields, [() => builder.addFieldInt8(3, ADD_OPTIONS, 0)]);
    }),
  );
  const subgraph = table(5, {
    0: tensors,
    1: ints(pairs.map((_, index) => 1 + 2 * index)),
    2: ints(pairs.map((_, index) => 2 + 2 * index)),
    3: operators,
  });
  const signature = table(5, {
    0: list(pairs.map(({ input }, index) => entry(input, 1 + 2 * index))),
    1: list(pairs.map(({ output }, index) => entry(output, 2 + 2 * index))),
    2: builder.createString("serving_default"),
  });
  const number = custom === undefined ? 0 : CUSTOM;
  const operation = table(4, custom === undefined ? {} : { 1: builder.createString(custom) }, [
    () => builder.addFieldInt8(0, number, 0),
    () => builder.addFieldInt32(2, 1, 0),
    () => builder.addFieldInt32(3, number, 0),
  ]);
  const codes = list([operation]);
  const [subgraphs, signatures] = [list([subgraph]), list([signature])];
  const model = table(8, { 1: codes, 2: subgraphs, 4: buffers, 7: signatures }, [() => builder.addFieldInt32(0, 3, 0)]);
  builder.finish(model, "TFL3");
  return builder.asUint8Array();
}
