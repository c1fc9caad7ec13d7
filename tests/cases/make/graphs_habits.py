"""What models do around their operations: mixing items, control flow, tables, text, sparse and ragged values, quantising, signatures."""

import numpy as np

from case_file import bools, floats, given, integers
from frameworks import tf
from graph_case import graph, weight

X = floats(4, 6)
def mixing():
    for name in ("sum", "mean", "max", "min", "prod", "std", "logsumexp"):
        function = getattr(tf.math, f"reduce_{name}")
        yield graph(f"mix-{name}-items", lambda x, f=function: f(x, axis=0), X)
        yield graph(f"mix-{name}-keep", lambda x, f=function: f(x, axis=0, keepdims=True), X)
        yield graph(f"mix-{name}-minus", lambda x, f=function: x - f(x, axis=0, keepdims=True), X)
        yield graph(f"mix-{name}-all", lambda x, f=function: f(x), X)
        yield graph(f"mix-{name}-all-scale", lambda x, f=function: x / (2.0 + f(x)), X)
    yield graph("mix-argmax-items", lambda x: tf.argmax(x, axis=0), X)
    yield graph("mix-softmax-items", lambda x: tf.nn.softmax(x, axis=0), X)
    yield graph("mix-cumsum-items", lambda x: tf.cumsum(x, axis=0), X)
    yield graph("mix-norm-items", lambda x: x / tf.norm(x), X)
    yield graph("mix-l2-items", lambda x: tf.math.l2_normalize(x, axis=0), X)
    yield graph("mix-batch-norm", lambda x: tf.nn.batch_normalization(x, *tf.nn.moments(x, [0]), 0.1, 1.2, 1e-3), X)
    yield graph("mix-gram", lambda x: tf.matmul(x, x, transpose_b=True), floats(6))
    yield graph("mix-gram-t", lambda x: tf.matmul(x, x, transpose_a=True), floats(6))
    yield graph("mix-distance", lambda x: tf.reduce_sum(tf.square(x[:, None] - x[None]), -1), floats(6))
    yield graph("mix-reshape", lambda x: tf.reshape(x, [1, -1]), X)
    yield graph("mix-reshape-dense", lambda x: tf.matmul(tf.reshape(x, [-1, 6]), weight(6, 2)), X)
    yield graph("mix-reshape-dense-back", lambda x: tf.reshape(tf.matmul(tf.reshape(x, [-1, 6]), weight(6, 2)), [-1, 4, 2]), X)
    yield graph("mix-reshape-groups", lambda x: tf.reduce_max(tf.reshape(x, [-1, 2, 6]), axis=1), X)
    yield graph("mix-transpose-reduce", lambda x: tf.reduce_sum(tf.transpose(x, [1, 0, 2]), axis=1), X)
    yield graph("mix-sort-items", lambda x: tf.sort(x, axis=0), X)
    yield graph("mix-topk-items", lambda x: tf.math.top_k(tf.transpose(x[:, 0, :]), 2).values, X)
    yield graph("mix-size", lambda x: x * tf.cast(tf.shape(x)[0], tf.float32), X)
    yield graph("mix-first-item", lambda x: x - x[:1], X)
    yield graph("mix-shift-items", lambda x: tf.concat([x[1:], x[:1]], 0), X)
    yield graph("mix-two-outputs", lambda x: {"each": x * 2, "all": tf.reduce_mean(x)}, X)
    yield graph("mix-rows-and-max", lambda x: {"y": tf.nn.relu(x), "top": tf.reduce_max(x, axis=[0, 1])}, X)
    yield graph("mix-where-all", lambda x: tf.where(tf.reduce_any(x > 0.99), x, -x), X)
    yield graph("mix-range-items", lambda x: x + tf.cast(tf.range(tf.shape(x)[0]), tf.float32)[:, None, None], X)
    yield graph("mix-normalize-max", lambda x: x / tf.reduce_max(tf.abs(x)), X)
    yield graph("mix-bool-any", lambda x: tf.reduce_any(x > 0.9, axis=0), X)
    yield graph("mix-matmul-items", lambda x: tf.matmul(tf.ones([1, 1]) * tf.reduce_sum(x), tf.ones([1, 2])), X)
    yield graph("free-scalar", lambda x, s: x * s, X, lambda rng: np.float32(1.5))
    yield graph("free-scalar-int", lambda x, s: x[:, :, :1] * tf.cast(s, tf.float32), X, lambda rng: np.int32(3))
    yield graph("free-vector", lambda x: x * 2, floats())
    yield graph("free-sum-vector", lambda x: tf.reduce_sum(x), floats())
    yield graph("unbatched-picture", lambda x: tf.image.resize(x, [4, 4]), lambda rng: rng.uniform(0, 1, (6, 7, 3)).astype(np.float32), shapes=[(None, None, 3)])
    yield graph("fixed-matrix", lambda x: tf.matmul(x, weight(6, 2)), lambda rng: rng.uniform(0, 1, (4, 6)).astype(np.float32), shapes=[(4, 6)])
    yield graph("fixed-batch1", lambda x: tf.nn.relu(x - 0.2), lambda rng: rng.uniform(-1, 1, (1, 4, 6)).astype(np.float32), shapes=[(1, 4, 6)])
    yield graph("all-free", lambda x: tf.nn.relu(x) + tf.reduce_mean(x, -1, keepdims=True), X, shapes=[(None, None, None)])
    yield graph("second-table", lambda x, t: tf.gather(t, x), integers(4, below=3), lambda rng: rng.uniform(0, 1, (3, 5)).astype(np.float32), shapes=[(None, 4), (3, 5)])


