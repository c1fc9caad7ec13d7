"""Operations that move, pick and place values: shapes, slices, gathers, scatters, diagonals, segments."""

import numpy as np

from case_file import bools, floats, given, integers
from frameworks import tf
from graph_case import graph

X = floats(4, 6)
I = integers(4, 6, low=-9, below=10)


def shapes():
    yield graph("reshape", lambda x: tf.reshape(x, [-1, 24]), X)
    yield graph("reshape-shape", lambda x: tf.reshape(x, [tf.shape(x)[0], 2, 12]), X)
    yield graph("reshape-merge", lambda x: tf.reshape(x, [-1, 6]), X)
    yield graph("transpose", lambda x: tf.transpose(x, [0, 2, 1]), X)
    yield graph("transpose-items", lambda x: tf.transpose(x, [1, 0, 2]), X)
    yield graph("expand-squeeze", lambda x: tf.squeeze(tf.expand_dims(x, 2)[:, :1], axis=[1, 2]), X)
    yield graph("squeeze-all", lambda x: tf.squeeze(x), floats(1, 4, 1))
    yield graph("concat", lambda x: tf.concat([x, x * 2, x[:, :, :1]], axis=-1), X)
    yield graph("concat-items", lambda x: tf.concat([x, x * 2], axis=0), X)
    yield graph("stack-unstack", lambda x: tf.stack(tf.unstack(x, axis=1)[::-1], axis=2), X)
    yield graph("stack-items", lambda x: tf.stack([x, -x], axis=0), X)
    yield graph("unstack-outputs", lambda x: tuple(tf.unstack(x, axis=1)), X)
    yield graph("split", lambda x: tuple(tf.split(x, 3, axis=2)), X)
    yield graph("split-sizes", lambda x: tuple(tf.split(x, [1, 2, 3], axis=-1)), X)
    yield graph("split-rest", lambda x: tuple(tf.split(x, [1, -1], axis=-1)), X)
    yield graph("slice", lambda x: x[:, 1:3, ::2], X)
    yield graph("slice-negative", lambda x: x[:, -3:-1, ::-1], X)
    yield graph("slice-new-axis", lambda x: x[:, tf.newaxis, ..., 2], X)
    yield graph("slice-ellipsis", lambda x: x[..., 1:2], X)
    yield graph("slice-item", lambda x: x[0], X)
    yield graph("slice-items", lambda x: x[1:], X)
    yield graph("slice-items-reverse", lambda x: x[::-1], X)
    yield graph("slice-size", lambda x: tf.slice(x, [0, 1, 2], [-1, 2, 3]), X)
    yield graph("slice-strided-beyond", lambda x: x[:, 1:100, 5:0:-2], X)
    yield graph("slice-dynamic", lambda x, i: x[:, i[0, 0]:i[0, 0] + 2], X, given([[1], [1], [1]], dtype=np.int32))
    yield graph("tile", lambda x: tf.tile(x, [1, 2, 1]), X)
    yield graph("tile-items", lambda x: tf.tile(x, [2, 1, 1]), X)
    yield graph("repeat", lambda x: tf.repeat(x, 2, axis=1), X)
    yield graph("repeat-each", lambda x: tf.repeat(x, [1, 0, 2, 3], axis=1), X)
    yield graph("pad", lambda x: tf.pad(x, [[0, 0], [1, 2], [0, 1]]), X)
    yield graph("pad-value", lambda x: tf.pad(x, [[0, 0], [1, 2], [0, 1]], constant_values=-1.5), X)
    for mode in ("REFLECT", "SYMMETRIC"):
        yield graph(f"pad-{mode.lower()}", lambda x, m=mode: tf.pad(x, [[0, 0], [2, 1], [3, 2]], mode=m), X)
        yield graph(f"pad-{mode.lower()}-4d", lambda x, m=mode: tf.pad(x, [[0, 0], [2, 1], [1, 2], [0, 0]], mode=m), floats(5, 6, 3))
    yield graph("pad-items", lambda x: tf.pad(x, [[1, 0], [0, 0], [0, 0]]), X)
    yield graph("reverse", lambda x: tf.reverse(x, [1]), X)
    yield graph("reverse-two", lambda x: tf.reverse(x, [-1, 1]), X)
    yield graph("reverse-items", lambda x: tf.reverse(x, [0]), X)
    yield graph("reverse-bool", lambda x: tf.reverse(x, [1]), bools(5))
    yield graph("reverse-bool-2d", lambda x: tf.reverse(x > 0, [1, 2]), X)
    yield graph("reverse-sequence", lambda x: tf.reverse_sequence(x, [2, 4, 1], seq_axis=1, batch_axis=0), X)
    yield graph("reverse-sequence-input", lambda x, n: tf.reverse_sequence(x, n[:, 0], seq_axis=2, batch_axis=0), X, integers(1, low=1, below=6))
    for shift, axis in [(1, 1), (-2, 2), (9, -1)]:
        yield graph(f"roll{shift}-axis{axis}", lambda x, s=shift, a=axis: tf.roll(x, s, a), X)
    yield graph("roll-two", lambda x: tf.roll(x, [1, -2], [1, 2]), X)
    yield graph("roll-items", lambda x: tf.roll(x, 1, 0), X)
    yield graph("broadcast-to", lambda x: tf.broadcast_to(x[:, :, :1], tf.shape(x)) * 2, X)
    yield graph("broadcast-args", lambda x: tf.broadcast_to(x[:, :1], tf.broadcast_dynamic_shape(tf.shape(x), tf.shape(x[:, :, :1]))), X)
    yield graph("broadcast-args-shape", lambda x: tf.raw_ops.BroadcastArgs(s0=tf.shape(x), s1=tf.constant([1, 6])), X)
    yield graph("ensure-shape", lambda x: tf.ensure_shape(x, [None, 4, 6]) * 2, X)
    yield graph("shape-rank-size", lambda x: (tf.shape(x), tf.rank(x), tf.size(x)), X)
    yield graph("shape-n", lambda x: tuple(tf.shape_n([x, x[:, 0]])), X)
    yield graph("zeros-ones-like", lambda x: tf.ones_like(x) * 3 + tf.zeros_like(x), X)
    yield graph("fill", lambda x: tf.fill([tf.shape(x)[0], 2], 1.5), X)
    yield graph("range", lambda x: x + tf.range(6, dtype=tf.float32), X)
    yield graph("range-dynamic", lambda x: tf.cast(tf.range(0, tf.shape(x)[1] * 2, 2), tf.float32)[None, :, None] + x, X)
    yield graph("range-items", lambda x: tf.range(tf.shape(x)[0]), X)
    yield graph("linspace", lambda x: tf.linspace(0.0, 1.0, 6) + x, X)
    yield graph("linspace-input", lambda x: tf.linspace(x[0, 0, 0], x[0, 0, 1], 5), X)
    yield graph("meshgrid", lambda x: tf.stack(tf.meshgrid(tf.range(6.0), tf.range(4.0)), -1)[None] + x[..., None], X)
    for name in ("space_to_depth", "depth_to_space"):
        data = floats(4, 4, 8)
        yield graph(f"{name.replace('_', '-')}", lambda x, n=name: getattr(tf.nn, n)(x, 2), data)
    yield graph("space-to-depth-4", lambda x: tf.nn.space_to_depth(x, 4), floats(8, 4, 3))
    yield graph("space-to-batch", lambda x: tf.space_to_batch(x, [2, 2], [[0, 0], [2, 0]]), floats(4, 4, 3))
    yield graph("batch-to-space", lambda x: tf.batch_to_space(tf.space_to_batch(x, [2, 2], [[0, 0], [0, 0]]), [2, 2], [[0, 1], [1, 0]]), floats(4, 4, 3))
    yield graph("identity-n", lambda x: tf.identity_n([x, x * 2]), X)
    yield graph("const-out", lambda x: {"y": x, "c": tf.constant([[1.0, 2.0]])}, X)
    yield graph("const-only", lambda x: tf.constant([[1.0, 2.0]]) + 0 * tf.zeros_like(tf.constant([[1.0, 2.0]])), X)
    yield graph("stop-gradient", lambda x: tf.stop_gradient(x) + tf.raw_ops.PreventGradient(input=x), X)


