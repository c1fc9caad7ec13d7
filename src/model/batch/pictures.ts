import type { JsonObject } from "../artifacts.js";
import { integerOf, integersOf, textOf } from "../optimise/attributes.js";
import { fixed, itemRows, numbersOf, UNKNOWN, type BatchTensor, type BatchValue, type Size } from "./batch-value.js";
import { joinAxes } from "./elementwise.js";
import { inner } from "./reductions.js";
import { rules, spoiled, type OpCall, type OpRule } from "./op-rule.js";

/** Convolutions, poolings and other ops that treat each picture of a batch alone, if the batch is axis 0. */
export const PICTURES: Readonly<Record<string, OpRule>> = {
  ...rules("Conv2D Conv3D _FusedConv2D", (call) => windowed(call, { filterChannels: -1 })),
  ...rules("DepthwiseConv2dNative FusedDepthwiseConv2dNative", (call) => windowed(call, { filterChannels: "times" })),
  ...rules("Dilation2D", (call) => windowed(call, {})),
  ...rules("MaxPool AvgPool MaxPool3D AvgPool3D MaxPoolV2", (call) => windowed(call, {})),
  MaxPoolWithArgmax: (call) => [windowed(call, {}), UNKNOWN],
  ...rules("Conv2DBackpropInput Conv3DBackpropInputV2", transposed),
  ...rules("ResizeBilinear ResizeNearestNeighbor ResizeBicubic ResizeArea ScaleAndTranslate", resized),
  ...rules("DepthToSpace", (call) => reblocked(call, 1)),
  ...rules("SpaceToDepth", (call) => reblocked(call, -1)),
  ...rules("ExtractImagePatches AdjustContrastv2 AdjustSaturation AdjustHue", (call) =>
    picture(call, (x) => x.shape!.map(() => undefined)),
  ),
  // There may be one transform for each picture.
  ...rules("ImageProjectiveTransformV2 ImageProjectiveTransformV3", (call) => {
    const [, transforms] = call.inputs;
    const isOne = transforms?.kind === "tensor" && transforms.shape?.[0] === 1;
    return isOne ? picture(call, (x) => x.shape!.map(() => undefined)) : (spoiled(call.inputs) ?? UNKNOWN);
  }),
  ...rules("RGBToHSV HSVToRGB", (call) => inner(call, 1)),
  ...rules("MatrixDiagPartV3 MatrixDiagPartV2 MatrixDiagPart", (call) =>
    inner(call, 2, (x) =>
      x.shape === undefined ? UNKNOWN : itemRows(x.shape.slice(0, -1).with(-1, undefined), x.batch!),
    ),
  ),
  ...rules("MatrixDiag MatrixDiagV2 MatrixDiagV3", (call) =>
    inner(call, 1, (x) =>
      x.shape === undefined ? UNKNOWN : itemRows([...x.shape.with(-1, undefined), undefined], x.batch!),
    ),
  ),
  // A diagonal that is the same for all items is stretched by none of these.
  ...rules("MatrixSetDiag MatrixSetDiagV2 MatrixSetDiagV3", (call) => {
    const [matrix, diagonal] = call.inputs;
    if (matrix?.kind !== "tensor" || diagonal?.kind !== "tensor") return spoiled(call.inputs) ?? UNKNOWN;
    if (matrix.batch === undefined && diagonal.batch === undefined) return fixed(matrix.shape);
    const joined = matrix.batch && diagonal.batch && joinAxes(matrix.batch, diagonal.batch);
    return joined === undefined ? UNKNOWN : inner(call, 2);
  }),
  ...rules("MatrixBandPart Cholesky MatrixInverse", (call) => inner(call, 2)),
};

/** An op on pictures that changes sizes. @param sizes of the result. */
function picture(call: OpCall, sizes: (x: BatchTensor) => readonly Size[]): BatchValue {
  const [x, ...others] = call.inputs;
  const bad = spoiled(call.inputs);
  if (x?.kind !== "tensor" || bad !== undefined) return bad ?? UNKNOWN;
  if (others.some((other) => other.kind === "tensor" && other.batch !== undefined)) return UNKNOWN;
  if (x.batch === undefined) return { ...fixed(x.shape?.map(() => undefined)), usesCount: x.usesCount === true };
  return x.batch.axis === 0 && x.shape !== undefined ? itemRows(sizes(x), x.batch) : UNKNOWN;
}

function isChannelsFirst(attr: JsonObject): boolean {
  return textOf(attr.data_format, "NHWC").startsWith("NC");
}

/** A window that moves over a picture. @param filterChannels where the filter says how many channels leave. */
function windowed(call: OpCall, { filterChannels }: { readonly filterChannels?: -1 | "times" }): BatchValue {
  const { attr, inputs } = call;
  return picture(call, ({ shape }) => {
    const isFirst = isChannelsFirst(attr);
    const filter = inputs[1];
    const filterShape = filter?.kind === "tensor" ? filter.shape : undefined;
    const strides = integersOf(attr.strides);
    const dilations = integersOf(attr.dilations ?? attr.rates);
    const window = integersOf(attr.ksize);
    const padding = textOf(attr.padding, "?");
    return shape!.map((size, axis): Size => {
      const channelAxis = isFirst ? 1 : shape!.length - 1;
      if (axis === channelAxis) {
        if (filterChannels === undefined) return size;
        const last = filterShape?.at(-1);
        if (filterChannels === -1) return last;
        const before = filterShape?.at(-2);
        return last === undefined || before === undefined ? undefined : before * last;
      }
      const length = window[axis] ?? filterShape?.[isFirst ? axis - 2 : axis - 1];
      const stride = strides[axis] ?? 1;
      const dilation = dilations[axis] ?? 1;
      if (size === undefined || length === undefined) return undefined;
      if (padding === "SAME") return Math.ceil(size / stride);
      return padding === "VALID" ? Math.max(0, Math.ceil((size - (length - 1) * dilation) / stride)) : undefined;
    });
  });
}

/** A transposed convolution, whose result's shape is its first input. */
function transposed(call: OpCall): BatchValue {
  const [sizes, filter, x] = call.inputs;
  const bad = spoiled(call.inputs);
  if (sizes?.kind !== "tensor" || filter?.kind !== "tensor" || x?.kind !== "tensor") return bad ?? UNKNOWN;
  if (sizes.batch !== undefined || filter.batch !== undefined || x.shape === undefined) return UNKNOWN;
  if (x.batch === undefined) return fixed(undefined);
  const counts = sizes.counts ?? x.shape.map(() => undefined);
  const isFixed = typeof counts[0] === "number" && counts[0] >= 0;
  const shape = x.shape.map((_, axis): Size => {
    const count = counts[axis];
    return typeof count === "number" && count >= 0 ? count : undefined;
  });
  return x.batch.axis === 0 && !isFixed ? itemRows(shape, x.batch) : UNKNOWN;
}

function resized(call: OpCall): BatchValue {
  const to = numbersOf(call.inputs[1]);
  return picture(call, ({ shape }) => [undefined, to?.[0], to?.[1], shape![3]]);
}

function reblocked(call: OpCall, sign: 1 | -1): BatchValue {
  const block = integerOf(call.attr.block_size, NaN);
  const channelAxis = isChannelsFirst(call.attr) ? 1 : 3;
  return picture(call, ({ shape }) =>
    shape!.map((size, axis) =>
      size === undefined ? undefined : size * block ** (axis === channelAxis ? -2 * sign : sign),
    ),
  );
}
