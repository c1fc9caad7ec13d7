import type { KernelNode } from "./kernel-node.js";

interface StridedSlice {
  readonly begin: number[];
  readonly end: number[];
  readonly strides: number[];
  /** Of the result. */
  readonly shape: number[];
  /** The places that are taken along each axis of the source. */
  readonly places: number[][];
  readonly masks: Readonly<Record<"begin" | "end" | "ellipsis" | "newAxis" | "shrink", number>>;
}

/** Read a StridedSlice and work out the shape of its result, which TF.js gets wrong if nothing is left. Source: NumPy's slicing. */
export function strided(node: KernelNode, sizes: readonly number[]): StridedSlice {
  const [begin, end, strides] = [node.numbers(1), node.numbers(2), node.numbers(3)];
  const mask = (name: string): number => node.attr.number(name, 0);
  const masks = {
    begin: mask("begin_mask"),
    end: mask("end_mask"),
    ellipsis: mask("ellipsis_mask"),
    newAxis: mask("new_axis_mask"),
    shrink: mask("shrink_axis_mask"),
  };
  const has = (bits: number, index: number): boolean => (bits & (1 << index)) !== 0;
  const shape: number[] = [];
  const places: number[][] = [];
  const all = (size: number): number[] => Array.from({ length: size }, (_, place) => place);
  const ownAxes = begin.filter((_, index) => !has(masks.newAxis, index) && !has(masks.ellipsis, index)).length;
  let axis = 0;
  for (const index of begin.keys()) {
    if (has(masks.ellipsis, index)) {
      for (const stop = axis + sizes.length - ownAxes; axis < stop; axis++) {
        shape.push(sizes[axis]!);
        places.push(all(sizes[axis]!));
      }
    } else if (has(masks.newAxis, index)) {
      shape.push(1);
    } else {
      const size = sizes[axis++]!;
      if (has(masks.shrink, index)) {
        places.push([begin[index]! < 0 ? begin[index]! + size : begin[index]!]);
        continue;
      }
      const stride = strides[index]!;
      const [lowest, highest] = stride > 0 ? [0, size] : [-1, size - 1];
      const bound = (at: number): number => Math.min(Math.max(at < 0 ? at + size : at, lowest), highest);
      const first = has(masks.begin, index) ? (stride > 0 ? 0 : size - 1) : bound(begin[index]!);
      const last = has(masks.end, index) ? (stride > 0 ? size : -1) : bound(end[index]!);
      const count = Math.max(0, Math.ceil((last - first) / stride));
      shape.push(count);
      places.push(all(count).map((each) => first + each * stride));
    }
  }
  shape.push(...sizes.slice(axis));
  places.push(...sizes.slice(axis).map(all));
  return { begin, end, strides, shape, places, masks };
}