def picks():
    yield graph("gather", lambda x: tf.gather(x, [3, 0, 0], axis=2), X)
    yield graph("gather-2d", lambda x: tf.gather(x, [[3, 0], [1, 1]], axis=1), X)
    yield graph("gather-items", lambda x: tf.gather(x, [2, 0], axis=0), X)
    yield graph("gather-table", lambda i: tf.gather(tf.constant(np.arange(15.0, dtype=np.float32).reshape(5, 3)), i), integers(4, below=5))
    yield graph("gather-batch", lambda x, i: tf.gather(x, i, axis=1, batch_dims=1), X, integers(3, below=4))
    yield graph("gather-batch2", lambda x, i: tf.gather(x, i, axis=2, batch_dims=2), X, integers(4, 3, below=6))
    yield graph("gather-batch-axis2", lambda x, i: tf.gather(x, i, axis=2, batch_dims=1), X, integers(2, below=6))
    yield graph("gather-nd", lambda x: tf.gather_nd(x, [[0, 1], [2, 3]]), X)
    yield graph("gather-nd-batch", lambda x, i: tf.gather_nd(x, i, batch_dims=1), X, integers(2, 1, below=4))
    yield graph("gather-nd-full", lambda x: tf.gather_nd(x, [[0, 1, 2], [2, 3, 5]]), X)
    yield graph("boolean-mask", lambda x: tf.boolean_mask(x, x > 0), X)
    yield graph("boolean-mask-rows", lambda x: tf.boolean_mask(x, x[:, 0, 0] > 0), X)
    yield graph("boolean-mask-axis", lambda x: tf.boolean_mask(x, [True, False, True, True], axis=1), X)
    yield graph("where-indices", lambda x: tf.where(x > 0), X)
    yield graph("unique", lambda x: tf.unique(tf.reshape(tf.cast(x, tf.int32), [-1])), I)
    yield graph("unique-values", lambda x: tf.unique(tf.reshape(x, [-1])).y, I)
    yield graph("unique-counts", lambda x: tf.unique_with_counts(tf.reshape(x, [-1])).count, I)
    yield graph("unique-axis", lambda x: tf.raw_ops.UniqueV2(x=tf.cast(tf.round(x[:, 0]), tf.float32), axis=[1]).y, X)
    yield graph("setdiff", lambda x: tf.raw_ops.ListDiff(x=tf.range(6), y=tf.cast(tf.abs(x[0, 0, :2]) * 3, tf.int32)).out, X)
    yield graph("set-intersection", lambda x: tf.sparse.to_dense(tf.sets.intersection(x, x + 1)), integers(4, below=6))
    yield graph("set-union", lambda x: tf.sparse.to_dense(tf.sets.union(x, x + 1)), integers(4, below=6))
    yield graph("dynamic-partition", lambda x: tf.dynamic_partition(x, tf.cast(x > 0, tf.int32), 2), X)
    yield graph("dynamic-partition-rows", lambda x: tf.dynamic_partition(x, tf.constant([0, 1, 0]), 2), X)
    yield graph("dynamic-stitch", lambda x: tf.dynamic_stitch([[0, 2], [1, 3]], [x[0, :2], x[1, :2]]), X)
    yield graph("dynamic-both", lambda x: (lambda f: tf.reshape(tf.dynamic_stitch(
        tf.dynamic_partition(tf.range(tf.size(f)), tf.cast(f > 0, tf.int32), 2),
        [p * m for p, m in zip(tf.dynamic_partition(f, tf.cast(f > 0, tf.int32), 2), (2.0, 3.0))]), tf.shape(x)))(tf.reshape(x, [-1])), X)
    yield graph("parallel-stitch", lambda x: tf.raw_ops.ParallelDynamicStitch(indices=[[0, 2], [1, 3]], data=[x[0, :2], x[1, :2]]), X)
    for axis in (-1, 1, 0, 2):
        yield graph(f"onehot-axis{axis}", lambda i, a=axis: tf.one_hot(i, 5, axis=a), integers(4, below=6))
    yield graph("onehot-on-off", lambda i: tf.one_hot(i, 5, on_value=2.5, off_value=-1.0), integers(4, below=5))
    yield graph("onehot-int", lambda i: tf.one_hot(i, 5, on_value=7, off_value=3), integers(4, below=5))
    yield graph("onehot-bool", lambda i: tf.one_hot(i, 5, on_value=True, off_value=False), integers(4, below=5))
    yield graph("onehot-argmax", lambda x: tf.one_hot(tf.argmax(x, -1), 6), X)


