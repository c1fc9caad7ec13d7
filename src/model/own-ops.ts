import { RECURRENT_OPS } from "./recurrent-ops.js";

/** An op that our TF.js workers implement themselves, in workers/engines/tfjs/ops. It replaces TF.js's own op of that name. */
export interface OwnOp {
  /** TF.js kernels that it calls; most compute in plain code and need none. */
  readonly kernels: readonly string[];
  /** Whether it returns a promise, so that its graph must run asynchronously. */
  readonly isAsync: boolean;
  /**
   * The dtype of each output: one of TF.js, or the attribute that states it. The last one stands for all further outputs.
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

  NonMaxSuppression NonMaxSuppressionV2 NonMaxSuppressionV3 NonMaxSuppressionWithOverlaps: int32
  NonMaxSuppressionV4: int32 int32
  NonMaxSuppressionV5: int32 float32 int32
  CombinedNonMaxSuppression: float32 float32 float32 int32

  Unique UniqueV2: T int32
  UniqueWithCounts UniqueWithCountsV2: T int32 int32
  ListDiff: T int32
  DenseToDenseSetOperation DenseToSparseSetOperation SparseToSparseSetOperation: int32 T int32
  SetSize: int32

  Bincount DenseBincount RaggedBincount SparseBincount: T
  HistogramFixedWidth Bucketize: int32
  DynamicPartition DynamicStitch ParallelDynamicStitch: T
  UnsortedSegmentSum UnsortedSegmentMax UnsortedSegmentMin UnsortedSegmentProd: T
  SegmentSum SegmentMean SegmentMax SegmentMin SegmentProd SegmentSumV2 SegmentMaxV2 SegmentMinV2 SegmentProdV2: T
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
  _ComplexAdd _ComplexSub _ComplexMul _ComplexDiv _ComplexNeg _ComplexExp _ComplexSum _ComplexMean: T
  _ComplexCast: DstT

  SparseToDense SparseTensorDenseMatMul: T
  SparseFillEmptyRows: int32 T bool int32
  SparseReshape: int32 int32
  SparseReorder: int32 T
  SparseSlice SparseConcat: int32 T int32
  RaggedTensorToTensor: T
  RaggedRange: int32 T
  RaggedGather: int32 Tvalues
  RaggedTensorToSparse: int32 T int32

  StringLength StringToHashBucket StringToHashBucketFast StringToHashBucketStrong: int32
  StringLower StringUpper StringStrip StringJoin Substr ReduceJoin AsString DecodeBase64 EncodeBase64: string
  RegexReplace StaticRegexReplace UnicodeEncode UnicodeTranscode: string
  RegexFullMatch StaticRegexFullMatch: bool
  StringSplit StringSplitV2: int32 string int32
  StringNGrams: string int32
  StringToNumber: out_type
  UnicodeDecode: int32 int32

  _PlainReshape _PlainExpandDims _PlainSqueeze _PlainTranspose _PlainReverse _PlainTile _PlainBroadcastTo: T
  _PlainConcat _PlainConcatV2 _PlainPack _PlainUnpack _PlainSplit _PlainSplitV _PlainPad _PlainPadV2 _PlainFill: T
  _PlainGatherV2 _PlainGatherNd: Tparams
  _PlainSlice _PlainStridedSlice _PlainSelect _PlainSelectV2 _PlainZerosLike: T
  _PlainEqual _PlainNotEqual: bool
`;

/** Recurrent layers (`recurrent-ops.ts`). */
const RECURRENT_KERNELS = "Add BatchMatMul Fill Identity Multiply Pack Reshape Select SplitV Sub Tanh Sigmoid Unpack";

const PLAIN: [string, OwnOp][] = PLAIN_OPS.split("\n").flatMap((line) => {
  const [ops = "", outputs = ""] = line.split(":").map((part) => part.trim().split(/\s+/));
  const own = { kernels: [], isAsync: true, outputs: [...outputs] };
  return outputs === "" ? [] : [...ops].map((op): [string, OwnOp] => [op, own]);
});

const OWN_OPS: ReadonlyMap<string, OwnOp> = new Map([
  ...PLAIN,
  ...RECURRENT_OPS.map((op): [string, OwnOp] => [
    op,
    { kernels: RECURRENT_KERNELS.split(" "), isAsync: false, outputs: ["float32"] },
  ]),
]);

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