def flow():
    yield graph("cond", lambda x: tf.cond(tf.reduce_sum(x) > 0, lambda: x * 2, lambda: -x), X)
    yield graph("cond-input", lambda x, b: tf.cond(b, lambda: x * 2, lambda: -x), X, lambda rng: np.bool_(True))
    yield graph("cond-nested", lambda x: tf.cond(tf.reduce_max(x) > 0.5, lambda: tf.cond(tf.reduce_min(x) > 0, lambda: x, lambda: x * 3), lambda: -x), X)
    yield graph("case", lambda x: tf.switch_case(tf.cast(tf.reduce_sum(x) > 0, tf.int32), [lambda: x, lambda: x * 2]), X)
    yield graph("while", lambda x: tf.while_loop(lambda i, v: i < 3, lambda i, v: (i + 1, tf.tanh(v) * 1.5), [0, x])[1], X)
    yield graph("while-value", lambda x: tf.while_loop(lambda v: tf.reduce_max(v) < 5.0, lambda v: (v * 2 + 0.1,), [x])[0], X)
    yield graph("while-nested", lambda x: tf.while_loop(lambda i, v: i < 2, lambda i, v: (i + 1, tf.while_loop(lambda j, w: j < 2, lambda j, w: (j + 1, w * 1.1), [0, v])[1] + 1), [0, x])[1], X)
    yield graph("while-steps", lambda x: tf.while_loop(lambda i, v: i < tf.shape(x)[1], lambda i, v: (i + 1, tf.tanh(v + x[:, i])), [0, tf.zeros_like(x[:, 0])])[1], X)
    for label, options in [("v2", {"control_flow_v2": True})]:
        yield graph(f"cond-{label}", lambda x: tf.cond(tf.reduce_sum(x) > 0, lambda: x * 2, lambda: -x), X, **options)
        yield graph(f"while-{label}", lambda x: tf.while_loop(lambda i, v: i < 3, lambda i, v: (i + 1, tf.tanh(v) * 1.5), [0, x])[1], X, **options)
        yield graph(f"scan-{label}", lambda x: tf.transpose(tf.scan(lambda s, t: tf.tanh(s + t), tf.transpose(x, [1, 0, 2])), [1, 0, 2]), X, **options)
    yield graph("scan", lambda x: tf.transpose(tf.scan(lambda s, t: tf.tanh(s + t), tf.transpose(x, [1, 0, 2])), [1, 0, 2]), X)
    yield graph("map-fn", lambda x: tf.map_fn(lambda t: t / tf.reduce_max(tf.abs(t)), x), X)
    yield graph("map-fn-steps", lambda x: tf.transpose(tf.map_fn(lambda t: tf.nn.softmax(t), tf.transpose(x, [1, 0, 2])), [1, 0, 2]), X)
    yield graph("vectorized-map", lambda x: tf.vectorized_map(lambda t: tf.matmul(t, t, transpose_b=True), x), X)
    yield graph("foldl", lambda x: tf.foldl(lambda a, t: a * 0.5 + t, tf.transpose(x, [1, 0, 2])), X)
    yield graph("tensorarray", _tensor_array, X)
    yield graph("assert", lambda x: _with_assert(x), X)
    yield graph("autograph-loop", _autograph(), X)
    yield graph("inner-function", lambda x: tf.function(lambda t: t * 2 + 1)(x), X)
    yield graph("print-free", lambda x: tf.grad_pass_through(tf.round)(x), X)
    kernel, bias = tf.Variable(weight(6, 3)), tf.Variable(np.float32([0.1, 0.2, 0.3]))
    yield graph("variables", lambda x: tf.nn.relu(tf.matmul(x, kernel) + bias), floats(6), variables=[kernel, bias])