def places():
    yield graph("scatter-nd", lambda x: tf.scatter_nd([[1], [3], [0]], x[:, 0], [5, 6]), X)
    yield graph("scatter-nd-repeated", lambda x: tf.scatter_nd([[1], [1], [0]], x[:, 0], [5, 6]), X)
    for name in ("add", "sub", "min", "max", "update"):
        function = getattr(tf, f"tensor_scatter_nd_{name}")
        yield graph(f"ts-{name}", lambda x, f=function: f(x, [[0, 1, 2], [2, 3, 4]], [5.0, -6.0]), X)
        yield graph(f"ts-{name}-rows", lambda x, f=function: f(x, [[0, 1], [2, 0]], x[0, 2:4]), X)
        indices = [[0, 1, 2], [0, 1, 2], [2, 3, 4]] if name != "update" else [[0, 1, 2], [1, 1, 2], [2, 3, 4]]
        yield graph(f"ts-{name}-repeated", lambda x, f=function, i=indices: f(x, i, [5.0, -6.0, 0.1]), X)
    yield graph("ts-update-int", lambda x: tf.tensor_scatter_nd_update(x, [[0, 1, 2]], [77]), I)
    for name in ("sum", "mean", "max", "min", "prod"):
        yield graph(f"seg-{name}", lambda x, n=name: getattr(tf.math, f"segment_{n}")(tf.transpose(x, [1, 0, 2]), [0, 0, 1, 3]), X)
        yield graph(f"useg-{name}", lambda x, n=name: getattr(tf.math, f"unsorted_segment_{n}")(tf.transpose(x, [1, 0, 2]), [2, 0, 2, 1], 4), X)
    yield graph("useg-sum-2d-ids", lambda x: tf.math.unsorted_segment_sum(x[0], [[2, 0, 2, 1, -1, 0]] * 4, 4), X)
    yield graph("useg-sqrtn", lambda x: tf.math.unsorted_segment_sqrt_n(tf.transpose(x, [1, 0, 2]), [2, 0, 2, 1], 4), X)
    yield graph("useg-input-ids", lambda x, i: tf.math.unsorted_segment_sum(tf.transpose(x, [1, 0, 2]), i[0], 4), X, given([[0, 1, 1, 3]] * 3, dtype=np.int32))
    yield graph("sparse-seg-sum", lambda x: tf.sparse.segment_sum(x[0], [0, 2, 3], [0, 0, 1]), X)
    yield graph("sparse-seg-mean", lambda x: tf.sparse.segment_mean(x[0], [0, 2, 3], [0, 0, 1]), X)


