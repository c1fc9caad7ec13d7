import { RECURRENT_OPS } from "./recurrent-ops.js";

/** An op that our TF.js workers implement themselves, in workers/engines/tfjs/ops. It replaces TF.js's own op of that name. */
export interface OwnOp {
  /** TF.js kernels that it calls; most compute in plain code and need none. */
  readonly kernels: readonly string[];
  /** Whether it returns a promise, so that its graph must run asynchronously. */
  readonly isAsync: boolean;
  /**
   * The dtype of each output: one of TF.js, or the attribute that states it; behind a "*", the attribute that says for how many outputs
   * in a row. The last one stands for all further outputs.
   */
  readonly outputs: readonly string[];
}

/**
 * Ops in plain code: they read their inputs, which takes a promise on GPUs, and call no kernel. Each line has ops and, behind the colon,
 * their outputs. Names that start with "_" are ours: passes over graphs write them (src/model/plain).
 */
const PLAIN_OPS = `
  Bitcast: type
  _TableFind: Tout
  _VocabularyFind _TokenNumbers _CrossedHash: int32
  _VocabularyAt: string

  NonMaxSuppression NonMaxSuppressionV2 NonMaxSuppressionV3 NonMaxSuppressionWithOverlaps: int32
  NonMaxSuppressionV4: int32 int32
  NonMaxSuppressionV5: int32 float32 int32
  CombinedNonMaxSuppression: float32 float32 float32 int32

  Where: int32
  Unique UniqueV2: T int32
  UniqueWithCounts UniqueWithCountsV2: T int32 int32
  ListDiff: T int32
  DenseToDenseSetOperation DenseToSparseSetOperation SparseToSparseSetOperation: int32 T int32
  SetSize: int32

  Bincount DenseBincount RaggedBincount SparseBincount: T
  HistogramFixedWidth Bucketize: int32
  DynamicPartition DynamicStitch ParallelDynamicStitch: T
  UnsortedSegmentSum UnsortedSegmentMax UnsortedSegmentMin UnsortedSegmentProd: T
  SegmentSum SegmentMean SegmentMax SegmentMin SegmentProd: T
  SparseSegmentSum SparseSegmentMean SparseSegmentSqrtN: T
  SparseSegmentSumWithNumSegments SparseSegmentMeanWithNumSegments SparseSegmentSqrtNWithNumSegments: T
  TensorScatterAdd TensorScatterSub TensorScatterMax TensorScatterMin TensorScatterUpdate ScatterNd: T
  ScatterNdNonAliasingAdd: T
  InTopK InTopKV2: bool
  NthElement: T

  FFT IFFT FFT2D IFFT2D FFT3D IFFT3D: Tcomplex
  RFFT RFFT2D RFFT3D: complex64
  IRFFT IRFFT2D IRFFT3D: float32
  Complex _ComplexFromParts: complex64
  Real Imag ComplexAbs Angle: float32
  Conj: T
  _ComplexAdd _ComplexSub _ComplexMul _ComplexDiv _ComplexNeg _ComplexExp _ComplexSum _ComplexMean _ComplexIdentity: T
  _ComplexCast: DstT

  SparseToDense SparseTensorDenseMatMul: T
  SparseFillEmptyRows: int32 T bool int32
  SparseReshape: int32 int32
  SparseReorder: int32 T
  SparseSlice SparseConcat: int32 T int32
  SparseReduceSum SparseReduceMax SparseTensorDenseAdd SparseSoftmax: T
  SparseDenseCwiseAdd SparseDenseCwiseMul SparseDenseCwiseDiv: T
  SparseAdd: int32 T int32
  SparseSparseMaximum SparseSparseMinimum: int32 T
  SparseSplit: int32*num_split T*num_split int32
  CTCGreedyDecoder: int32 int32 int32 T
  EditDistance AudioSpectrogram: float32
  LSTMBlockCell BlockLSTM BlockLSTMV2 GRUBlockCell DrawBoundingBoxes DrawBoundingBoxesV2: T
  RaggedTensorToTensor: T
  RaggedRange: int32 T
  RaggedGather: int32*OUTPUT_RAGGED_RANK Tvalues
  RaggedTensorToSparse: int32 T int32

  StringLength StringToHashBucket StringToHashBucketFast StringToHashBucketStrong: int32
  StringLower StringUpper StringStrip StringJoin Substr ReduceJoin AsString DecodeBase64 EncodeBase64: string
  RegexReplace StaticRegexReplace UnicodeEncode UnicodeTranscode: string
  RegexFullMatch StaticRegexFullMatch: bool
  StringSplit StringSplitV2: int32 string int32
  StringNGrams: string int32
  StringToNumber: out_type
  StringFormat: string
  UnicodeDecode UnicodeDecodeWithOffsets: int32 int32
  UnsortedSegmentJoin: string

  _PlainReshape _PlainExpandDims _PlainSqueeze _PlainTranspose _PlainReverse _PlainTile _PlainBroadcastTo: T
  _PlainConcat _PlainConcatV2 _PlainPack _PlainUnpack _PlainSplit _PlainSplitV _PlainPad _PlainPadV2 _PlainFill: T
  _PlainGatherV2 _PlainGatherNd: Tparams
  _PlainSlice _PlainStridedSlice _PlainSelect _PlainSelectV2 _PlainZerosLike: T
  _PlainEqual _PlainNotEqual: bool
`;