def _tensor_array(x):
    array = tf.TensorArray(tf.float32, size=4)
    for step in range(4):
        array = array.write(step, tf.reduce_sum(x[:, step], -1) * step)
    return tf.transpose(array.stack())


def _with_assert(x):
    with tf.control_dependencies([tf.debugging.assert_less(tf.reduce_max(x), 100.0)]):
        return tf.identity(x) * 2


def _autograph():
    def run(x):
        total = tf.zeros_like(x[:, 0])
        for step in tf.range(tf.shape(x)[1]):
            if tf.equal(step % 2, 0):
                total += x[:, step]
            else:
                total -= x[:, step] * 0.5
        return total

    return tf.autograph.to_graph(run)


def recurrent_loops():
    kernel, recurrent, bias = weight(6, 20), weight(5, 20), weight(20)

    def lstm(x, backwards=False):
        def step(i, h, c, out):
            at = 3 - i if backwards else i
            z = tf.matmul(x[:, at], kernel) + tf.matmul(h, recurrent) + bias
            a, f, g, o = tf.split(z, 4, 1)
            c = tf.sigmoid(f) * c + tf.sigmoid(a) * tf.tanh(g)
            h = tf.sigmoid(o) * tf.tanh(c)
            return i + 1, h, c, out.write(i, h)

        zero = tf.zeros([tf.shape(x)[0], 5])
        _, h, _, out = tf.while_loop(lambda i, *_: i < 4, step, [0, zero, zero, tf.TensorArray(tf.float32, 4)])
        return {"last": h, "all": tf.transpose(out.stack(), [1, 0, 2])}

    yield graph("loop-lstm", lstm, X)
    yield graph("loop-lstm-back", lambda x: lstm(x, True), X)
    yield graph("loop-lstm-v2", lstm, X, control_flow_v2=True)
    yield graph("lstm-block", lambda x: tf.raw_ops.LSTMBlockCell(
        x=x, cs_prev=tf.zeros([3, 5]), h_prev=tf.zeros([3, 5]), w=weight(11, 20), wci=tf.zeros([5]), wcf=tf.zeros([5]), wco=tf.zeros([5]), b=bias).h, floats(6), refused="LSTMBlockCell")