def diagonals():
    yield graph("diag", lambda x: tf.linalg.diag(x), floats(4))
    yield graph("diag-k", lambda x: tf.linalg.diag(x, k=1), floats(4))
    yield graph("diag-k-minus", lambda x: tf.linalg.diag(x, k=-2, padding_value=0.5), floats(4))
    yield graph("diag-band", lambda x: tf.linalg.diag(x, k=(-1, 1)), floats(3, 4))
    yield graph("diag-old", lambda x: tf.raw_ops.MatrixDiag(diagonal=x), floats(4))
    yield graph("diag-part", lambda x: tf.linalg.diag_part(x), X)
    yield graph("diag-part-k", lambda x: tf.linalg.diag_part(x, k=2), X)
    yield graph("diag-part-band", lambda x: tf.linalg.diag_part(x, k=(-1, 2), padding_value=7.0), X)
    yield graph("diag-part-left", lambda x: tf.linalg.diag_part(x, k=(-1, 2), align="LEFT_RIGHT"), X)
    yield graph("diag-part-old", lambda x: tf.raw_ops.MatrixDiagPart(input=x), X)
    yield graph("set-diag", lambda x: tf.linalg.set_diag(x, x[:, :, 0] * 9), X)
    yield graph("set-diag-k", lambda x: tf.linalg.set_diag(x, x[:, :, 0] * 9, k=1), X)
    yield graph("trace", lambda x: tf.linalg.trace(x), X)
    for low, high in [(0, -1), (-1, 0), (1, 2), (2, 0), (0, 0), (-1, 1), (3, -1)]:
        yield graph(f"band{low}_{high}", lambda x, a=low, b=high: tf.linalg.band_part(x, a, b), X)
    yield graph("eye", lambda x: tf.eye(4, 6) * x, X)
    yield graph("eye-batch", lambda x: tf.eye(3, batch_shape=[2]) + x[:2, :3, :3], X)
    yield graph("eye-dynamic", lambda x: tf.eye(tf.shape(x)[1], tf.shape(x)[2]) * x, X)
    yield graph("tril-mask", lambda x: x * tf.linalg.band_part(tf.ones([4, 6]), -1, 0), X)
    yield graph("causal-scores", lambda x: tf.nn.softmax(tf.where(tf.linalg.band_part(tf.ones([4, 4], tf.bool), -1, 0), tf.matmul(x, x, transpose_b=True), -1e9)), X)
    yield graph("diag-whole", lambda x: tf.raw_ops.Diag(diagonal=x[0]), floats(4))
    yield graph("diag-part-whole", lambda x: tf.raw_ops.DiagPart(input=tf.matmul(x[0], x[0], transpose_b=True)), X)


def cases():
    for make in (shapes, picks, places, diagonals):
        yield from make()
