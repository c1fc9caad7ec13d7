import { FieldBuilder } from "../tflite/field-builder.js";
import { writeConstant } from "./constant-bytes.js";
import { operatorNamed, type OperatorName } from "./operators.js";
import type { FileTensor, OperatorCall, Subgraph } from "./subgraph.js";
import { ELEMENT_NUMBERS } from "./value.js";

/** A `.tflite` file that is written straight to where it is needed, so that there is no second copy of its weights. */
export interface TfliteFile {
  readonly byteLength: number;
  /** @param target as long as the file; its offset is a multiple of 16. */
  readonly write: (target: Uint8Array<ArrayBufferLike>) => void;
}

/** By public name, the index of the tensor. */
export type Signature = Readonly<Record<"inputs" | "outputs", readonly (readonly [name: string, index: number])[]>>;

// The numbers of fields, by table, as in TensorFlow Lite's schema.
const MODEL = { count: 8, version: 0, operations: 1, subgraphs: 2, description: 3, buffers: 4, signatures: 7 } as const;
const OPERATION = { count: 4, oldCode: 0, version: 2, code: 3 } as const;
const SUBGRAPH = { count: 5, tensors: 0, inputs: 1, outputs: 2, operators: 3 } as const;
const TENSOR = { count: 10, shape: 0, type: 1, buffer: 2, name: 3, hasRank: 8 } as const;
const OPERATOR = { count: 9, operation: 0, inputs: 1, outputs: 2, optionsType: 3, options: 4 } as const;
const BUFFER = { count: 3, data: 0 } as const;
const SIGNATURE = { count: 5, inputs: 0, outputs: 1, key: 2 } as const;
const TENSOR_MAP = { count: 2, name: 0, tensor: 1 } as const;

/** The schema's version. */
const VERSION = 3;
/** Numbers of operations from here on are in a later field alone. */
const FIRST_LATER_CODE = 127;
/** Where constants begin: TensorFlow Lite asks for it. */
const ALIGNMENT = 16;

/**
 * Lay out a model as a `.tflite` file. Everything but the constants is written here; the constants go behind it, and the list of buffers
 * refers to them.
 *
 * @param data the model's weight data, that the constants are made of when the file is written.
 * O(tensors + operators).
 */
export function layOutFile(
  { tensors, calls }: Subgraph,
  signature: Signature,
  data: ArrayBuffer | SharedArrayBuffer,
): TfliteFile {
  const builder = new FieldBuilder();
  const constants = tensors.flatMap(({ constant }) => constant ?? []);
  // The first buffer is empty, for all that is computed.
  const places = constants.map(() => 0);
  const buffers = [
    builder.table(BUFFER.count, []),
    ...constants.map((_, index) => {
      const place = (): void => {
        builder.addReference(BUFFER.data);
        places[index] = builder.offset();
      };
      return builder.table(BUFFER.count, [place]);
    }),
  ];
  const header = builder.finish(writeModel(builder, tensors, calls, signature, buffers));

  const references = places.map((place) => header.length - place);
  const offsets: number[] = [];
  let end = aligned(header.length);
  for (const { byteLength } of constants) {
    // In front of the elements is their number.
    offsets.push(end + ALIGNMENT);
    end = aligned(end + ALIGNMENT + byteLength);
  }
  return {
    byteLength: end,
    write(target) {
      const view = new DataView(target.buffer, target.byteOffset, end);
      target.set(header);
      for (const [index, constant] of constants.entries()) {
        const { byteLength } = constant;
        const offset = offsets[index]!;
        const reference = references[index]!;
        view.setUint32(reference, offset - 4 - reference, true);
        view.setUint32(offset - 4, byteLength, true);
        writeConstant(constant, target.subarray(offset, offset + byteLength), data);
      }
    },
  };
}

