import {
  isTfjsWire,
  type FilePart,
  type OnnxWire,
  type StageFile,
  type TfjsWire,
  type TfliteWire,
  type WireModel,
} from "../protocol/model-on-wire.js";
import type { ConstantExpression, StoredWeight, WeightRecipe } from "../protocol/weight-recipe.js";

/** A model as it is sent to one worker: with its own weights alone if they are copied, and as it is if they are shared. */
export function toSend(wire: WireModel): WireModel {
  if (!(wire.weightData instanceof ArrayBuffer) || wire.format === "remote") return wire;
  if (isTfjsWire(wire)) return compactWeights(wire);
  if (wire.format === "tflite") return wire.file === undefined ? wire : compactParts(wire, wire.file);
  return wire.model === undefined ? wire : compactFiles(wire);
}

/**
 * Give a model a buffer of its own that holds only the bytes its recipes read. Without shared memory the buffer is copied with
 * every message, and a stage should not carry the weights of all the others. O(bytes that are read).
 */
export function compactWeights(wire: TfjsWire): TfjsWire {
  const offsets = new Map<number, { from: number; byteLength: number }>();
  let total = 0;
  const place = (weight: StoredWeight): StoredWeight => {
    let placed = offsets.get(weight.byteOffset);
    // Weights lie back to back, so each offset belongs to one weight; only an empty weight shares its offset with the next one.
    if (placed === undefined || placed.byteLength < weight.byteLength) {
      placed = { from: total, byteLength: weight.byteLength };
      offsets.set(weight.byteOffset, placed);
      total += weight.byteLength;
    }
    return { ...weight, byteOffset: placed.from };
  };
  const weights = Object.fromEntries(
    Object.entries(wire.weights).map(([name, recipe]): [string, WeightRecipe] => [
      name,
      recipe.kind === "stored" ? place(recipe) : { ...recipe, value: relocate(recipe.value, place) },
    ]),
  );
  const bytes = new Uint8Array(total);
  for (const [byteOffset, { from, byteLength }] of offsets) {
    bytes.set(new Uint8Array(wire.weightData, byteOffset, byteLength), from);
  }
  return { ...wire, weights, weightData: bytes.buffer };
}

/** As `compactWeights`, for a stage of an `.onnx` file. */
function compactFiles(wire: OnnxWire): OnnxWire {
  const { ranges, weightData } = gather(wire.dataFiles, wire.weightData);
  return { ...wire, dataFiles: ranges, weightData };
}

/** As `compactWeights`, for a stage of a `.tflite` file. */
function compactParts(wire: TfliteWire, file: StageFile): TfliteWire {
  const { ranges, weightData } = gather(file.parts.filter(isRange), wire.weightData);
  return { ...wire, file: { ...file, parts: [...file.parts.filter((part) => !isRange(part)), ...ranges] }, weightData };
}

function isRange(part: FilePart): part is FilePart & Range {
  return "byteOffset" in part;
}

interface Range {
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** Put ranges of some bytes one behind another. O(bytes of the ranges). */
function gather<T extends Range>(
  ranges: readonly T[],
  from: ArrayBuffer | SharedArrayBuffer,
): { readonly ranges: T[]; readonly weightData: ArrayBuffer } {
  const bytes = new Uint8Array(ranges.reduce((total, { byteLength }) => total + byteLength, 0));
  let end = 0;
  const placed = ranges.map((range) => {
    const byteOffset = end;
    bytes.set(new Uint8Array(from, range.byteOffset, range.byteLength), byteOffset);
    end += range.byteLength;
    return { ...range, byteOffset };
  });
  return { ranges: placed, weightData: bytes.buffer };
}

function relocate(value: ConstantExpression, place: (weight: StoredWeight) => StoredWeight): ConstantExpression {
  if (value.op === "weight") return { ...value, weight: place(value.weight) };
  if (value.op === "literal") return value;
  const a = relocate(value.a, place);
  return "b" in value ? { ...value, a, b: relocate(value.b, place) } : { ...value, a };
}
