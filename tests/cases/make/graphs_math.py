"""Elementwise operations, reductions, scans, comparisons, casts."""

import math

import numpy as np

from case_file import bools, floats, given, integers
from frameworks import tf
from graph_case import graph

X = floats(4, 6)
POSITIVE = floats(4, 6, low=0.1, high=3)
WIDE = floats(4, 6, low=-4, high=4)
I = integers(4, 6, low=-9, below=10)


def elementwise():
    for name in ("abs", "acosh", "asinh", "atanh", "acos", "asin", "atan", "ceil", "cos", "cosh", "erf", "exp", "expm1", "floor",
                 "log", "log1p", "negative", "reciprocal", "rint", "round", "rsqrt", "sigmoid", "sign", "sin", "sinh", "sqrt",
                 "square", "tan", "tanh", "log_sigmoid", "erfc", "is_finite", "is_nan", "is_inf", "softplus", "reciprocal_no_nan"):
        data = floats(4, 6, low=1.1, high=3) if name == "acosh" else POSITIVE if name in ("log", "rsqrt", "sqrt", "reciprocal") else (
            WIDE if name in ("erf", "erfc", "rint", "round", "ceil", "floor", "sign", "tanh", "sigmoid", "softplus") else X)
        function = getattr(tf.math, name, None) or getattr(tf, name)
        yield graph(f"el-{name.replace('_', '-')}", function, data)
    for name in ("elu", "relu", "relu6", "selu", "silu", "softmax", "log_softmax", "softsign", "softplus"):
        yield graph(f"nn-{name.replace('_', '-')}", getattr(tf.nn, name), WIDE)
    yield graph("nn-gelu", lambda x: tf.nn.gelu(x), WIDE)
    yield graph("nn-gelu-approximate", lambda x: tf.nn.gelu(x, approximate=True), WIDE)
    yield graph("nn-leaky", lambda x: tf.nn.leaky_relu(x, 0.3), WIDE)
    yield graph("nn-softmax-axis", lambda x: tf.nn.softmax(x, axis=1), X)
    yield graph("nn-log-softmax-axis", lambda x: tf.nn.log_softmax(x, axis=1), X)
    yield graph("el-special", lambda x: tf.stack([x / 0.0, tf.math.log(x), tf.sqrt(x)]), given([[0.0, 1.0, -1.0]] * 3))
    for name in ("is_finite", "is_nan", "is_inf"):
        yield graph(f"el-{name.replace('_', '-')}-values", lambda x, n=name: getattr(tf.math, n)(tf.math.log(x)), given([[0.0, 1.0, -1.0]] * 3))


