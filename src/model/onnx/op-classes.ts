import type { Keeping } from "../file-cut/whole-numbers.js";

/** Splits a list of names. */
const names = (list: string): ReadonlySet<string> => new Set(list.split(/\s+/));

/** Operations that are computed element by element: engines fuse them with what is before them. */
export const ELEMENTWISE = names(
  `Abs Acos Acosh Add And Asin Asinh Atan Atanh BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Cast CastLike Ceil Celu Clip Cos Cosh
  Div Dropout Elu Equal Erf Exp Floor Gelu Greater GreaterOrEqual HardSigmoid HardSwish Identity IsInf IsNaN LeakyRelu Less LessOrEqual Log
  Max Mean Min Mish Mod Mul Neg Not Or PRelu Pow QuantizeLinear DequantizeLinear Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Sinh
  Softplus Softsign Sqrt Sub Sum Tan Tanh ThresholdedRelu Where Xor Swish QuickGelu FastGelu BiasGelu`,
);

/** Others that cost little beside a convolution or a product. */
const SMALL = names(
  `BatchNormalization GlobalAveragePool GlobalMaxPool ScatterElements ScatterND DepthToSpace SpaceToDepth NonZero CumSum Concat ConstantOfShape DynamicQuantizeLinear Expand Flatten Gather GatherElements GatherND InstanceNormalization
  GroupNormalization LayerNormalization LogSoftmax LpNormalization Range ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean
  ReduceMin ReduceProd ReduceSum ReduceSumSquare Reshape RMSNormalization Shape SimplifiedLayerNormalization Size SkipLayerNormalization Slice
  Softmax Hardmax Split Squeeze Tile Transpose Trilu Unsqueeze Constant Pad OneHot EyeLike Compress ArgMax ArgMin Optional`,
);

export function isLight(op: string): boolean {
  return ELEMENTWISE.has(op) || SMALL.has(op);
}

/** What ONNX Runtime computes together with the maker of what they read. */
export const FUSED = names(
  `Add BatchNormalization Clip Elu Gelu HardSigmoid HardSwish LeakyRelu Mul PRelu QuantizeLinear Relu Sigmoid Softplus Sub Div Tanh
  ThresholdedRelu Selu Softmax QuickGelu FastGelu`,
);

/** Their results differ from run to run, or depend on runs before. */
export const RANDOM = names(
  `Bernoulli Multinomial RandomNormal RandomNormalLike RandomUniform RandomUniformLike Dropout`,
);

/** Whose results have the type of their first input. */
export const LIKE_FIRST = names(
  `Abs Acos Acosh Add Asin Asinh Atan Atanh AveragePool BatchNormalization BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Ceil Celu
  Clip Compress Concat Conv ConvTranspose Cos Cosh CumSum DeformConv DepthToSpace Det Div Einsum Elu Erf Exp Expand Flatten Floor Gather
  GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalLpPool GlobalMaxPool GridSample GroupNormalization GRU HardSigmoid HardSwish
  Hardmax Identity InstanceNormalization LayerNormalization LeakyRelu Log LogSoftmax LpNormalization LpPool LRN LSTM MatMul Max Mean
  MeanVarianceNormalization Min Mish Mod Mul Neg Pad Pow PRelu Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax
  ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape Resize ReverseSequence RMSNormalization RNN RoiAlign
  RotaryEmbedding Round ScatterElements ScatterND Scatter Selu Shrink Sigmoid Sign Sin Sinh Slice Softmax Softplus Softsign SpaceToDepth
  Split Sqrt Squeeze Sub Sum Tan Tanh ThresholdedRelu Tile Transpose Trilu Unsqueeze Upsample Swish`,
);

/** Whose results are truth values. */
export const TRUTHS = names(`And Equal Greater GreaterOrEqual IsInf IsNaN Less LessOrEqual Not Or Xor`);

/** Whose results of 64 bits count or number elements, so that they stay far below 2^31. */
export const COUNTING = names(`ArgMax ArgMin MaxPool NonMaxSuppression NonZero Shape Size TopK Unique`);

const kept = (list: string, keeping: Keeping): [string, Keeping][] => [...names(list)].map((name) => [name, keeping]);

/** Whose results of 64 bits are as large as what they are made of. Those of ConstantOfShape are its attribute's. */
export const KEEPING: ReadonlyMap<string, Keeping> = new Map([
  ...kept(`Concat Equal Max Min Mod Range`, {}),
  ...kept(`Add Div Mul Sub`, { grows: true }),
  ...kept(`ReduceProd ReduceSum`, { of: [0], grows: true }),
  ...kept(
    `Cast Expand Flatten Gather GatherElements GatherND Identity ReduceMax ReduceMin Reshape Slice Split Squeeze Tile Transpose Unsqueeze`,
    { of: [0] },
  ),
  ...kept(`Pad ScatterElements ScatterND`, { of: [0, 2] }),
  ...kept(`Where`, { of: [1, 2] }),
]);
