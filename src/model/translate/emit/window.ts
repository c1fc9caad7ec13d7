import { integersOf } from "../../optimise/attributes.js";
import type { NodeCall } from "../node-call.js";
import { PADDING } from "../operators.js";
import { literal, type Value } from "../value.js";

/** How a window moves over a picture [batch, height, width, channels]. */
export interface Window {
  /** What it moves over: the picture, or a padded one. */
  readonly picture: Value;
  /** Of the result. */
  readonly height: number;
  readonly width: number;
  readonly options: Readonly<Record<string, number>>;
  readonly dilations: Readonly<Record<string, number>>;
}

/** Run on a picture whose channels are last; others are turned for it, and back. */
export function channelsLast(call: NodeCall, picture: Value, compute: (picture: Value) => Value): Value {
  const { length: rank } = picture.shape;
  if (rank !== 4) call.refuse(`a picture of shape [${picture.shape.join()}]`);
  if (!isChannelsFirst(call)) return compute(picture);
  return call.transpose(compute(call.transpose(picture, [0, 2, 3, 1])), [0, 3, 1, 2]);
}

function isChannelsFirst(call: NodeCall): boolean {
  return call.attrText("data_format", "NHWC").startsWith("NC");
}

/** The numbers of a list with one for each axis, for height and width. */
export function sizesOf(call: NodeCall, name: string): readonly [number, number] {
  const list = integersOf(call.node.attr[name]);
  if (list.length === 0) return [1, 1];
  const first = isChannelsFirst(call) ? 2 : 1;
  return [list[first] ?? 1, list[first + 1] ?? 1];
}

/**
 * Read how the window of a convolution or a pool moves. TensorFlow Lite knows two kinds of padding; any other is an operation before it.
 * @param filter its height and width.
 * @param pads what the border is filled with; default: zeros.
 * @throws ShardError "model-unsupported"
 */
export function readWindow(call: NodeCall, picture: Value, filter: readonly [number, number], pads = 0): Window {
  const strides = sizesOf(call, "strides");
  const dilations = sizesOf(call, "dilations");
  const sizes = [picture.shape[1]!, picture.shape[2]!] as const;
  const spans = [0, 1].map((axis) => (filter[axis]! - 1) * dilations[axis]! + 1);
  const padding = call.attrText("padding", "VALID");
  const same = [0, 1].map((axis) => {
    const count = Math.ceil(sizes[axis]! / strides[axis]!);
    const total = Math.max(0, (count - 1) * strides[axis]! + spans[axis]! - sizes[axis]!);
    return { count, border: [Math.floor(total / 2), total - Math.floor(total / 2)] };
  });
  const common = (height: number, width: number, moved: Value, kind: number): Window => ({
    picture: moved,
    height,
    width,
    options: { padding: kind, strideHeight: strides[0], strideWidth: strides[1] },
    dilations: { dilationHeight: dilations[0], dilationWidth: dilations[1] },
  });
  if (padding === "SAME") return common(same[0]!.count, same[1]!.count, picture, PADDING.SAME);
  const borders = padding === "EXPLICIT" ? explicitBorders(call) : [0, 1].map(() => [0, 0]);
  const counts = [0, 1].map((axis) => {
    const room = sizes[axis]! + borders[axis]![0]! + borders[axis]![1]! - spans[axis]!;
    return Math.floor(room / strides[axis]!) + 1;
  });
  const isSame = [0, 1].every(
    (axis) =>
      counts[axis] === same[axis]!.count && borders[axis]!.every((border, end) => border === same[axis]!.border[end]),
  );
  const [height, width] = [counts[0]!, counts[1]!];
  if (borders.flat().every((border) => border === 0)) return common(height, width, picture, PADDING.VALID);
  if (isSame) return common(height, width, picture, PADDING.SAME);
  return common(height, width, padded(call, picture, [[0, 0], ...borders, [0, 0]], pads), PADDING.VALID);
}

function explicitBorders(call: NodeCall): number[][] {
  const list = integersOf(call.node.attr.explicit_paddings);
  if (list.length !== 8) call.refuse(`${list.length} explicit paddings`);
  const first = isChannelsFirst(call) ? 4 : 2;
  return [list.slice(first, first + 2), list.slice(first + 2, first + 4)];
}

/** @param borders before and after, for each axis. */
export function padded(call: NodeCall, x: Value, borders: readonly (readonly number[])[], filler = 0): Value {
  const shape = x.shape.map((size, axis) => size + borders[axis]![0]! + borders[axis]![1]!);
  const widths = literal("int32", [borders.length, 2], borders.flat());
  if (filler === 0) return call.emit("PAD", [x, widths], { shape });
  return call.emit("PADV2", [x, widths, literal(x.element, [], [filler])], { shape });
}