def binary():
    for name in ("add", "subtract", "multiply", "divide", "maximum", "minimum", "squared_difference", "atan2", "floordiv", "floormod",
                 "pow", "mod", "truediv", "divide_no_nan", "multiply_no_nan", "xlogy", "xdivy", "xlog1py"):
        function = getattr(tf.math, name, None) or getattr(tf, name)
        left = POSITIVE if name in ("pow",) else X
        right = POSITIVE if name.startswith("xlog") else WIDE
        yield graph(f"bin-{name.replace('_', '-')}", function, left, right)
    yield graph("bin-truncatediv-int", lambda a, b: tf.truncatediv(a, b), I, integers(4, 6, low=1, below=5))
    yield graph("bin-truncatemod", lambda a, b: tf.truncatemod(a, b), I, integers(4, 6, low=1, below=5))
    yield graph("bin-floordiv-int", lambda a, b: a // b, I, integers(4, 6, low=-4, below=-1))
    yield graph("bin-floormod-int", lambda a, b: a % b, I, integers(4, 6, low=-4, below=-1))
    yield graph("bin-floormod-float", lambda a, b: a % b, WIDE, floats(4, 6, low=-2, high=-0.5))
    yield graph("bin-int-overflow", lambda x: x * x, integers(5, low=100000, below=2000000))
    yield graph("bin-int-add", lambda x: (x + 3) * 2 - x, I)
    yield graph("bin-int-pow", lambda x: tf.pow(x, 3), I)
    yield graph("bin-broadcast", lambda a, b: a[:, :, None] * b[:, None, :] + 1.0, floats(4), floats(5))
    yield graph("bin-xlogy-zero", lambda x: tf.math.xlogy(tf.zeros_like(x), x * 0.0), X)
    yield graph("bin-xdivy-zero", lambda x: tf.math.xdivy(tf.nn.relu(x), x * 0.0 + tf.nn.relu(x)), X)
    yield graph("bin-divnonan-zero", lambda x: tf.math.divide_no_nan(x, tf.nn.relu(x)), X)
    for name in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"):
        yield graph(f"cmp-{name.replace('_', '-')}", lambda a, b, n=name: getattr(tf.math, n)(tf.round(a), tf.round(b)), WIDE, WIDE)
    yield graph("cmp-int", lambda a, b: tf.math.greater(a, b), I, I)
    yield graph("cmp-approximate", lambda a, b: tf.raw_ops.ApproximateEqual(x=a, y=b, tolerance=0.3), X, X)
    for name in ("logical_and", "logical_or", "logical_xor"):
        yield graph(f"bool-{name.replace('_', '-')}", getattr(tf.math, name), bools(4), bools(4))
    yield graph("bool-not", tf.math.logical_not, bools(4))
    for name in ("bitwise_and", "bitwise_or", "bitwise_xor", "left_shift", "right_shift"):
        yield graph(f"bit-{name.replace('_', '-')}", lambda a, b, n=name: getattr(tf.bitwise, n)(a, b), integers(5, below=99), integers(5, below=5))
    yield graph("bit-invert", lambda x: tf.bitwise.invert(x), I)
    yield graph("where", lambda a, b: tf.where(a > b, a, b * 2), X, X)
    yield graph("where-broadcast", lambda a: tf.where(a > 0, a, 0.5), X)
    yield graph("where-column", lambda a, b: tf.where(b[:, :, None] > 0, a, -a), X, floats(4))
    yield graph("where-old", lambda a, b: tf.raw_ops.Select(condition=b > 0, x=a, y=-a), floats(4, 6), floats(4, 6))
    yield graph("where-int", lambda a: tf.where(a > 0, a, -a * 2), I)
    yield graph("clip", lambda x: tf.clip_by_value(x, -0.5, 0.25), X)
    yield graph("clip-norm", lambda x: tf.clip_by_norm(x, 0.5, axes=[2]), X)
    yield graph("clip-tensor", lambda x: tf.clip_by_value(x, tf.constant([-0.5] * 6), tf.constant([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])), X)
    yield graph("l2-normalize", lambda x: tf.math.l2_normalize(x, axis=-1), X)
    yield graph("polyval", lambda x: tf.math.polyval([0.5, -1.0, 2.0], x), X)
    yield graph("addn", lambda x: tf.add_n([x, x * 2, tf.square(x)]), X)
    yield graph("lerp", lambda a, b: a + 0.3 * (b - a), X, X)


def casts():
    for target in ("int32", "bool", "float16", "int64", "uint8", "float64", "bfloat16", "int8", "int16"):
        data = floats(4, 6, low=0, high=200) if target.startswith("u") else WIDE
        yield graph(f"cast-{target}", lambda x, t=target: tf.cast(tf.cast(x, t), tf.float32), data)
    yield graph("cast-half-range", lambda x: tf.cast(tf.cast(x * 1000, tf.float16), tf.float32), X)
    yield graph("cast-int-float", lambda x: tf.cast(x, tf.float32) / 3, I)
    yield graph("cast-bool-float", lambda x: tf.cast(x, tf.float32) * 2, bools(5))
    yield graph("cast-bool-int", lambda x: tf.cast(x, tf.int32) + 1, bools(5))
    yield graph("cast-saturate", lambda x: tf.saturate_cast(x * 300, tf.uint8), X)
    yield graph("half-chain", lambda x: tf.cast(tf.cast(x, tf.float16) * tf.constant(1.5, tf.float16) + tf.constant(0.1, tf.float16), tf.float32), X)
    for source, target in (("float32", "int32"), ("int32", "float32")):
        yield graph(f"bitcast-{source}", lambda x, t=target: tf.bitcast(x, t), X if source == "float32" else integers(5, low=900000000, below=1100000000))
    yield graph("bitcast-uint8", lambda x: tf.cast(tf.bitcast(x, tf.uint8), tf.int32), floats(5))


def reductions():
    for name in ("sum", "mean", "max", "min", "prod", "logsumexp", "euclidean_norm", "std", "variance"):
        function = getattr(tf.math, f"reduce_{name}")
        yield graph(f"red-{name}", lambda x, f=function: f(x, axis=-1), X)
        yield graph(f"red-{name}-keep", lambda x, f=function: f(x, axis=[1, 2], keepdims=True), X)
    for name in ("all", "any"):
        function = getattr(tf.math, f"reduce_{name}")
        yield graph(f"red-{name}", lambda x, f=function: f(x > 0, axis=1), X)
        yield graph(f"red-{name}-keep", lambda x, f=function: f(x > -0.8, axis=[-1], keepdims=True), X)
    yield graph("red-int-sum", lambda x: tf.reduce_sum(x, axis=1), I)
    yield graph("red-int-mean", lambda x: tf.reduce_mean(x, axis=1), I)
    yield graph("red-int-max", lambda x: tf.reduce_max(x, axis=[1, 2]), I)
    yield graph("red-none", lambda x: tf.reduce_sum(x, axis=[]), X)
    for name in ("argmax", "argmin"):
        function = getattr(tf.math, name)
        yield graph(f"{name}", lambda x, f=function: f(x, axis=-1, output_type=tf.int32), X)
        yield graph(f"{name}-axis1", lambda x, f=function: f(x, axis=1), X)
        yield graph(f"{name}-ties", lambda x, f=function: f(tf.round(x), axis=-1), X)
    for name in ("cumsum", "cumprod"):
        function = getattr(tf.math, name)
        yield graph(f"{name}", lambda x, f=function: f(x, axis=1), X)
        yield graph(f"{name}-negative", lambda x, f=function: f(x, axis=-1), X)
        yield graph(f"{name}-negative2", lambda x, f=function: f(x, axis=-2), X)
        yield graph(f"{name}-exclusive", lambda x, f=function: f(x, axis=-1, exclusive=True), X)
        yield graph(f"{name}-reverse", lambda x, f=function: f(x, axis=2, reverse=True), X)
        yield graph(f"{name}-both", lambda x, f=function: f(x, axis=-2, reverse=True, exclusive=True), X)
    yield graph("cumsum-int", lambda x: tf.cumsum(x, axis=-1), I)
    yield graph("cumsum-1d-items", lambda x: tf.cumsum(x, axis=-1), floats(7))
    yield graph("cumlogsumexp", lambda x: tf.math.cumulative_logsumexp(x, axis=-1), X)
    yield graph("moments", lambda x: tf.nn.moments(x, [1], keepdims=True), X)
    yield graph("normalize-moments", lambda x: tf.nn.batch_normalization(x, *tf.nn.moments(x, [2], keepdims=True), 0.1, 1.5, 1e-3), X)
    yield graph("topk", lambda x: tf.math.top_k(x, 3), X)
    yield graph("topk-values", lambda x: tf.math.top_k(x, 2).values, X)
    yield graph("topk-int", lambda x: tf.math.top_k(x, 3).values, I)
    yield graph("sort", lambda x: tf.sort(x, axis=-1), X)
    yield graph("sort-down", lambda x: tf.sort(x, axis=-1, direction="DESCENDING"), X)
    yield graph("argsort", lambda x: tf.argsort(x, axis=-1), X)
    yield graph("sort-axis1", lambda x: tf.sort(x, axis=1), X)
    yield graph("intopk", lambda x: tf.math.in_top_k(tf.constant([1, 2, 0]), x[:, 0, :], 2), X)
    yield graph("intopk-input", lambda x, t: tf.math.in_top_k(t[:, 0], x, 2), floats(6), integers(1, below=6))
    yield graph("histogram-fixed", lambda x: tf.histogram_fixed_width(x[0], [-1.0, 1.0], 5)[None], X)
    yield graph("bincount", lambda x: tf.math.bincount(x, minlength=6, maxlength=6, axis=-1), integers(5, below=6))
    yield graph("bincount-weights", lambda x, w: tf.math.bincount(x, weights=w, minlength=6, maxlength=6, axis=-1), integers(5, below=6), floats(5))
    yield graph("bincount-binary", lambda x: tf.math.bincount(x, minlength=6, maxlength=6, axis=-1, binary_output=True), integers(5, below=6))
    yield graph("bucketize", lambda x: tf.raw_ops.Bucketize(input=x, boundaries=[-0.5, 0.0, 0.25]), X)
    yield graph("searchsorted", lambda x: tf.searchsorted(tf.sort(x[:, 0], axis=-1), x[:, 1], side="right"), X)
    yield graph("searchsorted-left", lambda x: tf.searchsorted(tf.sort(x[:, 0], axis=-1), x[:, 1]), X)
    yield graph("cross-product", lambda a, b: tf.linalg.cross(a, b), floats(4, 3), floats(4, 3))
    yield graph("confusion", lambda x: tf.math.confusion_matrix(x[:, 0], x[:, 1], 4), integers(2, below=4))
    yield graph("zero-fraction", lambda x: tf.nn.zero_fraction(tf.nn.relu(x)), X)
    yield graph("lrn", lambda x: tf.nn.local_response_normalization(x, 2, 1.0, 0.5, 0.75), floats(4, 4, 6))


def special():
    for name, function in [
        ("lgamma", tf.math.lgamma), ("digamma", tf.math.digamma), ("ndtri", lambda x: tf.math.ndtri((x + 1) / 2.2)),
        ("erfinv", tf.math.erfinv), ("bessel-i0", tf.math.bessel_i0), ("bessel-i0e", tf.math.bessel_i0e),
        ("bessel-i1", tf.math.bessel_i1), ("polygamma", lambda x: tf.math.polygamma(1.0, x + 2.0)),
        ("igamma", lambda x: tf.math.igamma(x + 2.0, x + 1.5)), ("betainc", lambda x: tf.math.betainc(x + 2.0, x + 1.5, (x + 1) / 2)),
        ("zeta", lambda x: tf.math.zeta(x + 3.0, x + 2.0)),
    ]:
        yield graph(f"sp-{name}", function, floats(4, low=-0.9, high=0.9), refused=f"{name.split('-')[0]}")
    yield graph("sp-lbeta", lambda x: tf.math.lbeta(x + 2.0), X, refused="gamma")


def cases():
    for make in (elementwise, binary, casts, reductions, special):
        yield from make()
