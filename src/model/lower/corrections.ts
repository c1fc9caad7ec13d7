import { asJsonObject } from "../artifacts.js";
import type { GraphNode } from "../graph/graph.js";
import { isSet, textOf } from "../optimise/attributes.js";
import { ownOp } from "../own-ops.js";

/** Why an op is not left to TF.js, and for which nodes, if not for all. */
interface Reason {
  readonly reason: string;
  readonly when?: (node: GraphNode) => boolean;
}

const type = ({ attr }: GraphNode, name: string): string => {
  const { type: value } = asJsonObject(attr[name]);
  return typeof value === "string" ? value : "";
};
const integerText = (value: unknown): string => {
  const { i } = asJsonObject(value);
  return typeof i === "number" || typeof i === "string" ? String(i) : "0";
};
const isWhole = (node: GraphNode): boolean => /^DT_U?INT/.test(type(node, "T"));
const isChannelsFirst = ({ attr }: GraphNode): boolean => textOf(attr.data_format, "NHWC").startsWith("NC");
const isExplicit = ({ attr }: GraphNode): boolean => textOf(attr.padding, "") === "EXPLICIT";
const isDilated = ({ attr }: GraphNode): boolean => {
  const list: unknown = asJsonObject(asJsonObject(attr.dilations).list).i;
  return Array.isArray(list) && list.some((each) => each !== 1 && each !== "1");
};

/** What TF.js 4.22 computes otherwise than TensorFlow. Oracle: TensorFlow's values in tests/unit/workers/ops. */
const WRONG: Readonly<Record<string, Reason>> = {
  ...each("FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3", {
    reason:
      "TF.js ignores is_training and data_format, and normalises with the statistics it is given on the last axis",
    when: (node) => isSet(node.attr.is_training) || isChannelsFirst(node),
  }),
  ...each("MatrixBandPart", { reason: "TF.js keeps other diagonals if the two numbers differ" }),
  ...each("OneHot", { reason: "TF.js ignores its axis, and WASM its values" }),
  ...each("Cumsum Cumprod", { reason: "TF.js runs along another axis if the axis counts from the end" }),
  ...each("Mod", { reason: "TF.js gives the remainder the sign of the divisor" }),
  ...each("Div FloorDiv FloorMod Pow", { reason: "TF.js computes whole numbers as floats", when: isWhole }),
  ...each("FloorDiv", { reason: "TF.js returns whole numbers for floats" }),
  ...each("_IntegerMul", { reason: "TF.js's products of whole numbers beyond 2^31 don't wrap" }),
  ...each("Mean", { reason: "TF.js returns floats for whole numbers", when: isWhole }),
  ...each("ClipByValue", { reason: "TF.js takes only the first value of its bounds" }),
  ...each("EuclideanNorm", { reason: "TF.js refuses some axes" }),
  ...each("Select", { reason: "TF.js does not take a vector as a condition for each row" }),
  ...each("Gather GatherV2", {
    reason: "TF.js's WASM backend reads the first batch for all of them",
    when: ({ attr }) => /[^0]/.test(integerText(attr.batch_dims)),
  }),
  ...each("Cast", {
    reason: "TF.js keeps what the type rounds or wraps, and WASM copies bytes into booleans",
    when: (node) =>
      /^DT_(BOOL|HALF|BFLOAT16|U?INT(8|16))$/.test(type(node, "DstT")) && type(node, "SrcT") !== type(node, "DstT"),
  }),
  ...each("FakeQuantWithMinMaxVars", { reason: "TF.js passes its input on" }),
  ...each("Einsum", { reason: "TF.js has no ellipsis and, on WASM, no kernel for it" }),
  ...each("BatchMatMul BatchMatMulV2", { reason: "TF.js has no whole numbers in it on WASM", when: isWhole }),
  ...each("MatMul", { reason: "TF.js has no whole numbers in it on WASM", when: isWhole }),
  ...each("BiasAdd", { reason: "TF.js ignores data_format", when: isChannelsFirst }),
  ...each("Conv2D _FusedConv2D DepthwiseConv2dNative FusedDepthwiseConv2dNative MaxPool AvgPool", {
    reason: "TF.js ignores data_format, or refuses it",
    when: isChannelsFirst,
  }),
  ...each("MaxPool", { reason: "TF.js refuses explicit paddings", when: isExplicit }),
  ...each("Conv2DBackpropInput", {
    reason: "TF.js ignores its dilations",
    when: (node) => isDilated(node) || isExplicit(node),
  }),
  ...each("MaxPool3D MaxPoolWithArgmax Dilation2D", { reason: "TF.js's WASM backend has no negative maxima" }),
  ...each("ImageProjectiveTransformV3", { reason: "TF.js mixes pixels at the edge with pixels that it should fill" }),
  ...each("CropAndResize", {
    reason: "TF.js rounds to other pixels",
    when: ({ attr }) => textOf(attr.method, "bilinear") === "nearest",
  }),
  ...each("ResizeNearestNeighbor", { reason: "TF.js's WASM backend returns floats for whole numbers", when: isWhole }),
  ...each("Reverse ReverseV2 StridedSlice Unpack SelectV2", {
    reason: "TF.js's WASM backend copies four bytes for each boolean",
    when: (node) => type(node, "T") === "DT_BOOL",
  }),
  ...each("ShapeN", { reason: "TF.js returns floats" }),
  ...each("BroadcastArgs EnsureShape", { reason: "TF.js fails on some shapes" }),
};

/** Ops of TF.js that are replaced as a whole, though most of their nodes come out as before. */
const UNCHANGED =
  /^(Conv2D|_FusedConv2D|DepthwiseConv2dNative|FusedDepthwiseConv2dNative|Conv3D|Conv2DBackpropInput|MaxPool|AvgPool|_?(Fused)?MatMul|_FusedMatMul|BatchMatMul(V2)?|FusedBatchNorm(V2|V3)?|FloorMod|Div|Pow|Mean|BiasAdd|Sign|Round|Cast|SelectV2|Unpack|Reverse(V2)?|Gather(V2)?|StridedSlice|Equal|NotEqual|ResizeNearestNeighbor|CropAndResize|DepthToSpace|BitwiseAnd)$/;

function each(ops: string, reason: Reason): Record<string, Reason> {
  return Object.fromEntries(ops.split(" ").map((op) => [op, reason]));
}

/** Why a node doesn't run as TF.js would run it; `undefined` if it does. */
export function whyCorrected(node: GraphNode): string | undefined {
  const own = ownOp(node.op);
  if (own === undefined) return undefined;
  const known = Object.hasOwn(WRONG, node.op) ? WRONG[node.op] : undefined;
  if (known !== undefined) return known.when === undefined || known.when(node) ? known.reason : undefined;
  if (UNCHANGED.test(node.op)) return undefined;
  if (own.isAsync) return "computed in plain code: TF.js lacks it, or is wrong on some backends";
  return "TF.js lacks it: composed of its other operations";
}
