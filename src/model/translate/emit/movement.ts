import type { EmitNode } from "../node-call.js";
import { MIRROR } from "../operators.js";
import { concatenatedShape, openShape, squeezedShape } from "../shapes.js";
import { integerList, literal } from "../value.js";
import { fill, stretch } from "./combine.js";
import { padded } from "./window.js";

/** Each part is a tensor; a damaged model may ask for billions. */
const MAX_PARTS = 10_000;

const reshape: EmitNode = (call) => {
  const x = call.input(0);
  return [call.reshape(x, openShape(call, x.shape, call.integers(1, "a shape")))];
};

const expandDims: EmitNode = (call) => {
  const x = call.input(0);
  return [call.reshape(x, x.shape.toSpliced(call.axis(1, x.shape.length + 1), 0, 1))];
};

const squeeze: EmitNode = (call) => {
  const x = call.input(0);
  return [call.reshape(x, squeezedShape(call, x.shape))];
};

const transpose: EmitNode = (call) => {
  const x = call.input(0);
  const { length: rank } = x.shape;
  if (rank > 6) call.refuse(`${rank} axes`);
  const given =
    call.inputs.length > 1 ? call.integers(1, "an order of axes") : x.shape.map((_, axis) => rank - 1 - axis);
  return [
    call.transpose(
      x,
      given.map((axis) => call.axisOf(axis, rank)),
    ),
  ];
};

const pad: EmitNode = (call) => {
  const x = call.input(0);
  const list = call.integers(1, "paddings");
  if (x.shape.length > 4) call.refuse(`${x.shape.length} axes`);
  const filler = call.inputs.length > 2 ? call.numbersOf(call.input(2))?.[0] : 0;
  if (filler === undefined) call.refuse("a filler that is computed while the model runs");
  return [
    padded(
      call,
      x,
      x.shape.map((_, axis) => list.slice(2 * axis, 2 * axis + 2)),
      filler,
    ),
  ];
};

const mirrorPad: EmitNode = (call) => {
  const x = call.input(0);
  const widths = call.integers(1, "paddings");
  const mode = call.attrText("mode", "REFLECT") === "SYMMETRIC" ? MIRROR.SYMMETRIC : MIRROR.REFLECT;
  const shape = x.shape.map((size, axis) => size + widths[2 * axis]! + widths[2 * axis + 1]!);
  return [call.emit("MIRROR_PAD", [x, literal("int32", [x.shape.length, 2], widths)], { shape }, { mode })];
};

const concatenate: EmitNode = (call) => {
  const isFirst = call.node.op === "Concat";
  const parts = isFirst ? call.inputs.slice(1) : call.inputs.slice(0, -1);
  const rank = parts[0]?.shape.length ?? 0;
  const axis = call.axis(isFirst ? 0 : call.inputs.length - 1, rank);
  if (parts.some(({ element }) => element !== parts[0]!.element)) call.refuse("parts of different types");
  const shapes = parts.map(({ shape }) => shape);
  if (parts.length === 1) return parts;
  return [call.emit("CONCATENATION", parts, { shape: concatenatedShape(call, shapes, axis) }, { axis })];
};

const pack: EmitNode = (call) => {
  const { shape } = call.input(0);
  const axis = call.axisOf(call.attrInteger("axis", 0), shape.length + 1);
  const options = { axis, count: call.inputs.length };
  return [call.emit("PACK", call.inputs, { shape: shape.toSpliced(axis, 0, call.inputs.length) }, options)];
};

const unpack: EmitNode = (call) => {
  const x = call.input(0);
  const axis = call.axisOf(call.attrInteger("axis", 0), x.shape.length);
  if (x.shape[axis]! > MAX_PARTS) call.refuse(`${x.shape[axis]} parts`);
  const shape = x.shape.toSpliced(axis, 1);
  const outputs = Array.from({ length: x.shape[axis]! }, () => ({ shape }));
  return call.emitAll("UNPACK", [x], outputs, { axis, count: outputs.length });
};

const split: EmitNode = (call) => {
  const x = call.input(1);
  const axis = call.axis(0, x.shape.length);
  const splitCount = call.attrInteger("num_split", 1);
  if (splitCount > MAX_PARTS) call.refuse(`${splitCount} parts`);
  if (x.shape[axis]! % splitCount !== 0) call.misfit(`${x.shape[axis]} split into ${splitCount}`);
  const shape = x.shape.with(axis, x.shape[axis]! / splitCount);
  const outputs = Array.from({ length: splitCount }, () => ({ shape }));
  return call.emitAll("SPLIT", [literal("int32", [], [axis]), x], outputs.map(elementOf(x)), { splitCount });
};

const splitInto: EmitNode = (call) => {
  const x = call.input(0);
  const given = call.integers(1, "sizes");
  const axis = call.axis(2, x.shape.length);
  const rest = x.shape[axis]! - given.reduce((sum, size) => sum + Math.max(0, size), 0);
  const sizes = given.map((size) => (size === -1 ? rest : size));
  // The sizes stand in the model: others of its inputs would change nothing.
  if (sizes.includes(0)) call.refuse("an empty part");
  const outputs = sizes.map((size) => ({ shape: x.shape.with(axis, size) }));
  const inputs = [x, integerList(sizes), literal("int32", [], [axis])];
  return call.emitAll("SPLIT_V", inputs, outputs, { splitCount: sizes.length });
};

const elementOf =
  ({ element }: { readonly element: "float32" | "int32" | "bool" }) =>
  (output: { readonly shape: readonly number[] }) => ({ ...output, element });

const tile: EmitNode = (call) => {
  const x = call.input(0);
  const counts = call.integers(1, "counts");
  const shape = x.shape.map((size, axis) => size * counts[axis]!);
  return [counts.every((count) => count === 1) ? x : call.emit("TILE", [x, integerList(counts)], { shape })];
};

const reverse: EmitNode = (call) => {
  const x = call.input(0);
  const axes = call.integers(1, "axes").map((axis) => call.axisOf(axis, x.shape.length));
  // The operator takes one axis.
  const turn = (value: typeof x, axis: number): typeof x =>
    call.emit("REVERSE_V2", [value, integerList([axis])], { shape: x.shape });
  return [axes.reduce(turn, x)];
};

export const MOVEMENT: Readonly<Record<string, EmitNode>> = {
  BroadcastTo: (call) => [stretch(call, call.input(0), call.integers(1, "a shape"))],
  Concat: concatenate,
  ConcatV2: concatenate,
  ExpandDims: expandDims,
  Fill: (call) => [fill(call, call.integers(0, "a shape"), call.input(1))],
  MirrorPad: mirrorPad,
  Pack: pack,
  Pad: pad,
  PadV2: pad,
  Reshape: reshape,
  ReverseV2: reverse,
  Split: split,
  SplitV: splitInto,
  Squeeze: squeeze,
  Tile: tile,
  Transpose: transpose,
  Unpack: unpack,
};
