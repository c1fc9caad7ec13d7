import { integerOf, integersOf } from "../optimise/attributes.js";
import {
  axisOf,
  fixed,
  itemRows,
  mixed,
  moved,
  numbersOf,
  UNKNOWN,
  type BatchTensor,
  type BatchValue,
} from "./batch-value.js";
import { joinAxes } from "./elementwise.js";
import { named, rules, spoiled, type OpCall, type OpRule } from "./op-rule.js";
import { fill, reshape } from "./reshape.js";

/** Ops that move elements without computing: the batch may end up on another axis. */
export const MOVES: Readonly<Record<string, OpRule>> = {
  Reshape: reshape,
  Transpose: transpose,
  ExpandDims: expand,
  Squeeze: squeeze,
  ...rules("Pack", pack),
  Unpack: unpack,
  ConcatV2: (call) => concat(call.inputs.slice(0, -1), call.inputs.at(-1)),
  Concat: (call) => concat(call.inputs.slice(1), call.inputs[0]),
  Split: (call) => split(call, call.inputs[1], call.inputs[0], integerOf(call.attr.num_split, NaN)),
  SplitV: (call) => split(call, call.inputs[0], call.inputs[2], integerOf(call.attr.num_split, NaN)),
  Tile: tile,
  Fill: (call) => fill(call, 0),
  BroadcastTo: broadcastTo,
  ...rules("Pad PadV2 MirrorPad", pad),
  ReverseSequence: ({ inputs: [x, lengths], attr }) => {
    if (x?.kind !== "tensor" || lengths?.kind !== "tensor")
      return spoiled([x ?? UNKNOWN, lengths ?? UNKNOWN]) ?? UNKNOWN;
    const isByItem =
      x.batch !== undefined && x.batch.axis === integerOf(attr.batch_dim, 0) && lengths.batch !== undefined;
    const joined = isByItem ? joinAxes(moved(x.batch, 0), lengths.batch) : undefined;
    return joined === undefined ? UNKNOWN : itemRows(x.shape, moved(joined, integerOf(attr.batch_dim, 0)));
  },
  ...rules("SpaceToBatchND", spaceToBatch),
  ...rules("BatchToSpaceND", batchToSpace),
};

function transpose({ inputs }: OpCall): BatchValue {
  const [x, by] = inputs;
  const permutation = numbersOf(by);
  if (x?.kind !== "tensor" || permutation === undefined) return spoiled(inputs) ?? UNKNOWN;
  const shape = x.shape && permutation.map((axis) => x.shape![axis]);
  if (x.batch === undefined) return fixed(shape);
  const axis = permutation.indexOf(x.batch.axis);
  return axis < 0 ? UNKNOWN : itemRows(shape ?? permutation.map(() => undefined), moved(x.batch, axis));
}

function expand({ inputs }: OpCall): BatchValue {
  const [x, at] = inputs;
  const [given] = numbersOf(at) ?? [];
  if (x?.kind !== "tensor") return spoiled(inputs) ?? UNKNOWN;
  const axis = axisOf(given, x.shape && x.shape.length + 1);
  if (axis === undefined || x.shape === undefined) return x.batch === undefined ? { ...x, shape: undefined } : UNKNOWN;
  const shape = x.shape.toSpliced(axis, 0, 1);
  if (x.batch === undefined) return { ...x, shape };
  return itemRows(shape, moved(x.batch, x.batch.axis + (axis <= x.batch.axis ? 1 : 0)));
}

function squeeze({ inputs, attr }: OpCall): BatchValue {
  const [x] = inputs;
  if (x?.kind !== "tensor") return x ?? UNKNOWN;
  const given = [...integersOf(attr.squeeze_dims), ...integersOf(attr.axis)];
  // Without axes, what is squeezed depends on the number of items.
  if (given.length === 0 || x.shape === undefined) return x.batch === undefined ? { ...x, shape: undefined } : UNKNOWN;
  const axes = given.map((axis) => axisOf(axis, x.shape!.length));
  const shape = x.shape.filter((_, axis) => !axes.includes(axis));
  if (x.batch === undefined) return { ...x, shape };
  const { axis } = x.batch;
  if (axes.includes(axis) || axes.includes(undefined)) return UNKNOWN;
  return itemRows(shape, moved(x.batch, axis - axes.filter((each) => each! < axis).length));
}

