"""Functions called on Keras tensors: `TFOpLambda` and `SlicingOpLambda` of Keras 2, operations as layers of Keras 3."""

import numpy as np

from case_file import floats, integers
from frameworks import tf
from keras_case import chain, net

X = floats(4, 6)
V = floats(6)
POSITIVE = floats(4, 6, low=0.1, high=2)


def dense(k, x):
    return k.layers.Dense(2)(x)


def functions_2():
    """@returns name → function of a Keras tensor."""
    unary = {name: getattr(tf.math, name) for name in ("abs", "exp", "square", "tanh", "sigmoid", "negative", "sin", "cos", "floor", "sign", "round", "erf")}
    return {
        **unary,
        "sqrt": lambda x: tf.sqrt(x * x), "log": lambda x: tf.math.log(x * x + 1.0), "pow": lambda x: x ** 2,
        "arith": lambda x: (x * 2 + 1 - x / 4), "rarith": lambda x: 1.0 - x, "rdiv": lambda x: 1.0 / (x * x + 1.0), "neg": lambda x: -x,
        "relu": tf.nn.relu, "relu6": lambda x: tf.nn.relu6(x * 9), "gelu": tf.nn.gelu, "softmax": lambda x: tf.nn.softmax(x, axis=1),
        "leaky": lambda x: tf.nn.leaky_relu(x, alpha=0.3), "softplus": tf.nn.softplus, "l2norm": lambda x: tf.math.l2_normalize(x, axis=-1),
        "mean": lambda x: tf.reduce_mean(x, axis=1), "mean-keep": lambda x: tf.reduce_mean(x, axis=[1, 2], keepdims=True),
        "sum": lambda x: tf.reduce_sum(x, axis=-1), "max": lambda x: tf.reduce_max(x, 1), "prod": lambda x: tf.reduce_prod(x, axis=1),
        "argmax": lambda x: tf.argmax(x, axis=-1), "cast": lambda x: tf.cast(tf.cast(x * 9, tf.int32), tf.float32),
        "reshape": lambda x: tf.reshape(x, [-1, 24]), "reshape-shape": lambda x: tf.reshape(x, (tf.shape(x)[0], 6, 4)),
        "transpose": lambda x: tf.transpose(x, perm=[0, 2, 1]), "expand": lambda x: tf.expand_dims(x, -1),
        "squeeze": lambda x: tf.squeeze(x[:, :1], axis=1), "concat": lambda x: tf.concat([x, x * 2], axis=-1),
        "stack": lambda x: tf.stack([x, -x], axis=1), "split": lambda x: tf.split(x, 2, axis=1), "unstack": lambda x: tf.unstack(x, axis=1)[1],
        "tile": lambda x: tf.tile(x, [1, 2, 1]), "pad": lambda x: tf.pad(x, [[0, 0], [1, 2], [0, 0]]),
        "pad-reflect": lambda x: tf.pad(x, [[0, 0], [1, 2], [0, 0]], mode="REFLECT"), "gather": lambda x: tf.gather(x, [2, 0], axis=1),
        "slice": lambda x: x[:, 1:3], "slice-last": lambda x: x[:, -1, :], "slice-step": lambda x: x[:, ::2, ::-1],
        "slice-new": lambda x: x[:, tf.newaxis, :, 1], "slice-ellipsis": lambda x: x[..., 0:2],
        "matmul": lambda x: tf.matmul(x, x, transpose_b=True), "einsum": lambda x: tf.einsum("bij,bkj->bik", x, x),
        "clip": lambda x: tf.clip_by_value(x, -0.3, 0.4), "where": lambda x: tf.where(x > 0, x, x * 0.1), "maximum": lambda x: tf.maximum(x, 0.1),
        "minimum": lambda x: tf.minimum(0.1, x), "greater": lambda x: tf.cast(x > 0.2, tf.float32), "cumsum": lambda x: tf.cumsum(x, axis=1),
        "onehot": lambda x: tf.one_hot(tf.argmax(x, -1), 6), "topk": lambda x: tf.math.top_k(x, 2).values, "roll": lambda x: tf.roll(x, 1, axis=1),
        "reverse": lambda x: tf.reverse(x, axis=[1]), "constant": lambda x: x * tf.constant([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        "broadcast": lambda x: tf.broadcast_to(x[:, :1], tf.shape(x)), "norm": lambda x: tf.norm(x, axis=-1), "zeros": lambda x: x + tf.zeros_like(x),
        "logsumexp": lambda x: tf.reduce_logsumexp(x, axis=-1), "band": lambda x: tf.linalg.band_part(x, -1, 0), "addn": lambda x: tf.add_n([x, x, x]),
        "identity": tf.identity, "stop": tf.stop_gradient, "batch-mean": lambda x: x - tf.reduce_mean(x, axis=0, keepdims=True),
    }


def pictures_2():
    return {
        "resize": lambda x: tf.image.resize(x, [4, 9]), "resize-nearest": lambda x: tf.image.resize(x, (9, 5), method="nearest"),
        "gray": tf.image.rgb_to_grayscale, "flip": tf.image.flip_left_right, "scale": lambda x: x / 127.5 - 1.0,
        "preprocess": lambda x: x[..., ::-1] - tf.constant([103.9, 116.8, 123.7]), "space": lambda x: tf.nn.space_to_depth(x, 2),
        "depth": lambda x: tf.nn.depth_to_space(tf.concat([x, x, x, x], -1), 2), "avgpool": lambda x: tf.nn.avg_pool2d(x, 2, 2, "SAME"),
        "maxpool": lambda x: tf.nn.max_pool2d(x, 2, 2, "VALID"), "standardize": tf.image.per_image_standardization,
    }


def functions_3(k):
    ops = k.ops
    names = ("abs", "exp", "square", "tanh", "sigmoid", "negative", "sin", "cos", "floor", "ceil", "sign", "round", "erf", "relu", "relu6", "gelu",
             "silu", "softplus", "softsign", "elu", "selu", "leaky_relu", "hard_sigmoid", "hard_silu", "log_sigmoid", "celu", "squareplus", "sparsemax",
             "tanh_shrink", "hard_tanh", "soft_shrink", "hard_shrink", "expm1", "arctan", "sinh", "cosh", "arcsinh", "trunc", "sinc", "exp2", "cbrt",
             "flip", "mean", "zeros_like", "ones_like", "nan_to_num", "isfinite", "isnan", "sort", "argsort", "any", "all", "logical_not", "deg2rad",
             "ravel", "size", "copy", "erfc", "signbit", "std", "var", "median", "ptp")
    plain = {name: getattr(ops, name) for name in names if hasattr(ops, name) and name not in ("flip", "mean", "any", "all", "ravel", "size", "std", "var", "median", "ptp")}
    return {
        **plain,
        "sqrt": lambda x: ops.sqrt(x * x), "rsqrt": lambda x: ops.rsqrt(x * x + 1.0), "log": lambda x: ops.log(x * x + 1.0), "log1p": lambda x: ops.log1p(x * x),
        "arith": lambda x: x * 2 + 1 - x / 4, "rarith": lambda x: 1.0 - x, "rdiv": lambda x: 1.0 / (x * x + 1.0), "neg": lambda x: -x, "pow": lambda x: x ** 2,
        "floordiv": lambda x: x // 0.3, "mod": lambda x: x % 0.3, "matmul-operator": lambda x: x @ ops.transpose(x, (0, 2, 1)),
        "softmax": lambda x: ops.softmax(x, axis=1), "log-softmax": lambda x: ops.log_softmax(x), "mean": lambda x: ops.mean(x, axis=1),
        "mean-keep": lambda x: ops.mean(x, axis=[1, 2], keepdims=True), "sum": lambda x: ops.sum(x, axis=-1), "max": lambda x: ops.max(x, axis=1),
        "min": lambda x: ops.min(x, axis=-1, keepdims=True), "prod": lambda x: ops.prod(x, axis=1), "var": lambda x: ops.var(x, axis=1), "std": lambda x: ops.std(x, axis=-1),
        "median": lambda x: ops.median(x, axis=-1), "any": lambda x: ops.any(x > 0.5, axis=1), "all": lambda x: ops.all(x > -0.5, axis=1),
        "argmax": lambda x: ops.argmax(x, axis=-1), "argmin": lambda x: ops.argmin(x, axis=1), "cast": lambda x: ops.cast(ops.cast(x * 9, "int32"), "float32"),
        "reshape": lambda x: ops.reshape(x, (-1, 24)), "transpose": lambda x: ops.transpose(x, (0, 2, 1)), "expand": lambda x: ops.expand_dims(x, -1),
        "expand-two": lambda x: ops.expand_dims(x, (1, 3)), "squeeze": lambda x: ops.squeeze(x[:, :1], axis=1), "concat": lambda x: ops.concatenate([x, x * 2], axis=-1),
        "stack": lambda x: ops.stack([x, -x], axis=1), "split": lambda x: ops.split(x, 2, axis=1), "split-at": lambda x: ops.split(x, [1, 4], axis=-1),
        "unstack": lambda x: ops.unstack(x, axis=1)[1], "tile": lambda x: ops.tile(x, [1, 2, 1]), "repeat": lambda x: ops.repeat(x, 2, axis=1),
        "pad": lambda x: ops.pad(x, [[0, 0], [1, 2], [0, 0]]), "pad-value": lambda x: ops.pad(x, [[0, 0], [1, 2], [0, 0]], constant_values=0.5),
        "pad-reflect": lambda x: ops.pad(x, [[0, 0], [1, 2], [0, 0]], mode="reflect"), "take": lambda x: ops.take(x, [2, 0], axis=1),
        "take-along": lambda x: ops.take_along_axis(x, ops.argsort(x, axis=-1), axis=-1), "slice-get": lambda x: x[:, 1:3], "slice-last": lambda x: x[:, -1, :],
        "slice-step": lambda x: x[:, ::2, ::-1], "slice-new": lambda x: x[:, None, :, 1], "slice-ellipsis": lambda x: x[..., 0:2],
        "slice": lambda x: ops.slice(x, (0, 1, 2), (3, 2, 3)), "matmul": lambda x: ops.matmul(x, ops.swapaxes(x, 1, 2)), "einsum": lambda x: ops.einsum("bij,bkj->bik", x, x),
        "dot": lambda x: ops.dot(x, np.ones((6, 2), "float32")), "tensordot": lambda x: ops.tensordot(x, np.ones((6, 2), "float32"), axes=[[2], [0]]),
        "clip": lambda x: ops.clip(x, -0.3, 0.4), "where": lambda x: ops.where(x > 0, x, x * 0.1), "maximum": lambda x: ops.maximum(x, 0.1), "minimum": lambda x: ops.minimum(x, 0.1),
        "greater": lambda x: ops.cast(ops.greater(x, 0.2), "float32"), "equal": lambda x: ops.equal(ops.round(x), 0.0), "logical-and": lambda x: ops.logical_and(x > 0, x < 0.5),
        "cumsum": lambda x: ops.cumsum(x, axis=-1), "cumprod": lambda x: ops.cumprod(x, axis=1), "onehot": lambda x: ops.one_hot(ops.argmax(x, axis=-1), 6),
        "multihot": lambda x: ops.multi_hot(ops.argmax(x, axis=-1), 6), "topk": lambda x: ops.top_k(x, 2)[0], "roll": lambda x: ops.roll(x, 1, axis=1), "flip": lambda x: ops.flip(x, axis=1),
        "constant": lambda x: x * np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "float32"), "broadcast": lambda x: ops.broadcast_to(x[:, :1], (3, 4, 6)), "norm": lambda x: ops.norm(x, axis=-1),
        "normalize": lambda x: ops.normalize(x, axis=-1), "logsumexp": lambda x: ops.logsumexp(x, axis=-1), "tril": lambda x: ops.tril(x), "triu": lambda x: ops.triu(x, k=1),
        "diagonal": lambda x: ops.diagonal(x, axis1=1, axis2=2), "moveaxis": lambda x: ops.moveaxis(x, 1, 2), "swapaxes": lambda x: ops.swapaxes(x, 1, 2), "moments": lambda x: ops.moments(x, axes=[1]),
        "logaddexp": lambda x: ops.logaddexp(x, x * 2), "arctan2": lambda x: ops.arctan2(x, x * x + 1.0), "outer": lambda x: ops.outer(x[0, 0], x[0, 1]), "diff": lambda x: ops.diff(x, axis=-1),
        "full-like": lambda x: ops.full_like(x, 0.5) + x, "stop": lambda x: ops.stop_gradient(x) * 2, "count-nonzero": lambda x: ops.count_nonzero(ops.relu(x), axis=-1), "rot90": lambda x: ops.rot90(x, axes=(1, 2)),
        "average": lambda x: ops.average(x, axis=1), "hstack": lambda x: ops.hstack([x, x]), "sort-axis": lambda x: ops.sort(x, axis=1), "glu": lambda x: ops.glu(x), "rms": lambda x: ops.rms_normalization(x),
        "layer-normalization": lambda x: ops.layer_normalization(x), "batch-mean": lambda x: x - ops.mean(x, axis=0, keepdims=True), "digitize": lambda x: ops.digitize(x, [-0.5, 0.0, 0.5]),
        "threshold": lambda x: ops.threshold(x, 0.1, -1.0), "trace": lambda x: ops.trace(x, axis1=1, axis2=2), "cross": lambda x: ops.cross(x[:, :, :3], x[:, :, 3:]), "nonzero-mask": lambda x: ops.not_equal(ops.relu(x), 0.0),
    }


def pictures_3(k):
    ops = k.ops
    return {
        "resize": lambda x: ops.image.resize(x, (4, 9)), "resize-bicubic": lambda x: ops.image.resize(x, (9, 5), interpolation="bicubic"),
        "resize-nearest": lambda x: ops.image.resize(x, (9, 5), interpolation="nearest"), "gray": lambda x: ops.image.rgb_to_grayscale(x), "hsv": lambda x: ops.image.rgb_to_hsv(x),
        "crop": lambda x: ops.image.crop_images(x, top_cropping=1, left_cropping=2, target_height=4, target_width=3), "pad": lambda x: ops.image.pad_images(x, top_padding=1, left_padding=2, target_height=9, target_width=10),
        "patches": lambda x: ops.image.extract_patches(x, (2, 2)), "avgpool": lambda x: ops.average_pool(x, 2, 2, "same"), "maxpool": lambda x: ops.max_pool(x, 2, 2, "valid"),
        "conv": lambda x: ops.conv(x, np.ones((2, 2, 3, 2), "float32") * 0.1, padding="same"), "scale": lambda x: x / 127.5 - 1.0,
    }


def cases():
    from frameworks import keras3

    for name, function in functions_2().items():
        yield net(f"tfop-{name}", [X], lambda k, x, f=function: f(x), (2,))
    for name, function in pictures_2().items():
        yield net(f"tfop-picture-{name}", [floats(6, 6, 3, low=0, high=1)], lambda k, x, f=function: f(x), (2,))
    for name, function in functions_3(keras3).items():
        yield net(f"op-{name}", [X], lambda k, x, f=function: f(x), (3,))
    for name, function in pictures_3(keras3).items():
        yield net(f"op-picture-{name}", [floats(6, 6, 3, low=0, high=1)], lambda k, x, f=function: f(x), (3,))
    pair = [X, floats(4, 6)]
    for name, function in {"add": lambda a, b: a + b, "subtract": lambda a, b: a - b, "multiply": lambda a, b: a * b, "divide": lambda a, b: a / (b * b + 1.0),
                           "maximum": tf.maximum, "matmul": lambda a, b: tf.matmul(a, b, transpose_b=True), "concat": lambda a, b: tf.concat([a, b], 1),
                           "stack": lambda a, b: tf.stack([a, b], 1), "where": lambda a, b: tf.where(a > b, a, b), "einsum": lambda a, b: tf.einsum("bij,bkj->bik", a, b)}.items():
        yield net(f"tfop-two-{name}", pair, lambda k, a, b, f=function: f(a, b), (2,))
    o = keras3.ops
    for name, function in {"add": lambda a, b: a + b, "subtract": lambda a, b: a - b, "multiply": lambda a, b: a * b, "divide": lambda a, b: a / (b * b + 1.0),
                           "maximum": o.maximum, "matmul": lambda a, b: o.matmul(a, o.transpose(b, (0, 2, 1))), "concat": lambda a, b: o.concatenate([a, b], 1),
                           "stack": lambda a, b: o.stack([a, b], 1), "where": lambda a, b: o.where(a > b, a, b), "einsum": lambda a, b: o.einsum("bij,bkj->bik", a, b),
                           "dot-product": lambda a, b: o.dot_product_attention(a[:, :, None], b[:, :, None], b[:, :, None])}.items():
        yield net(f"op-two-{name}", pair, lambda k, a, b, f=function: f(a, b), (3,))
    yield net("tfop-between", [V], lambda k, x: dense(k, tf.nn.relu(k.layers.Dense(4)(x)) * 2.0 + 0.5), (2,))
    yield net("op-between", [V], lambda k, x: dense(k, k.ops.relu(k.layers.Dense(4)(x)) * 2.0 + 0.5), (3,))
    yield net("op-embedding-scale", [integers(4, below=5)], lambda k, x: k.layers.Embedding(5, 3)(x) * 2.45, (3,))
    yield net("tfop-residual", [X], lambda k, x: tf.nn.gelu(x + k.layers.Dense(6)(x)), (2,))
    yield net("op-residual", [X], lambda k, x: k.ops.gelu(x + k.layers.Dense(6)(x), approximate=False), (3,))
    yield net("op-gelu-exact", [X], lambda k, x: k.ops.gelu(x, approximate=False), (3,))
    yield net("op-positive-log", [POSITIVE], lambda k, x: k.ops.log(x) + k.ops.log2(x) + k.ops.log10(x), (3,))
    yield chain("op-lambda-layer", V, lambda k: [k.layers.Dense(3), k.layers.Lambda(lambda t: t * 2)], (3,), refused="Lambda")