function writeModel(
  builder: FieldBuilder,
  tensors: readonly FileTensor[],
  calls: readonly OperatorCall[],
  { inputs, outputs }: Signature,
  buffers: readonly number[],
): number {
  const names = [...new Set(calls.map(({ name }) => name))];
  const operations = names.map((name) => writeOperation(builder, name));
  let constantCount = 0;
  const written = tensors.map((tensor, index) => {
    const buffer = tensor.constant === undefined ? 0 : ++constantCount;
    return writeTensor(builder, tensor, `t${index}`, buffer);
  });
  const operators = calls.map((call) => writeOperator(builder, call, names.indexOf(call.name)));
  const indices = (entries: Signature["inputs"]): number => builder.ints(entries.map(([, index]) => index));
  const subgraph = builder.table(SUBGRAPH.count, [
    builder.offsetField(SUBGRAPH.tensors, builder.list(written)),
    builder.offsetField(SUBGRAPH.inputs, indices(inputs)),
    builder.offsetField(SUBGRAPH.outputs, indices(outputs)),
    builder.offsetField(SUBGRAPH.operators, builder.list(operators)),
  ]);
  const entries = (list: Signature["inputs"]): number =>
    builder.list(
      list.map(([name, index]) =>
        builder.table(TENSOR_MAP.count, [
          builder.offsetField(TENSOR_MAP.name, builder.text(name)),
          builder.intField(TENSOR_MAP.tensor, index),
        ]),
      ),
    );
  const signature = builder.table(SIGNATURE.count, [
    builder.offsetField(SIGNATURE.inputs, entries(inputs)),
    builder.offsetField(SIGNATURE.outputs, entries(outputs)),
    builder.offsetField(SIGNATURE.key, builder.text("serving_default")),
  ]);
  return builder.table(MODEL.count, [
    builder.intField(MODEL.version, VERSION),
    builder.offsetField(MODEL.operations, builder.list(operations)),
    builder.offsetField(MODEL.subgraphs, builder.list([subgraph])),
    builder.offsetField(MODEL.description, builder.text("translated by inference-sharder")),
    builder.offsetField(MODEL.buffers, builder.list(buffers)),
    builder.offsetField(MODEL.signatures, builder.list([signature])),
  ]);
}

function writeOperation(builder: FieldBuilder, name: OperatorName): number {
  const { code, version = 1 } = operatorNamed(name);
  return builder.table(OPERATION.count, [
    builder.byteField(OPERATION.oldCode, Math.min(code, FIRST_LATER_CODE)),
    builder.intField(OPERATION.version, version),
    builder.intField(OPERATION.code, code),
  ]);
}

function writeTensor(builder: FieldBuilder, { shape, element }: FileTensor, name: string, buffer: number): number {
  return builder.table(TENSOR.count, [
    builder.offsetField(TENSOR.shape, builder.ints(shape)),
    builder.byteField(TENSOR.type, ELEMENT_NUMBERS[element]),
    builder.intField(TENSOR.buffer, buffer),
    builder.offsetField(TENSOR.name, builder.text(name)),
    // Without this mark, a list of no sizes would say that the rank is unknown.
    builder.byteField(TENSOR.hasRank, 1),
  ]);
}

function writeOperator(builder: FieldBuilder, { name, inputs, outputs, options }: OperatorCall, index: number): number {
  const table = operatorNamed(name).options;
  const fields = [
    builder.intField(OPERATOR.operation, index),
    builder.offsetField(OPERATOR.inputs, builder.ints(inputs)),
    builder.offsetField(OPERATOR.outputs, builder.ints(outputs)),
  ];
  if (table === undefined) return builder.table(OPERATOR.count, fields);
  const values = Object.entries(options).map(([option, value]) => {
    const [slot, kind] = table.fields[option]!;
    if (kind === "float") return builder.floatField(slot, value);
    return kind === "int" ? builder.intField(slot, value) : builder.byteField(slot, value);
  });
  const slots = Object.values(table.fields).map(([slot]) => slot + 1);
  return builder.table(OPERATOR.count, [
    ...fields,
    builder.byteField(OPERATOR.optionsType, table.type),
    builder.offsetField(OPERATOR.options, builder.table(Math.max(0, ...slots), values)),
  ]);
}

function aligned(offset: number): number {
  return Math.ceil(offset / ALIGNMENT) * ALIGNMENT;
}