/** Tensors of one shape side by side. */
function pack(call: OpCall): BatchValue {
  const { inputs, attr } = call;
  const bad = spoiled(inputs);
  const tensors = inputs.filter((each): each is BatchTensor => each.kind === "tensor");
  const [first] = tensors;
  if (bad !== undefined || first === undefined) return bad ?? UNKNOWN;
  const axis = axisOf(integerOf(attr.axis, 0), first.shape && first.shape.length + 1);
  const shape = axis === undefined ? undefined : first.shape?.toSpliced(axis, 0, tensors.length);
  if (tensors.every(({ batch }) => batch === undefined)) {
    const usesCount = tensors.some((tensor) => tensor.usesCount);
    const counts = tensors.flatMap((tensor) => (tensor.counts?.length === 1 ? tensor.counts : [undefined]));
    return first.shape?.length === 0 ? { ...fixed(shape, counts), usesCount } : { ...fixed(shape), usesCount };
  }
  const batch = tensors.every((tensor) => tensor.batch !== undefined)
    ? tensors.map((tensor) => tensor.batch!).reduce<BatchTensor["batch"]>(joinAxes, first.batch)
    : undefined;
  if (batch === undefined || axis === undefined || shape === undefined) return UNKNOWN;
  return itemRows(shape, moved(batch, batch.axis + (axis <= batch.axis ? 1 : 0)));
}

function unpack(call: OpCall): BatchValue | readonly BatchValue[] {
  const [x] = call.inputs;
  if (x?.kind !== "tensor") return x ?? UNKNOWN;
  const axis = axisOf(integerOf(call.attr.axis, 0), x.shape?.length);
  const shape = axis === undefined ? undefined : x.shape?.toSpliced(axis, 1);
  if (x.batch === undefined) {
    return x.counts === undefined || x.shape?.length !== 1
      ? { ...fixed(shape), usesCount: x.usesCount === true }
      : x.counts.map((count) => fixed([], [count]));
  }
  if (axis === undefined || shape === undefined) return UNKNOWN;
  if (axis === x.batch.axis) return mixed(`${named(call)} takes the items apart`);
  return itemRows(shape, moved(x.batch, x.batch.axis - (axis < x.batch.axis ? 1 : 0)));
}

function concat(parts: readonly BatchValue[], at: BatchValue | undefined): BatchValue {
  const bad = spoiled(parts);
  const tensors = parts.filter((each): each is BatchTensor => each.kind === "tensor");
  const [first] = tensors;
  if (bad !== undefined || first === undefined) return bad ?? UNKNOWN;
  const axis = axisOf(numbersOf(at)?.[0], first.shape?.length);
  const usesCount = tensors.some((tensor) => tensor.usesCount);
  if (tensors.every(({ batch }) => batch === undefined)) {
    const counts = tensors.flatMap((tensor) => tensor.counts ?? [undefined]);
    const isList = first.shape?.length === 1 && tensors.every((tensor) => tensor.counts !== undefined);
    return isList ? fixed([counts.length], counts) : { ...fixed(joined(tensors, axis)), usesCount };
  }
  if (axis === undefined || usesCount || tensors.some(({ batch }) => batch === undefined)) return UNKNOWN;
  const batch = tensors.map((tensor) => tensor.batch!).reduce<BatchTensor["batch"]>(joinAxes, first.batch);
  if (batch === undefined) return UNKNOWN;
  const shape = joined(tensors, axis);
  if (axis !== batch.axis) return itemRows(shape, batch);
  // One after the other, each with all items: as the heads of an attention are stacked.
  return itemRows(shape, { ...batch, outer: batch.outer * tensors.length, isUniform: false });
}

function joined(tensors: readonly BatchTensor[], axis: number | undefined): BatchTensor["shape"] {
  const shapes = tensors.map(({ shape }) => shape);
  if (axis === undefined || shapes.includes(undefined)) return undefined;
  return shapes[0]!.map((size, place) => {
    if (place !== axis) return size ?? shapes.find((shape) => shape![place] !== undefined)?.[place];
    const sizes = shapes.map((shape) => shape![place]);
    return sizes.reduce<number | undefined>(
      (sum, each) => (sum === undefined || each === undefined ? undefined : sum + each),
      0,
    );
  });
}

