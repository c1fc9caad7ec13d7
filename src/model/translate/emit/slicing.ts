import { sliceBounds, stridedBounds, type SliceBounds } from "../fold/slice-bounds.js";
import type { EmitNode, NodeCall } from "../node-call.js";
import { integerList, literal, type Value } from "../value.js";

/** Take a part, and then drop and add axes of size 1. */
function take(call: NodeCall, x: Value, { begin, strides, sizes, shape }: SliceBounds): Value {
  const isWhole = sizes.every((size, axis) => size === x.shape[axis] && strides[axis] === 1);
  if (isWhole) return call.reshape(x, shape);
  if (x.shape.length > 5) call.refuse(`${x.shape.length} axes`);
  if (strides.every((stride) => stride === 1)) {
    const part = call.emit("SLICE", [x, integerList(begin), integerList(sizes)], { shape: sizes });
    return call.reshape(part, shape);
  }
  const ends = begin.map((first, axis) => first + strides[axis]! * sizes[axis]!);
  // An end before the first position can't be written as a number: there, -1 is the last one.
  const endMask = ends.reduce((mask, end, axis) => (end < 0 ? mask | (1 << axis) : mask), 0);
  const bounds = [begin, ends, strides].map(integerList);
  const options = { beginMask: 0, endMask, ellipsisMask: 0, newAxisMask: 0, shrinkAxisMask: 0 };
  return call.reshape(call.emit("STRIDED_SLICE", [x, ...bounds], { shape: sizes }, options), shape);
}

const gather: EmitNode = (call) => {
  const [x, indices] = [call.input(0), call.input(1)];
  call.requireElement(indices, "int32");
  const { length: rank } = x.shape;
  const axis = call.node.op === "GatherV2" ? call.axis(2, rank) : 0;
  const given = call.attrInteger("batch_dims", 0);
  const batchDims = given < 0 ? given + indices.shape.length : given;
  const shape = [...x.shape.slice(0, axis), ...indices.shape.slice(batchDims), ...x.shape.slice(axis + 1)];
  return [call.emit("GATHER", [x, indices], { shape }, { axis, batchDims })];
};

const gatherAt: EmitNode = (call) => {
  const [x, indices] = [call.input(0), call.input(1)];
  call.requireElement(indices, "int32");
  const shape = [...indices.shape.slice(0, -1), ...x.shape.slice(indices.shape.at(-1))];
  return [call.emit("GATHER_ND", [x, indices], { shape })];
};

const oneHot: EmitNode = (call) => {
  const [indices, on, off] = [call.input(0), call.input(2), call.input(3)];
  call.requireElement(indices, "int32");
  const [depth = 0] = call.integers(1, "a depth");
  const { length: rank } = indices.shape;
  const axis = call.axisOf(call.attrInteger("axis", -1), rank + 1);
  const shape = indices.shape.toSpliced(axis, 0, depth);
  return [
    call.emit("ONE_HOT", [indices, literal("int32", [], [depth]), on, off], { shape, element: on.element }, { axis }),
  ];
};

/** Larger matrices would take longer to list than to compute. */
const MAX_BAND = 4_000_000;

/** Keep a band around the diagonal of each matrix. */
const bandPart: EmitNode = (call) => {
  const x = call.input(0);
  const [lower = 0, upper = 0] = [1, 2].map((place) => call.integers(place, "bounds")[0]);
  const [rows = 0, columns = 0] = x.shape.slice(-2);
  if (rows * columns > MAX_BAND) call.refuse(`bands of ${rows} × ${columns}`);
  const isKept = Array.from({ length: rows * columns }, (_, index) => {
    const distance = (index % columns) - Math.floor(index / columns);
    return Number((lower < 0 || -distance <= lower) && (upper < 0 || distance <= upper));
  });
  const nothing = literal(x.element, [], [0]);
  const output = { shape: x.shape, element: x.element };
  return [call.emit("SELECT_V2", [literal("bool", [rows, columns], isKept), x, nothing], output)];
};

/** What leaves an axis at its end comes in at its beginning. */
const roll: EmitNode = (call) => {
  const x = call.input(0);
  const [shifts, axes] = [call.integers(1, "shifts"), call.integers(2, "axes")];
  const turn = (value: Value, given: number, entry: number): Value => {
    const axis = call.axisOf(given, x.shape.length);
    const size = x.shape[axis]!;
    const shift = (((shifts[entry] ?? 0) % size) + size) % size;
    if (shift === 0) return value;
    const part = (first: number, count: number): Value => {
      const [begin, sizes] = [x.shape.map(() => 0).with(axis, first), x.shape.with(axis, count)];
      return take(call, value, { begin, strides: begin.map(() => 1), sizes, shape: sizes });
    };
    const parts = [part(size - shift, shift), part(0, size - shift)];
    return call.emit("CONCATENATION", parts, { shape: x.shape }, { axis });
  };
  return [axes.reduce(turn, x)];
};

export const SLICING: Readonly<Record<string, EmitNode>> = {
  Gather: gather,
  GatherNd: gatherAt,
  GatherV2: gather,
  MatrixBandPart: bandPart,
  OneHot: oneHot,
  Roll: roll,
  Slice: (call) => [take(call, call.input(0), sliceBounds(call))],
  StridedSlice: (call) => [take(call, call.input(0), stridedBounds(call))],
};