def tables_and_text():
    def table(keys, values, default):
        return tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(tf.constant(keys), tf.constant(values)), default)

    words = given([["cat", "dog"], ["owl", "cat"], ["", "ant"]])
    for label, keys, values, default, data in [
        ("string-int", ["cat", "dog"], [7, 9], -1, words), ("string-float", ["cat", "dog"], [0.5, 0.25], -1.0, words),
        ("int-int", [3, 5], [30, 50], -1, integers(2, below=6)), ("int-float", [3, 5], [0.5, 0.25], -1.0, integers(2, below=6)),
        ("int-string", [3, 5], ["cat", "dog"], "?", integers(2, below=6)),
    ]:
        # The table must exist before the function is traced, and be kept with the module.
        if label.startswith("string-int") or label.startswith("int"):
            values = np.array(values, dtype=np.int64) if label.endswith("-int") else values
            default = np.int64(default) if label.endswith("-int") else default
        keys = np.array(keys, dtype=np.int64) if label.startswith("int") else keys
        made = table(keys, values, default)
        yield graph(f"table-{label}", lambda x, t=made: t.lookup(tf.cast(x, tf.int64) if x.dtype == tf.int32 else x), data, variables=[made])
        yield graph(f"table-{label}-1d", lambda x, t=made: t.lookup(tf.cast(x[:, 0], tf.int64) if x.dtype == tf.int32 else x[:, 0]), data, variables=[made])
        yield graph(f"table-{label}-3d", lambda x, t=made: t.lookup((tf.cast(x, tf.int64) if x.dtype == tf.int32 else x)[:, :, None]), data, variables=[made])
    text = given([["the Cat  sat"], ["A dog, a cat!"], ["owl ünï"]])
    yield graph("text-lower", lambda x: tf.strings.lower(x), text)
    yield graph("text-upper", lambda x: tf.strings.upper(x), text)
    yield graph("text-length", lambda x: tf.strings.length(x), text)
    yield graph("text-length-utf8", lambda x: tf.strings.length(x, unit="UTF8_CHAR"), text)
    yield graph("text-strip", lambda x: tf.strings.strip(tf.strings.join(["  ", x, "\n"])), text)
    yield graph("text-join", lambda x: tf.strings.join([x, x], "-"), text)
    yield graph("text-substr", lambda x: tf.strings.substr(x, 1, 3), text)
    yield graph("text-regex", lambda x: tf.strings.regex_replace(x, "[aeiou]+", "#"), text)
    yield graph("text-regex-once", lambda x: tf.strings.regex_replace(x, "([a-z])a", "\\1\\1", replace_global=False), text)
    yield graph("text-regex-match", lambda x: tf.strings.regex_full_match(x, ".*cat.*"), text)
    yield graph("text-split-dense", lambda x: tf.strings.split(x[:, 0]).to_tensor("-"), text)
    yield graph("text-bytes", lambda x: tf.strings.bytes_split(x[:, 0]).to_tensor(""), given([["abc"], ["de"], ["f"]]))
    yield graph("text-ngrams", lambda x: tf.strings.ngrams(x, 2), given([["a", "b", "c"], ["d", "e", "f"], ["g", "h", "i"]]))
    yield graph("text-hash-fast", lambda x: tf.strings.to_hash_bucket_fast(x, 100), text)
    yield graph("text-hash-strong", lambda x: tf.strings.to_hash_bucket_strong(x, 100, [3, 4]), text)
    yield graph("text-to-number", lambda x: tf.strings.to_number(x), given([["1.5"], ["-2"], ["3e2"]]))
    yield graph("text-to-int", lambda x: tf.strings.to_number(x, tf.int32), given([["15"], ["-2"], ["7"]]))
    yield graph("text-as-string", lambda x: tf.strings.as_string(x), integers(2, below=50))
    yield graph("text-as-float", lambda x: tf.strings.as_string(x, precision=2), floats(2))
    yield graph("text-reduce-join", lambda x: tf.strings.reduce_join(x, axis=1, separator=" "), words)
    yield graph("text-equal", lambda x: tf.equal(x, "cat"), words)
    yield graph("text-not-equal", lambda x: tf.not_equal(x, "cat"), words)
    yield graph("text-where", lambda x: tf.where(tf.equal(x, "cat"), 1.0, 0.0), words)
    yield graph("text-same", lambda x: tf.identity(x), words)
    yield graph("text-gather", lambda x: tf.gather(tf.constant(["zero", "one", "two"]), x), integers(2, below=3))
    yield graph("text-concat", lambda x: tf.concat([x, x], 1), words)
    yield graph("text-reshape", lambda x: tf.reshape(x, [-1, 1, 2]), words)
    yield graph("text-unicode-decode", lambda x: tf.strings.unicode_decode(x[:, 0], "UTF-8").to_tensor(), text, refused="unicode")
    yield graph("text-base64", lambda x: tf.io.encode_base64(x), words)
    yield graph("text-format", lambda x: tf.strings.format("{}", x), floats(2), refused="StringFormat")