function split(call: OpCall, x: BatchValue | undefined, at: BatchValue | undefined, count: number): BatchValue {
  if (x?.kind !== "tensor") return x ?? UNKNOWN;
  const axis = axisOf(numbersOf(at)?.[0], x.shape?.length);
  const size = axis === undefined ? undefined : x.shape?.[axis];
  const part = call.op === "Split" && size !== undefined ? size / count : undefined;
  const shape = axis === undefined ? undefined : x.shape?.with(axis, part);
  if (x.batch === undefined) return { ...fixed(shape), usesCount: x.usesCount === true };
  if (axis === undefined) return UNKNOWN;
  if (axis !== x.batch.axis) return itemRows(shape, x.batch);
  if (call.op === "Split" && x.batch.outer % count === 0) {
    return itemRows(shape, { ...x.batch, outer: x.batch.outer / count });
  }
  return count === 1 ? x : mixed(`${named(call)} separates the items`);
}

function tile(call: OpCall): BatchValue {
  const [x, by] = call.inputs;
  if (x?.kind !== "tensor" || by?.kind !== "tensor") return spoiled(call.inputs) ?? UNKNOWN;
  const { counts } = by;
  if (counts === undefined || x.shape === undefined || counts.includes(undefined)) {
    return x.batch === undefined && !by.usesCount && by.batch === undefined ? fixed(undefined) : UNKNOWN;
  }
  const shape = x.shape.map((size, axis) => {
    const count = counts[axis];
    return size !== undefined && typeof count === "number" ? size * count : undefined;
  });
  const free = counts.flatMap((count, axis) => (typeof count === "object" ? axis : []));
  if (x.batch === undefined) {
    if (free.length === 0) return fixed(shape);
    const [axis] = free;
    const { n } = counts[axis!] as { readonly n: number };
    return free.length === 1 && x.shape[axis!] === 1
      ? itemRows(shape, { axis: axis!, outer: 1, inner: n, isUniform: true })
      : UNKNOWN;
  }
  if (free.length > 0) return mixed(`${named(call)} uses the number of items`);
  return itemRows(shape, { ...x.batch, outer: x.batch.outer * (counts[x.batch.axis] as number) });
}

function broadcastTo(call: OpCall): BatchValue {
  const [x] = call.inputs;
  const target = fill(call, 1);
  if (x?.kind !== "tensor" || target.kind !== "tensor") return spoiled(call.inputs) ?? UNKNOWN;
  if (x.batch === undefined) {
    if (target.batch === undefined) return fixed(target.shape);
    const own = x.shape && x.shape[target.batch.axis - target.shape!.length + x.shape.length];
    return x.shape !== undefined && (own === undefined || own === 1) ? target : UNKNOWN;
  }
  if (x.shape === undefined || target.shape === undefined || target.batch === undefined) return UNKNOWN;
  const batch = joinAxes(moved(x.batch, x.batch.axis + target.shape.length - x.shape.length), target.batch);
  return batch === undefined ? UNKNOWN : itemRows(target.shape, batch);
}

function pad(call: OpCall): BatchValue {
  const [x, by] = call.inputs;
  const amounts = numbersOf(by);
  if (x?.kind !== "tensor") return spoiled(call.inputs) ?? UNKNOWN;
  const shape = x.shape?.map((size, axis) =>
    size === undefined || amounts === undefined ? undefined : size + amounts[2 * axis]! + amounts[2 * axis + 1]!,
  );
  if (x.batch === undefined) return fixed(shape);
  if (amounts === undefined) return UNKNOWN;
  const { axis } = x.batch;
  if (amounts[2 * axis] !== 0 || amounts[2 * axis + 1] !== 0) return mixed(`${named(call)} adds rows to the items`);
  return itemRows(shape, x.batch);
}

/** The parts of each picture come one after another, each for all items. */
function spaceToBatch(call: OpCall): BatchValue {
  return rebatch(call, (batch, count) => ({ ...batch, outer: batch.outer * count, isUniform: false }));
}

function batchToSpace(call: OpCall): BatchValue {
  return rebatch(call, (batch, count) =>
    batch.outer % count === 0 ? { ...batch, outer: batch.outer / count } : undefined,
  );
}

function rebatch(
  { inputs }: OpCall,
  change: (batch: NonNullable<BatchTensor["batch"]>, count: number) => BatchTensor["batch"],
): BatchValue {
  const [x, blocks] = inputs;
  const sizes = numbersOf(blocks);
  if (x?.kind !== "tensor" || sizes === undefined) return spoiled(inputs) ?? UNKNOWN;
  if (x.batch === undefined) return fixed(undefined);
  const batch =
    x.batch.axis === 0
      ? change(
          x.batch,
          sizes.reduce((total, size) => total * size, 1),
        )
      : undefined;
  if (batch === undefined || x.shape === undefined) return UNKNOWN;
  return itemRows(
    x.shape.map((size, axis) => (axis > sizes.length ? size : undefined)),
    batch,
  );
}