/** Recurrent layers (`recurrent-ops.ts`). */
const RECURRENT_KERNELS =
  "Add BatchMatMul Fill Identity Multiply Pack Reshape Select Slice Sub Tanh Sigmoid Unpack _FusedMatMul";
const RECURRENT: OwnOp = { kernels: RECURRENT_KERNELS.split(" "), isAsync: false, outputs: ["float32"] };

/**
 * Compositions of TF.js's kernels, in place of ops that TF.js lacks or computes otherwise than TensorFlow. Each line has ops, their outputs
 * and, behind the second colon, the kernels that not every engine need have; a common set of kernels is taken for granted.
 */
const KERNEL_OPS = `
  Conv2D: T: Conv2D
  _FusedConv2D: T: FusedConv2D Conv2D
  DepthwiseConv2dNative: T: DepthwiseConv2dNative
  FusedDepthwiseConv2dNative: T: FusedDepthwiseConv2D DepthwiseConv2dNative
  Conv3D Conv3DBackpropInputV2: T: Conv3D
  Conv2DBackpropInput: T: Conv2DBackpropInput
  MaxPool MaxPoolV2: T: MaxPool
  AvgPool: T: AvgPool
  MaxPool3D: T: MaxPool3D
  MaxPoolWithArgmax: T int32
  Dilation2D: T: PadV2 StridedSlice
  MatMul BatchMatMul BatchMatMulV2 BatchMatMulV3 Einsum: T: BatchMatMul
  _FusedMatMul: T: _FusedMatMul BatchMatMul
  FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3: T float32: FusedBatchNorm

  Mod TruncateMod FloorMod: T: Mod
  FloorDiv Div TruncateDiv: T: RealDiv
  Xlogy Xlog1py Xdivy MulNoNan Cross: T
  Pow: T: Pow
  _IntegerMul BitwiseAnd BitwiseOr BitwiseXor LeftShift RightShift Invert: T
  PopulationCount: int32
  ClipByValue: T: ClipByValue
  Mean: T: Mean
  EuclideanNorm BiasAdd BiasAddV1 Sign Softsign Inv L2Loss Erfc Erfinv: T
  Rint Round: T: Round
  ApproximateEqual: bool
  Cumsum CumulativeLogsumexp: T: Cumsum
  Cumprod: T: Cumprod
  Cast: DstT: Cast

  MatrixBandPart BatchMatrixBandPart OneHot Roll ReverseSequence EnsureShape: T
  MatrixDiag MatrixDiagV2 MatrixDiagV3 MatrixDiagPart MatrixDiagPartV2 MatrixDiagPartV3: T: GatherV2
  MatrixSetDiag MatrixSetDiagV2 MatrixSetDiagV3 Diag DiagPart: T: GatherV2
  Select SelectV2 Unpack: T
  Reverse ReverseV2: T: Reverse
  Gather GatherV2: Tparams: GatherV2
  StridedSlice: T: StridedSlice
  Equal NotEqual: bool
  InvertPermutation BroadcastArgs ShapeN: int32

  ResizeBicubic ResizeArea ScaleAndTranslate: float32: BatchMatMul
  ResizeNearestNeighbor: T: ResizeNearestNeighbor
  CropAndResize: float32: CropAndResize
  ImageProjectiveTransformV2 ImageProjectiveTransformV3: dtype
  RGBToHSV HSVToRGB AdjustHue AdjustSaturation AdjustContrastv2: T
  FakeQuantWithMinMaxArgs FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel: float32
  QuantizeAndDequantizeV2 QuantizeAndDequantizeV3 QuantizeAndDequantizeV4: T
  SpaceToDepth ExtractImagePatches: T
  DepthToSpace: T: DepthToSpace
  SpaceToBatch: T: SpaceToBatchND
  BatchToSpace: T: BatchToSpaceND
`;

const OWN_OPS: ReadonlyMap<string, OwnOp> = new Map([
  ...readTable(PLAIN_OPS, true),
  ...readTable(KERNEL_OPS, false),
  ...RECURRENT_OPS.map((op): [string, OwnOp] => [op, RECURRENT]),
]);

function readTable(table: string, isAsync: boolean): [string, OwnOp][] {
  return table.split("\n").flatMap((line) => {
    const [ops, outputs, kernels = []] = line.split(":").map((part) => part.trim().split(/\s+/));
    return outputs === undefined ? [] : ops!.map((op): [string, OwnOp] => [op, { kernels, isAsync, outputs }]);
  });
}

/**
 * Returns what an op needs that our workers implement; `undefined` for an op of TF.js or an unknown one. Oracle: what is registered,
 * tests/unit/workers/ops/register-ops.test.ts.
 */
export function ownOp(op: string): OwnOp | undefined {
  return OWN_OPS.get(op);
}

/** The names of all such ops. */
export function ownOpNames(): readonly string[] {
  return [...OWN_OPS.keys()];
}