def sparse_and_ragged():
    yield graph("sparse-dense", lambda x: tf.sparse.to_dense(tf.sparse.from_dense(tf.nn.relu(x))), X)
    yield graph("sparse-reduce", lambda x: tf.sparse.reduce_sum(tf.sparse.from_dense(tf.nn.relu(x)), 1), floats(6))
    yield graph("sparse-fill-empty", lambda x: tf.sparse.fill_empty_rows(tf.sparse.from_dense(tf.nn.relu(x - 0.6)), 9.0)[0].values, floats(3))
    yield graph("sparse-reshape", lambda x: tf.sparse.to_dense(tf.sparse.reshape(tf.sparse.from_dense(tf.nn.relu(x)), [-1, 3])), floats(6))
    yield graph("sparse-embedding", lambda x: tf.nn.safe_embedding_lookup_sparse(weight(6, 3), tf.sparse.from_dense(x)), integers(4, below=6))
    yield graph("sparse-slice", lambda x: tf.sparse.to_dense(tf.sparse.slice(tf.sparse.from_dense(x), [0, 1], [3, 3])), floats(6))
    yield graph("sparse-concat", lambda x: tf.sparse.to_dense(tf.sparse.concat(1, [tf.sparse.from_dense(x), tf.sparse.from_dense(x)])), floats(3))
    yield graph("sparse-to-dense-old", lambda x: tf.raw_ops.SparseToDense(sparse_indices=[[0, 1], [2, 3]], output_shape=[3, 4], sparse_values=x[:2, 0], default_value=-1.0), floats(2))
    yield graph("ragged-dense", lambda x: tf.ragged.boolean_mask(x, x > 0).to_tensor(), X)
    yield graph("ragged-sum", lambda x: tf.reduce_sum(tf.ragged.boolean_mask(x, x > 0), axis=1), floats(6))
    yield graph("ragged-mean", lambda x: tf.reduce_mean(tf.RaggedTensor.from_tensor(x, lengths=[2, 4, 1]), axis=1), X)
    yield graph("ragged-range", lambda x: tf.ragged.range(x[:, 0]).to_tensor(), integers(1, low=1, below=5))
    yield graph("ragged-gather", lambda x: tf.gather(tf.ragged.constant([[1.0, 2.0], [], [3.0]]), x[:, 0]).to_tensor(), integers(1, below=3))
    yield graph("ragged-lengths", lambda x: tf.ragged.boolean_mask(x, x > 0).row_lengths(), floats(6))
    yield graph("sequence-mask", lambda x: tf.sequence_mask(x[:, 0], 5), integers(1, below=6))
    yield graph("sequence-mask-float", lambda x: tf.sequence_mask(x[:, 0], 5, dtype=tf.float32), integers(1, below=6))
    yield graph("edit-distance", lambda x: tf.edit_distance(tf.sparse.from_dense(x), tf.sparse.from_dense(x + 1)), integers(4, below=6), refused="EditDistance")
    yield graph("ctc-greedy", lambda x: tf.sparse.to_dense(tf.nn.ctc_greedy_decoder(tf.transpose(x, [1, 0, 2]), [4, 4, 4])[0][0]), X, refused="CTC")


