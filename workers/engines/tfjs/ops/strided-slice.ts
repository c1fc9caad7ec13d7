import type { PlainNode } from "./plain-node.js";
import { pick, type PlainTensor } from "./plain-tensor.js";
import { stridesOf, walk } from "./strides.js";

interface SlicedAxis {
  readonly start: number;
  readonly step: number;
  readonly size: number;
  /** An axis of size 1 that the result lacks. */
  readonly isDropped: boolean;
}

/** Python's slices with TensorFlow's masks, whose bits stand for entries of `begin`, `end` and `strides`. */
export function stridedSlice(node: PlainNode): PlainTensor {
  const source = node.input(0);
  const [begin, end, steps] = [node.ints(1).data, node.ints(2).data, node.ints(3).data];
  const mask = (name: string): number => node.number(name, 0);
  const has = (bits: number, entry: number): boolean => ((bits >> entry) & 1) === 1;
  const [beginMask, endMask] = [mask("begin_mask"), mask("end_mask")];
  const [ellipsis, newAxis, shrink] = [mask("ellipsis_mask"), mask("new_axis_mask"), mask("shrink_axis_mask")];
  const rank = source.shape.length;
  const entries = Array.from(begin, (_, entry) => entry);
  const named = entries.filter((entry) => !has(ellipsis, entry) && !has(newAxis, entry)).length;
  const sliced: SlicedAxis[] = [];
  const shape: number[] = [];
  const whole = (count: number): void => {
    for (let each = 0; each < count; each++) {
      const size = source.shape[sliced.length]!;
      sliced.push({ start: 0, step: 1, size, isDropped: false });
      shape.push(size);
    }
  };
  for (const entry of entries) {
    if (has(ellipsis, entry)) whole(rank - named);
    else if (has(newAxis, entry)) shape.push(1);
    else {
      const size = source.shape[sliced.length] ?? node.fail(`at most ${rank} slices`);
      const range = { start: begin[entry]!, end: end[entry]!, step: steps[entry]! };
      const axis = has(shrink, entry)
        ? { start: range.start < 0 ? range.start + size : range.start, step: 1, size: 1, isDropped: true }
        : sliceOf(range, size, has(beginMask, entry), has(endMask, entry));
      sliced.push(axis);
      if (!axis.isDropped) shape.push(axis.size);
    }
  }
  whole(rank - sliced.length);
  const strides = stridesOf(source.shape);
  const first = sliced.reduce((sum, { start }, axis) => sum + start * strides[axis]!, 0);
  const indices = walk(
    sliced.map(({ size }) => size),
    sliced.map(({ step }, axis) => step * strides[axis]!),
    first,
  );
  return pick(source, shape, indices);
}

function sliceOf(
  { start, end, step }: { start: number; end: number; step: number },
  size: number,
  fromFirst: boolean,
  toLast: boolean,
): SlicedAxis {
  const [lowest, highest] = step > 0 ? [0, size] : [-1, size - 1];
  const clamp = (value: number): number => Math.min(highest, Math.max(lowest, value < 0 ? value + size : value));
  const from = fromFirst ? (step > 0 ? 0 : size - 1) : clamp(start);
  const to = toLast ? (step > 0 ? size : -1) : clamp(end);
  return { start: from, step, size: Math.max(0, Math.ceil((to - from) / step)), isDropped: false };
}
