import { readLibrary } from "./function-table.js";

/** Functions of TensorFlow 2 by the names that TFOpLambda layers give them. Source: TensorFlow 2.19's API. */
export const TENSORFLOW = readLibrary(`
  math.add|__operators__.add add x1=x x2=y
  math.subtract|subtract subtract x1=x x2=y
  math.multiply|multiply multiply x1=x x2=y
  math.scalar_mul|scalar_mul multiply x1=scalar x2=x
  math.truediv|math.divide|divide|truediv divide x1=x x2=y
  math.divide_no_nan divide_no_nan x1=x x2=y
  math.floordiv|math.floor_div|floor_div floor_divide x1=x x2=y
  math.floormod|math.mod mod x1=x x2=y
  math.pow|pow power x1=x x2=y
  math.maximum|maximum maximum x1=x x2=y
  math.minimum|minimum minimum x1=x x2=y
  math.squared_difference squared_difference x1=x x2=y
  math.atan2 arctan2 x1=y x2=x
  math.equal|equal|__operators__.eq equal x1=x x2=y
  math.not_equal|not_equal|__operators__.ne not_equal x1=x x2=y
  math.greater|greater greater x1=x x2=y
  math.greater_equal|greater_equal greater_equal x1=x x2=y
  math.less|less less x1=x x2=y
  math.less_equal|less_equal less_equal x1=x x2=y
  math.logical_and|logical_and|__operators__.and logical_and x1=x x2=y
  math.logical_or|logical_or|__operators__.or logical_or x1=x x2=y
  math.logical_xor|__operators__.xor logical_xor x1=x x2=y
  math.logical_not|logical_not logical_not x
  math.abs|abs abs x
  math.negative|negative negative x
  math.square|square square x
  math.sign|sign sign x
  math.sqrt|sqrt sqrt x
  math.rsqrt rsqrt x
  math.reciprocal reciprocal x
  math.exp|exp exp x
  math.expm1 expm1 x
  math.log log x
  math.log1p log1p x
  math.sin|sin sin x
  math.cos|cos cos x
  math.tan|tan tan x
  math.asin|asin arcsin x
  math.acos|acos arccos x
  math.atan|atan arctan x
  math.sinh|sinh sinh x
  math.cosh|cosh cosh x
  math.asinh|asinh arcsinh x
  math.acosh|acosh arccosh x
  math.atanh|atanh arctanh x
  math.tanh|tanh|nn.tanh tanh x
  math.floor|floor floor x
  math.ceil ceil x
  math.round|round round x
  math.erf erf x
  math.erfc erfc x
  math.is_finite isfinite x
  math.is_inf isinf x
  math.is_nan isnan x
  math.sigmoid|sigmoid|nn.sigmoid sigmoid x
  math.log_sigmoid log_sigmoid x
  math.softplus|nn.softplus softplus x=features
  math.softsign|nn.softsign softsign x=features
  nn.relu relu x=features
  nn.relu6 relu6 x=features
  nn.leaky_relu leaky_relu x=features negative_slope=alpha
  nn.elu elu x=features
  nn.selu selu x=features
  nn.gelu gelu_tf x=features approximate
  nn.silu|nn.swish silu x=features
  nn.softmax|math.softmax softmax x=logits axis
  nn.log_softmax|math.log_softmax log_softmax x=logits axis
  clip_by_value clip x=t x_min=clip_value_min x_max=clip_value_max
  where where condition x1=x x2=y
  cast cast x dtype
  identity identity x=input
  stop_gradient stop_gradient x=input
  convert_to_tensor identity x=value
  zeros_like zeros_like x=input dtype
  ones_like ones_like x=input dtype
  zeros zeros shape dtype
  ones ones shape dtype
  fill full shape=dims fill_value=value
  math.reduce_sum|reduce_sum sum x=input_tensor axis keepdims
  math.reduce_mean|reduce_mean mean x=input_tensor axis keepdims
  math.reduce_max|reduce_max max x=input_tensor axis keepdims
  math.reduce_min|reduce_min min x=input_tensor axis keepdims
  math.reduce_prod|reduce_prod prod x=input_tensor axis keepdims
  math.reduce_any|reduce_any any x=input_tensor axis keepdims
  math.reduce_all|reduce_all all x=input_tensor axis keepdims
  math.reduce_std std x=input_tensor axis keepdims
  math.reduce_variance var x=input_tensor axis keepdims
  math.reduce_logsumexp|reduce_logsumexp logsumexp x=input_tensor axis keepdims
  math.reduce_euclidean_norm norm x=input_tensor axis keepdims
  math.count_nonzero count_nonzero x=input axis keepdims
  math.argmax|argmax argmax_tf x=input axis output_type
  math.argmin|argmin argmin_tf x=input axis output_type
  math.cumsum|cumsum cumsum_tf x axis exclusive reverse
  math.cumprod cumprod_tf x axis exclusive reverse
  norm|linalg.norm norm x=tensor ord axis keepdims
  math.l2_normalize|nn.l2_normalize|linalg.l2_normalize l2_normalize x axis epsilon
  nn.moments moments x axis=axes shift keepdims
  reshape reshape x=tensor shape
  transpose transpose x=a axes=perm conjugate
  concat concatenate xs=values axis
  stack stack xs=values axis
  unstack unstack x=value num axis
  split split_by_sizes x=value sizes=num_or_size_splits axis num
  squeeze squeeze x=input axis
  expand_dims expand_dims x=input axis
  tile tile x=input repeats=multiples
  repeat repeat x=input repeats axis
  reverse flip x=tensor axis
  roll roll x=input shift axis
  pad pad x=tensor pad_width=paddings mode constant_values
  broadcast_to broadcast_to x=input shape
  shape|compat.v1.shape shape x=input out_type
  slice slice x=input_ begin size
  __operators__.getitem get_item x=tensor key=slice_spec
  gather gather x=params indices validate_indices axis batch_dims
  gather_nd gather_nd x=params indices batch_dims
  one_hot one_hot_tf x=indices num_classes=depth on_value off_value axis dtype
  math.top_k|nn.top_k top_k x=input k sorted
  sort sort_tf x=values axis direction
  argsort argsort_tf x=values axis direction
  linalg.matmul|matmul matmul_tf x1=a x2=b transpose_a transpose_b adjoint_a adjoint_b a_is_sparse b_is_sparse output_type
  tensordot|linalg.tensordot tensordot x1=a x2=b axes
  einsum|linalg.einsum einsum subscripts=equation operands=inputs
  nn.bias_add add x1=value x2=bias
  nn.depth_to_space depth_to_space x=input block_size data_format
  nn.space_to_depth space_to_depth x=input block_size data_format
  image.resize resize_tf x=images size method preserve_aspect_ratio antialias
  math.add_n|add_n add_n xs=inputs
  linalg.band_part band_part x=input num_lower num_upper
  linalg.cross cross x1=a x2=b
  image.per_image_standardization per_image_standardization x=image
  image.rgb_to_hsv rgb_to_hsv x=images
  image.flip_left_right flip_left_right x=image
  image.flip_up_down flip_up_down x=image
  image.rgb_to_grayscale rgb_to_grayscale x=images
  nn.max_pool2d|nn.max_pool max_pool x=input pool_size=ksize strides padding data_format
  nn.avg_pool2d|nn.avg_pool average_pool x=input pool_size=ksize strides padding data_format
`);
