import { elementCountOf } from "../protocol/tensors.js";
import { asJsonObject, type JsonObject, asNumber } from "./artifacts.js";
import { recurrentOperands, type RecurrentOp } from "./recurrent-ops.js";

type Shape = readonly number[];

/** One run of an op: the shapes that it reads, weights included, and the shape that it returns. */
export interface OpRun {
  readonly op: string;
  readonly attr: JsonObject;
  readonly inputs: readonly Shape[];
  readonly output: Shape;
}

/** Ops that move values or read their shape, without arithmetic. */
const MOVING = new Set(
  [
    "BatchToSpaceND BroadcastArgs BroadcastTo Cast Concat ConcatV2 Const CropAndResize DepthToSpace EnsureShape ExpandDims Fill",
    "Gather GatherNd GatherV2 Identity IdentityN MirrorPad NoOp OneHot Ones OnesLike Pack Pad PadV2 Placeholder",
    "PlaceholderWithDefault Range Rank Reshape ResizeNearestNeighbor Reverse ReverseV2 ScatterNd Select SelectV2 Shape ShapeN",
    "Size Slice Snapshot SpaceToBatchND Split SplitV Squeeze StopGradient StridedSlice Tile Transpose Unpack Zeros ZerosLike",
  ].flatMap((line) => line.split(" ")),
);

/** Ops that count as one operation per element of the output, whatever the function. */
const ELEMENTWISE = new Set(
  [
    "Abs Acos Acosh Add AddV2 Asin Asinh Atan Atan2 Atanh BiasAdd Ceil ClipByValue Cos Cosh Div DivNoNan Elu Equal Erf Exp",
    "Expm1 Floor FloorDiv FloorMod Greater GreaterEqual IsFinite IsInf IsNan LeakyRelu Less LessEqual Log Log1p LogicalAnd",
    "LogicalNot LogicalOr Maximum Minimum Mod Mul Neg NotEqual Pow Prelu RealDiv Reciprocal Relu Relu6 Round Rsqrt Selu",
    "Sigmoid Sign Sin Sinh Softplus Sqrt Square Sub Tan Tanh",
  ].flatMap((line) => line.split(" ")),
);

const REDUCING = new Set(["All", "Any", "ArgMax", "ArgMin", "Max", "Mean", "Min", "Prod", "Sum", "Cumsum", "Cumprod"]);

/** Operations per element of the output. */
const PER_ELEMENT: Readonly<Record<string, number>> = {
  SquaredDifference: 2,
  // A scale and a shift.
  FusedBatchNorm: 2,
  FusedBatchNormV2: 2,
  FusedBatchNormV3: 2,
  // A maximum, a difference, an exponential, a sum and a quotient; or the logarithms of these.
  Softmax: 5,
  LogSoftmax: 5,
  // Three times a + (b − a)·t.
  ResizeBilinear: 9,
};

/**
 * Count the floating-point operations of one run of an op. A multiply-add counts as two, an element-wise function as one.
 *
 * @returns `undefined` for ops without a formula.
 * Source: the definitions of the ops. Oracle: counts made by hand, and the 569 million multiply-adds published for MobileNet
 * (Howard et al. 2017), in tests/unit/model/flops.test.ts.
 */
export function flopsOf({ op, attr, inputs, output }: OpRun): number | undefined {
  const count = elementCountOf(output);
  if (MOVING.has(op)) return 0;
  if (ELEMENTWISE.has(op)) return count;
  if (REDUCING.has(op)) return inputs[0] === undefined ? undefined : elementCountOf(inputs[0]);
  if (Object.hasOwn(PER_ELEMENT, op)) return count * PER_ELEMENT[op]!;
  switch (op) {
    case "AddN":
      return count * (inputs.length - 1);
    case "Conv1D":
    case "Conv2D":
    case "Conv3D":
    case "_FusedConv2D":
      return inputs[1] && count * (2 * elementCountOf(inputs[1].slice(0, -1)) + fusedCount(attr));
    case "DepthwiseConv2dNative":
    case "FusedDepthwiseConv2dNative":
      return inputs[1] && count * (2 * elementCountOf(inputs[1].slice(0, 2)) + fusedCount(attr));
    case "Conv2DBackpropInput":
      // Each element of the smaller picture contributes to one window in every channel.
      return inputs[2] && inputs[1] && 2 * elementCountOf(inputs[2]) * elementCountOf(inputs[1].slice(0, 3));
    case "MatMul":
    case "_FusedMatMul":
    case "BatchMatMul":
    case "BatchMatMulV2":
      return inputs[0] && count * (2 * innerSize(attr, inputs[0]) + fusedCount(attr));
    case "Einsum":
      return einsumFlops(attr, inputs);
    case "_SharderLstm":
    case "_SharderGru":
    case "_SharderRnn":
    case "_SharderConvLstm":
      return recurrentFlops(op, attr, inputs);
    case "AvgPool":
    case "AvgPool3D":
    case "MaxPool":
    case "MaxPool3D":
      return count * elementCountOf(sizesOf(attr.ksize));
    default:
      return undefined;
  }
}

/** Size of the axis over which a matrix product sums. */
function innerSize(attr: JsonObject, a: Shape): number {
  const isTransposed = [attr.transpose_a, attr.adj_x].some((each) => asJsonObject(each).b === true);
  return a.at(isTransposed ? -2 : -1) ?? 1;
}

/** A fused bias and a fused activation add one operation each per element. */
function fusedCount(attr: JsonObject): number {
  const list = asJsonObject(asJsonObject(attr.fused_ops).list).s;
  return Array.isArray(list) ? list.length : 0;
}

/** Every combination of the labels is multiplied and added once. */
function einsumFlops(attr: JsonObject, inputs: readonly Shape[]): number | undefined {
  const { s } = asJsonObject(attr.equation);
  if (typeof s !== "string") return undefined;
  const terms = atob(s).split("->")[0]!.replaceAll(" ", "").split(",");
  const sizes = new Map<string, number>();
  for (const [index, term] of terms.entries()) {
    const shape = inputs[index];
    if (shape === undefined || shape.length !== term.length) return undefined;
    for (const [axis, size] of shape.entries()) sizes.set(term.charAt(axis), size);
  }
  return 2 * elementCountOf([...sizes.values()]);
}

/** The products of the input and of the states with their kernels, and five operations for each column of a kernel. */
function recurrentFlops(op: RecurrentOp, attr: JsonObject, inputs: readonly Shape[]): number | undefined {
  const { x, kernel, recurrentKernel } = recurrentOperands(op, (key) => asJsonObject(attr[key]).b === true, inputs);
  if (x === undefined || recurrentKernel === undefined) return undefined;
  const stepCount = elementCountOf(x.slice(0, -1));
  const columns = recurrentKernel.at(-1)!;
  const ofInput = kernel === undefined ? 0 : 2 * elementCountOf(kernel);
  return stepCount * (ofInput + 2 * elementCountOf(recurrentKernel) + 5 * columns);
}

function sizesOf(value: unknown): number[] {
  const list = asJsonObject(asJsonObject(value).list).i;
  return Array.isArray(list) ? list.map(asNumber) : [];
}