def even(*shape):
    """A constant that every kind of quantisation keeps as it is: multiples of 1/64 from −2 to 127/64, both among them."""
    steps = np.arange(np.prod(shape)) * 37 % 256
    steps[:2] = 0, 255
    return tf.constant((steps.reshape(shape) / 64 - 2).astype(np.float32))


def quantising():
    yield graph("fq-args", lambda x: tf.quantization.fake_quant_with_min_max_args(x, -0.8, 0.9), X)
    yield graph("fq-args-4", lambda x: tf.quantization.fake_quant_with_min_max_args(x, -0.8, 0.9, num_bits=4, narrow_range=True), X)
    yield graph("fq-vars", lambda x: tf.quantization.fake_quant_with_min_max_vars(x, -0.8, 0.9), X)
    yield graph("fq-vars-input", lambda x: tf.quantization.fake_quant_with_min_max_vars(x, tf.reduce_min(x[0]), tf.reduce_max(x[0])), X)
    yield graph("fq-positive", lambda x: tf.quantization.fake_quant_with_min_max_vars(x, 0.2, 0.9), X)
    yield graph("fq-channel", lambda x: tf.quantization.fake_quant_with_min_max_vars_per_channel(x, [-0.5] * 6, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]), X)
    yield graph("quantize-dequantize", lambda x: tf.quantization.quantize_and_dequantize_v2(x, -1.0, 1.0, range_given=True), X)
    for kind in ("float16", "uint8", "uint16"):
        yield graph(f"weights-{kind}", lambda x: tf.nn.relu(tf.matmul(x, even(6, 8)) + even(8)), floats(6), quantization_dtype_map={kind: "*"})
        yield graph(f"weights-{kind}-conv", lambda x: tf.nn.conv2d(x, even(3, 3, 3, 4), 1, "SAME"), floats(5, 5, 3), quantization_dtype_map={kind: "*"})
    yield graph("half-model", lambda x: tf.cast(tf.nn.relu(tf.matmul(tf.cast(x, tf.float16), tf.cast(weight(6, 4), tf.float16))), tf.float32), floats(6))


def signatures():
    yield graph("sig-dict", lambda x: {"logits": x * 2, "probabilities": tf.nn.softmax(x)}, floats(6))
    yield graph("sig-two", lambda a, b: {"sum": a + b, "difference": a - b}, floats(6), floats(6))
    yield graph("sig-same-twice", lambda x: {"a": x * 2, "b": x * 2}, floats(6))
    yield graph("sig-input-out", lambda x: {"y": x, "z": tf.nn.relu(x)}, floats(6))
    yield graph("sig-uint8", lambda x: tf.cast(x, tf.float32) / 255.0, lambda rng: rng.integers(0, 255, (3, 4, 4, 3)).astype(np.uint8))
    yield graph("sig-bool-in", lambda x, m: tf.where(m[:, :, None], x, 0.0), X, bools(4))
    yield graph("sig-int-out", lambda x: tf.cast(x * 10, tf.int32), X)
    yield graph("sig-bool-out", lambda x: x > 0, X)
    yield graph("sig-structured", lambda x: {"b_out": x * 2, "a_out": x + 1}, floats(6), use_structured_outputs_names=True)
    yield graph("random-uniform", lambda x: x + 0 * tf.random.uniform(tf.shape(x)), X)
    yield graph("random-dropout", lambda x: tf.nn.dropout(x, 0.0), X)
    yield graph("multinomial-shape", lambda x: tf.shape(tf.random.categorical(x, 4)), floats(6))
    yield graph("stateless-random", lambda x: x + tf.random.stateless_uniform([6], [1, 2]), floats(6), refused="stateless")


def cases():
    for make in (mixing, flow, recurrent_loops, tables_and_text, sparse_and_ragged, quantising, signatures):
        yield from make()
