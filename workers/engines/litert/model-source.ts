import type { TfliteFile } from "../../../src/model/translate/tflite-file.js";
import type { InputShapes } from "../../../src/model/translate/translate-graph.js";
import { fileBytes, type StageFile, type TfliteBinding, type TfliteWire } from "../../../src/protocol/model-on-wire.js";

/** Where the file comes from that LiteRT compiles for inputs of certain shapes. */
export interface ModelSource {
  readonly inputs: readonly TfliteBinding[];
  readonly outputs: readonly TfliteBinding[];
  /** The key of the signature that runs; `undefined` for a file without any. */
  readonly signature: string | undefined;
  /** Whether it is a TF.js model, for which the file is written here. */
  readonly isTranslated: boolean;
  /** Of one file, about. */
  readonly byteLength: number;
  /** As `TfliteWire.computesShapes`. */
  readonly computesShapes: boolean;
  /** What the first trial is made with; `undefined` if the model does not say what it takes. */
  readonly trialShapes: InputShapes | undefined;
  /** @throws ShardError if there is none for these shapes. */
  readonly fileFor: (shapes: InputShapes) => TfliteFile;
}

/** A `.tflite` file as it came, in which the sizes of a call are written over its own. */
export function fileSource(wire: TfliteWire): ModelSource {
  const { inputs, outputs, signature, computesShapes, weightData } = wire;
  const byteLength = fileBytes(wire);
  // What the file says, with 1 for sizes that it leaves free.
  const trial = inputs.map(({ name, shape = [] }) => [name, shape.map((size) => (size === -1 ? 1 : size))]);
  return {
    ...{ inputs, outputs, signature, computesShapes, byteLength },
    isTranslated: false,
    trialShapes: Object.fromEntries(trial),
    fileFor: (shapes) => ({
      byteLength,
      write(target) {
        if (wire.file === undefined) target.set(new Uint8Array(weightData));
        else writeParts(target, wire.file, weightData);
        writeShapes(new DataView(target.buffer, target.byteOffset, byteLength), wire, shapes);
      },
    }),
  };
}

function writeParts(target: Uint8Array, { parts }: StageFile, weightData: TfliteWire["weightData"]): void {
  for (const part of parts) {
    target.set("bytes" in part ? part.bytes : new Uint8Array(weightData, part.byteOffset, part.byteLength), part.at);
  }
}

function writeShapes(file: DataView, { inputs, outputs, computesShapes }: TfliteWire, shapes: InputShapes): void {
  const write = ({ shapeOffsets = [] }: TfliteBinding, shape: readonly number[]): void => {
    for (const offset of shapeOffsets) {
      for (const [axis, size] of shape.entries()) file.setInt32(offset + 4 * axis, size, true);
    }
  };
  for (const input of inputs) write(input, shapes[input.name]!);
  if (!computesShapes) return;
  const batched = inputs.find(({ shape }) => shape?.[0] === -1);
  const itemCount = batched === undefined ? 1 : shapes[batched.name]![0]!;
  for (const output of outputs) write(output, [itemCount, ...(output.shape ?? []).slice(1)]);
}
