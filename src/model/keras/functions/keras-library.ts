import { readLibrary } from "./function-table.js";

/** The operations of `keras.ops`, by their classes. Source: `keras.src.ops` of Keras 3.15. */
export const KERAS_OPS = readLibrary(`
  Add add x1 x2
  Subtract subtract x1 x2
  Multiply multiply x1 x2
  Divide|TrueDivide divide x1 x2
  DivideNoNan divide_no_nan x1 x2
  FloorDivide floor_divide x1 x2
  Mod mod x1 x2
  Power power x1 x2
  Maximum maximum x1 x2
  Minimum minimum x1 x2
  Arctan2 arctan2 x1 x2
  Equal equal x1 x2
  NotEqual not_equal x1 x2
  Greater greater x1 x2
  GreaterEqual greater_equal x1 x2
  Less less x1 x2
  LessEqual less_equal x1 x2
  LogicalAnd logical_and x1 x2
  LogicalOr logical_or x1 x2
  LogicalXor logical_xor x1 x2
  LogicalNot logical_not x
  Abs|Absolute|Fabs abs x
  Negative negative x
  Square square x
  Sign sign x
  Sqrt sqrt x
  Rsqrt rsqrt x
  Reciprocal reciprocal x
  Exp exp x
  Exp2 exp2 x
  Expm1 expm1 x
  Log log x
  Log1p log1p x
  Log2 log2 x
  Log10 log10 x
  Sin sin x
  Cos cos x
  Tan tan x
  Arcsin arcsin x
  Arccos arccos x
  Arctan arctan x
  Sinh sinh x
  Cosh cosh x
  Tanh tanh x
  Arcsinh arcsinh x
  Arccosh arccosh x
  Arctanh arctanh x
  Floor floor x
  Ceil ceil x
  Trunc trunc x
  Round round x decimals
  Erf erf x
  Erfc erfc x
  Deg2rad deg2rad x
  Rad2deg rad2deg x
  Isfinite isfinite x
  Isinf isinf x
  Isnan isnan x
  Sigmoid sigmoid x
  LogSigmoid log_sigmoid x
  Softplus softplus x
  Softsign softsign x
  Relu relu x
  ReLU relu x negative_slope max_value threshold
  Relu6 relu6 x
  LeakyRelu leaky_relu x negative_slope
  Elu elu x alpha
  Selu selu x
  Celu celu x alpha
  Gelu gelu x approximate
  Glu glu x axis
  Silu silu x
  Mish mish x
  HardSigmoid hard_sigmoid x
  HardSilu hard_silu x
  HardTanh hard_tanh x
  HardShrink hard_shrink x threshold
  SoftShrink soft_shrink x threshold
  TanhShrink tanh_shrink x
  SparsePlus sparse_plus x
  SparseSigmoid sparse_sigmoid x
  Sparsemax sparsemax x axis
  Squareplus squareplus x b
  Threshold threshold x threshold default_value
  Softmax softmax x axis
  LogSoftmax log_softmax x axis
  Clip clip x x_min x_max
  Where where condition x1 x2
  Cast cast x dtype
  Copy|StopGradient stop_gradient x=variable
  ConvertToTensor identity x
  ZerosLike zeros_like x dtype
  OnesLike ones_like x dtype
  Sum sum x axis keepdims
  Mean mean x axis keepdims
  Max|Amax max x axis keepdims initial
  Min|Amin min x axis keepdims initial
  Prod prod x axis keepdims
  Any any x axis keepdims
  All all x axis keepdims
  Std std x axis keepdims
  Var var x axis keepdims
  Ptp ptp x axis keepdims
  Logsumexp logsumexp x axis keepdims
  CountNonzero count_nonzero x axis
  Argmax argmax x axis keepdims
  Argmin argmin x axis keepdims
  Cumsum cumsum x axis
  Cumprod cumprod x axis
  Norm norm x ord axis keepdims
  Normalize normalize x axis order epsilon
  Moments moments x axis=axes keepdims
  Reshape reshape x shape=newshape
  Transpose transpose x axes
  Swapaxes swapaxes x axis1 axis2
  Moveaxis moveaxis x source destination
  Concatenate concatenate xs axis
  Stack stack xs axis
  Unstack unstack x num axis
  Split split x indices_or_sections axis
  Squeeze squeeze x axis
  ExpandDims expand_dims x axis
  Tile tile x repeats
  Repeat repeat x repeats axis
  Flip flip x axis
  Roll roll x shift axis
  Pad pad x constant_values pad_width mode
  BroadcastTo broadcast_to x shape
  Full full fill_value shape dtype
  FullLike full_like x fill_value dtype
  Ravel ravel x
  GetItem get_item x key
  Take take x indices axis
  OneHot one_hot x num_classes axis dtype sparse
  TopK top_k x k sorted
  Sort sort x axis
  Argsort argsort x axis
  Matmul matmul x1 x2
  Dot dot x1 x2
  Tensordot tensordot x1 x2 axes
  Outer outer x1 x2
  Einsum einsum operands subscripts
  Sinc sinc x
  Cbrt cbrt x
  NanToNum nan_to_num x nan posinf neginf
  Signbit signbit x
  Logaddexp logaddexp x1 x2
  Digitize digitize x bins
  Average average x weights axis
  Size size x
  Hstack hstack xs
  Vstack vstack xs
  Slice slice_keras x=inputs start_indices shape
  MultiHot multi_hot x=inputs num_classes axis dtype sparse
  TakeAlongAxis take_along_axis x indices axis
  Tril tril x k
  Triu triu x k
  Diagonal diagonal x offset axis1 axis2
  Trace trace x offset axis1 axis2
  Rot90 rot90 x=array k axes
  Cross cross x1 x2 axisa axisb axisc axis
  Diff diff x=a n axis
  Median median x axis keepdims
  RMSNorm rms_normalization x scale axis epsilon
  LayerNorm layer_normalization x gamma beta axis epsilon rms_scaling
  DotProductAttention dot_product_attention query key value bias mask scale is_causal flash_attention attn_logits_soft_cap
  CropImages crop_images x=images top_cropping left_cropping bottom_cropping right_cropping target_height target_width data_format
  PadImages pad_images x=images top_padding left_padding bottom_padding right_padding target_height target_width data_format
  ExtractPatches extract_patches x=images size strides dilation_rate padding data_format
  Conv conv x=inputs kernel strides padding data_format dilation_rate
  RGBToHSV rgb_to_hsv x=images data_format
  DepthToSpace depth_to_space x block_size data_format
  SpaceToDepth space_to_depth x block_size data_format
  Resize resize x=images size interpolation antialias crop_to_aspect_ratio pad_to_aspect_ratio fill_mode fill_value data_format
  RGBToGrayscale rgb_to_grayscale x=images data_format
  MaxPool max_pool_keras x=inputs pool_size strides padding data_format
  AveragePool average_pool_keras x=inputs pool_size strides padding data_format
`);
