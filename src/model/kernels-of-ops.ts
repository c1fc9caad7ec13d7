import { ownOp } from "./own-ops.js";

/** TensorFlow ops that TF.js runs with one kernel of another name, or with several; empty for those that need none. */
const RENAMED: Readonly<Record<string, string>> = {
  // Arithmetic
  BiasAdd: "Add",
  AddV2: "Add",
  FloorMod: "Mod",
  Mul: "Multiply",
  Div: "RealDiv",
  DivNoNan: "RealDiv Equal Select ZerosLike",
  // Control flow, lists, tables: run by TF.js's executor
  ...none("If StatelessIf While StatelessWhile LoopCond Switch Merge Enter Exit NextIteration NoOp Print"),
  ...none("TensorArrayV3 TensorArrayWriteV3 TensorArrayReadV3 TensorArraySizeV3 TensorArrayCloseV3 EmptyTensorList"),
  ...none("TensorListReserve TensorListSetItem TensorListPushBack TensorListLength TensorListResize"),
  ...each("TensorArrayGatherV3 TensorListGather TensorListStack", "Pack"),
  ...each("TensorArrayScatterV3 TensorListScatter TensorListScatterV2 TensorListFromTensor", "Unpack"),
  ...each("TensorArrayConcatV3 TensorListConcat TensorListConcatV2", "Concat"),
  ...each("TensorArraySplitV3 TensorListSplit", "Slice Reshape"),
  ...each("TensorListGetItem TensorListPopBack", "Reshape"),
  ...none("HashTable HashTableV2 InitializeTable InitializeTableV2 LookupTableImport LookupTableImportV2"),
  ...none("LookupTableFind LookupTableFindV2 LookupTableSize LookupTableSizeV2"),
  // Convolutions and pools
  Conv1D: "Conv2D Reshape",
  _FusedConv2D: "FusedConv2D",
  Conv2dTranspose: "Conv2DBackpropInput",
  DepthwiseConv2d: "DepthwiseConv2dNative",
  FusedDepthwiseConv2dNative: "FusedDepthwiseConv2D",
  // Creation, and values that are known without computing
  ...none("Const Placeholder PlaceholderWithDefault Shape ShapeN Size Rank EnsureShape Ones Zeros"),
  ...none("RandomStandardNormal RandomUniform RandomUniformInt TruncatedNormal"),
  ...each("IdentityN Snapshot StopGradient FakeQuantWithMinMaxVars", "Identity"),
  LowerBound: "SearchSorted",
  UpperBound: "SearchSorted",
  TopKV2: "TopK",
  SelectV2: "Select",
  ImageProjectiveTransformV3: "Transform",
  // Matrices, norms, reductions
  BatchMatMulV2: "BatchMatMul",
  MatMul: "BatchMatMul",
  MatrixBandPart: "Less LessEqual GreaterEqual LogicalAnd Minimum Neg Range Reshape Pack Sub Unpack Select",
  EuclideanNorm: "Abs Pow Sum Sqrt",
  FusedBatchNormV2: "FusedBatchNorm",
  FusedBatchNormV3: "FusedBatchNorm",
  LogSoftmax: "Max Sub Exp Sum Log",
  // Shapes and slices
  ConcatV2: "Concat",
  Gather: "GatherV2 Cast",
  GatherV2: "GatherV2 Cast",
  ReverseV2: "Reverse",
  Pack: "Pack Reshape",
  Split: "SplitV",
  Squeeze: "Reshape",
  Pad: "PadV2",
  BroadcastTo: "Tile",
};

/** TensorFlow ops that TF.js runs with the kernel of the same name. */
const SAME_NAME = new Set(
  [
    "Abs Acos Acosh Add AddN All Any ArgMax ArgMin Asin Asinh Atan Atan2 Atanh AvgPool AvgPool3D BatchMatMul BatchToSpaceND",
    "BitwiseAnd BroadcastArgs Cast Ceil ClipByValue Concat Conv2D Conv2DBackpropInput Conv3D Cos",
    "Cosh CropAndResize Cumprod Cumsum DepthToSpace DepthwiseConv2dNative Dilation2D Einsum Elu Equal Erf Exp",
    "ExpandDims Expm1 Fill Floor FloorDiv FusedBatchNorm GatherNd Greater GreaterEqual Identity IsFinite IsInf",
    "IsNan LRN LeakyRelu Less LessEqual LinSpace Log Log1p LogicalAnd LogicalNot LogicalOr Max MaxPool MaxPool3D",
    "MaxPoolWithArgmax Maximum Mean Min Minimum MirrorPad Mod Multinomial Neg NotEqual OneHot OnesLike PadV2 Pow Prelu Prod",
    "Range RealDiv Reciprocal Relu Relu6 Reshape ResizeBilinear",
    "ResizeNearestNeighbor Reverse Round Rsqrt Select Selu Sigmoid Sign Sin Sinh Slice Softmax Softplus",
    "SpaceToBatchND SplitV Sqrt Square",
    "SquaredDifference StridedSlice Sub Sum Tan Tanh",
    "Tile Transpose Unpack ZerosLike _FusedMatMul",
  ].flatMap((line) => line.split(" ")),
);

/** An op of a model that a backend can't run. */
export interface MissingOp {
  readonly op: string;
  /** The TF.js kernels that are missing; empty for an op that TF.js doesn't support on any backend. */
  readonly kernels: readonly string[];
}

/**
 * Returns the TF.js kernels that run an op; `undefined` for ops that neither TF.js nor our workers know.
 * Source: the executors of tfjs-converter 4.22 and the ops of tfjs-core 4.22 that they call. Oracle: TF.js's own kernel profile,
 * in tests/unit/model/kernels-of-ops.test.ts.
 */
export function kernelsOf(op: string): readonly string[] | undefined {
  const own = ownOp(op);
  if (own !== undefined) return own.kernels;
  if (SAME_NAME.has(op) && !Object.hasOwn(RENAMED, op)) return [op];
  return Object.hasOwn(RENAMED, op) ? RENAMED[op]!.split(" ").filter((kernel) => kernel !== "") : undefined;
}

/**
 * List the ops that a backend can't run, each op once. Only a run shows whether a registered kernel accepts the dtypes and options.
 *
 * @param nodes of a graph, including those of its functions (`opsOnWire`).
 * @param kernels registered by the backend (`WorkerReport.kernels`).
 */
export function missingOps(nodes: Iterable<{ readonly op: string }>, kernels: Iterable<string>): MissingOp[] {
  const registered = new Set(kernels);
  const ops = new Set(Array.from(nodes, ({ op }) => op));
  return [...ops].flatMap((op) => {
    const needed = kernelsOf(op);
    const missing = needed?.filter((kernel) => !registered.has(kernel));
    return missing?.length === 0 ? [] : [{ op, kernels: missing ?? [] }];
  });
}

function none(ops: string): Record<string, string> {
  return each(ops, "");
}

function each(ops: string, kernels: string): Record<string, string> {
  return Object.fromEntries(ops.split(" ").map((op) => [op, kernels]));
}
