"""Attention, preprocessing, text, pictures, and the shapes of models."""

import importlib

import numpy as np

from case_file import floats, given, integers, masked, tokens
from keras_case import BOTH, chain, net, whole

Q, V, W = floats(6, 8), floats(5, 8), floats(5, 8)
VALUE_MASK = given([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1], [1, 0, 1, 0, 1]], dtype=bool)
QUERY_MASK = given([[1, 1, 1, 0, 0, 1], [1, 1, 1, 1, 1, 0], [1, 0, 1, 0, 1, 1]], dtype=bool)


def attention():
    for kind, label in [("Attention", "attention"), ("AdditiveAttention", "additive")]:
        make = lambda k, c=kind, **o: getattr(k.layers, c)(**o)
        yield net(f"{label}", [Q, V], lambda k, q, v, m=make: m(k)([q, v]))
        yield net(f"{label}-key", [Q, V, W], lambda k, q, v, w, m=make: m(k)([q, v, w]))
        yield net(f"{label}-scores", [Q, V], lambda k, q, v, m=make: m(k)([q, v], return_attention_scores=True))
        yield net(f"{label}-causal", [Q], lambda k, q, m=make: m(k)([q, q], use_causal_mask=True))
        yield net(f"{label}-masks", [Q, V, QUERY_MASK, VALUE_MASK], lambda k, q, v, a, b, m=make: m(k)([q, v], mask=[a, b]))
        yield net(f"{label}-masked", [masked(6, 8), masked(5, 8, (5, 3, 2))], lambda k, q, v, m=make: m(k)([k.layers.Masking()(q), k.layers.Masking()(v)]))
        yield net(f"{label}-dropout", [Q, V], lambda k, q, v, m=make: m(k, dropout=0.4)([q, v]))
    yield net("attention-scale", [Q, V], lambda k, q, v: k.layers.Attention(use_scale=True)([q, v]))
    yield net("attention-concat", [Q, V], lambda k, q, v: k.layers.Attention(score_mode="concat")([q, v]))
    yield net("attention-concat-scale", [Q, V], lambda k, q, v: k.layers.Attention(score_mode="concat", use_scale=True)([q, v]))
    yield net("additive-noscale", [Q, V], lambda k, q, v: k.layers.AdditiveAttention(use_scale=False)([q, v]))
    mha = lambda k, **o: k.layers.MultiHeadAttention(**{"num_heads": 2, "key_dim": 3, **o})
    yield net("mha-self", [Q], lambda k, q: mha(k)(q, q))
    yield net("mha-cross", [Q, V], lambda k, q, v: mha(k)(q, v))
    yield net("mha-key", [Q, V, W], lambda k, q, v, w: mha(k)(q, v, w))
    yield net("mha-keywords", [Q, V], lambda k, q, v: mha(k)(query=q, value=v, key=v))
    yield net("mha-value-dim", [Q, V], lambda k, q, v: mha(k, value_dim=5, use_bias=False)(q, v))
    yield net("mha-output-shape", [Q, V], lambda k, q, v: mha(k, output_shape=6)(q, v))
    yield net("mha-scores", [Q, V], lambda k, q, v: mha(k)(q, v, return_attention_scores=True))
    yield net("mha-causal", [Q], lambda k, q: mha(k)(q, q, use_causal_mask=True))
    yield net("mha-attention-mask", [Q, given([[[1, 1, 0, 1, 0, 1]] * 6] * 3, dtype=bool)], lambda k, q, m: mha(k)(q, q, attention_mask=m))
    yield net("mha-attention-axes", [floats(3, 4, 8)], lambda k, q: mha(k, attention_axes=(1, 2))(q, q))
    yield net("mha-attention-axis2", [floats(3, 4, 8)], lambda k, q: mha(k, attention_axes=(2,))(q, q))
    yield net("mha-masked", [tokens(6, 9)], lambda k, x: (lambda e: mha(k)(e, e))(k.layers.Embedding(9, 8, mask_zero=True)(x)))
    yield net("mha-masked-causal", [tokens(6, 9)], lambda k, x: (lambda e: mha(k)(e, e, use_causal_mask=True))(k.layers.Embedding(9, 8, mask_zero=True)(x)))
    yield net("mha-dropout", [Q], lambda k, q: mha(k, dropout=0.3)(q, q))
    yield net("mha-block", [Q], lambda k, q: k.layers.LayerNormalization()(k.layers.Add()([q, mha(k)(q, q)])))
    yield net("mha-flash", [Q], lambda k, q: mha(k, flash_attention=False)(q, q), (3,))
    yield net("mha-masks", [Q, V, QUERY_MASK, VALUE_MASK], lambda k, q, v, a, b: mha(k)(q, v, query_mask=a, value_mask=b), (3,))
    gqa = lambda k, **o: k.layers.GroupQueryAttention(**{"head_dim": 4, "num_query_heads": 4, "num_key_value_heads": 2, **o})
    yield net("gqa-self", [Q], lambda k, q: gqa(k)(q, q), (3,))
    yield net("gqa-cross", [Q, V], lambda k, q, v: gqa(k, use_bias=False)(q, v), (3,))
    yield net("gqa-causal", [Q], lambda k, q: gqa(k)(q, q, use_causal_mask=True), (3,))
    yield net("gqa-scores", [Q, V], lambda k, q, v: gqa(k, num_key_value_heads=1)(q, v, return_attention_scores=True), (3,))


PICTURE = floats(8, 9, 3, low=0, high=1)


def _masked_residual(k, x, y):
    x, y = k.layers.Masking()(x), k.layers.Masking()(y)
    own = k.layers.MultiHeadAttention(2, 3)(y, y)
    y = k.layers.LayerNormalization()(k.layers.Add()([y, own]))
    cross = k.layers.MultiHeadAttention(2, 3)(y, x)
    return k.layers.GlobalAveragePooling1D()(k.layers.Add()([y, cross]))


def masked_residuals():
    data = [masked(6, 4), masked(5, 4, (5, 3, 1))]
    yield net("mha-residual-masked", data, _masked_residual)
    yield net("mha-twice-masked", data, lambda k, x, y: (lambda m: [
        k.layers.MultiHeadAttention(2, 3)(y, m), k.layers.MultiHeadAttention(2, 3)(m, m), k.layers.LSTM(3)(m)])(k.layers.Masking()(x)))


    yield net("mha-dropout-masked", data[:1], lambda k, x: (lambda m: (lambda d: k.layers.LSTM(3)(
        k.layers.Add()([m, k.layers.MultiHeadAttention(2, 3)(d, d)])))(k.layers.Dropout(0.5)(m)))(k.layers.Masking()(x)))
    yield net("mha-pre-norm-masked", data[:1], lambda k, x: (lambda m: (lambda d: k.layers.LSTM(3)(
        k.layers.Add()([m, k.layers.MultiHeadAttention(2, 3)(d, d)])))(k.layers.LayerNormalization()(m)))(k.layers.Masking()(x)))


def _layer_scale(k):
    module = importlib.import_module(f"{'tf_keras' if k.__name__.startswith('tf_keras') else 'keras'}.src.applications.convnext")
    return module.LayerScale(1e-6, 4)


def scaled():
    yield chain("layer-scale", floats(3, 3, 4), lambda k: [_layer_scale(k), k.layers.Dense(2), k.layers.Flatten()])


def pictures():
    yield chain("rescaling", PICTURE, lambda k: [k.layers.Rescaling(2.0, offset=-1.0)])
    yield chain("rescaling-list", PICTURE, lambda k: [k.layers.Rescaling([1.0, 2.0, 3.0], offset=[0.1, 0.2, 0.3])])
    yield chain("rescaling-int", integers(4, 4, 3, below=255), lambda k: [k.layers.Rescaling(1 / 255.0), k.layers.Conv2D(2, 3)])
    for method in ("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic"):
        versions = BOTH if method in ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5") else (2,)
        yield chain(f"resizing-{method}", PICTURE, lambda k, m=method: [k.layers.Resizing(5, 12, interpolation=m)], versions)
    yield chain("resizing-crop", PICTURE, lambda k: [k.layers.Resizing(4, 6, crop_to_aspect_ratio=True)])
    yield chain("resizing-crop-high", PICTURE, lambda k: [k.layers.Resizing(6, 3, crop_to_aspect_ratio=True)])
    yield chain("resizing-pad", PICTURE, lambda k: [k.layers.Resizing(4, 7, pad_to_aspect_ratio=True)], (3,))
    yield chain("resizing-pad-high", PICTURE, lambda k: [k.layers.Resizing(9, 4, pad_to_aspect_ratio=True, fill_value=0.5)], (3,))
    yield chain("resizing-antialias", PICTURE, lambda k: [k.layers.Resizing(4, 4, antialias=True)], (3,))
    yield chain("centercrop", PICTURE, lambda k: [k.layers.CenterCrop(5, 4)])
    yield chain("centercrop-larger", PICTURE, lambda k: [k.layers.CenterCrop(10, 6)])
    yield chain("random-all-2", PICTURE, lambda k: [
        k.layers.RandomFlip(), k.layers.RandomRotation(0.2), k.layers.RandomZoom(0.2), k.layers.RandomTranslation(0.1, 0.1),
        k.layers.RandomContrast(0.3), k.layers.RandomBrightness(0.2), k.layers.Conv2D(2, 3)])
    for name, options in [("RandomFlip", {}), ("RandomRotation", {"factor": 0.2}), ("RandomZoom", {"height_factor": 0.2}),
                          ("RandomTranslation", {"height_factor": 0.1, "width_factor": 0.1}), ("RandomContrast", {"factor": 0.3}),
                          ("RandomBrightness", {"factor": 0.2})]:
        yield chain(name.lower(), PICTURE, lambda k, n=name, o=options: [getattr(k.layers, n)(**o), k.layers.Conv2D(2, 3)])
    yield chain("random-crop", PICTURE, lambda k: [k.layers.RandomCrop(5, 6), k.layers.Conv2D(2, 3)])
    yield chain("random-crop-larger", PICTURE, lambda k: [k.layers.RandomCrop(10, 6)])
    yield chain("random-height", PICTURE, lambda k: [k.layers.RandomHeight(0.2), k.layers.RandomWidth(0.2), k.layers.Conv2D(2, 3)], (2,))
    for name, options in [
        ("RandomErasing", {}), ("RandomGrayscale", {}), ("RandomHue", {"factor": 0.2}), ("RandomInvert", {}), ("RandomPerspective", {}),
        ("RandomPosterization", {"factor": 4}), ("RandomSaturation", {"factor": 0.4}), ("RandomSharpness", {"factor": 0.3}),
        ("RandomShear", {"x_factor": 0.2}), ("RandomColorJitter", {}), ("RandomColorDegeneration", {"factor": 0.3}),
        ("RandomGaussianBlur", {}), ("RandomElasticTransform", {}), ("AugMix", {}), ("CutMix", {}), ("MixUp", {}), ("RandAugment", {}),
        ("Equalization", {"value_range": (0, 1)}), ("AutoContrast", {"value_range": (0, 1)}), ("Solarization", {"value_range": (0, 1)}),
    ]:
        yield chain(f"aug-{name.lower()}", PICTURE, lambda k, n=name, o=options: [getattr(k.layers, n)(**o), k.layers.Conv2D(2, 3)], (3,))
    yield chain("stft", floats(32), lambda k: [k.layers.STFTSpectrogram(frame_length=16, frame_step=8, fft_length=16)], (3,))
    yield chain("mel", floats(64), lambda k: [k.layers.MelSpectrogram(fft_length=32, sequence_stride=16, num_mel_bins=8)], (3,))


WORDS = given([["cat"], ["dog"], ["owl"]])
TEXT = given([["the cat sat"], ["A dog, a cat!"], ["owl"]])


def numbers_and_words():
    yield chain("normalization", floats(6), lambda k: [k.layers.Normalization(mean=[0.1] * 6, variance=[2.0] * 6), k.layers.Dense(2)])
    yield chain("normalization-axis", floats(4, 3), lambda k: [k.layers.Normalization(axis=1, mean=np.arange(4.0), variance=np.arange(1.0, 5))])
    yield chain("normalization-none", floats(6), lambda k: [k.layers.Normalization(axis=None, mean=0.5, variance=3.0)])
    yield chain("normalization-invert", floats(6), lambda k: [k.layers.Normalization(mean=np.arange(6.0), variance=np.arange(1.0, 7), invert=True)])
    yield chain("normalization-adapted", floats(6), lambda k: [_adapted(k.layers.Normalization(), np.random.default_rng(5).normal(2, 3, (50, 6)))], keep_weights=True)
    yield chain("normalization-adapted-pictures", floats(4, 4, 3), lambda k: [_adapted(k.layers.Normalization(), np.random.default_rng(5).normal(2, 3, (9, 4, 4, 3)))], keep_weights=True)
    numbers = floats(4, low=-2, high=4)
    bounds = [-1.0, 0.0, 2.5]
    yield chain("discretization", numbers, lambda k: [k.layers.Discretization(bin_boundaries=bounds)])
    for mode in ("one_hot", "multi_hot", "count"):
        data = floats(1, low=-2, high=4) if mode == "one_hot" else numbers
        yield chain(f"discretization-{mode}", data, lambda k, m=mode: [k.layers.Discretization(bin_boundaries=bounds, output_mode=m)])
        yield chain(f"category-{mode}", integers(1 if mode == "one_hot" else 3, below=5), lambda k, m=mode: [k.layers.CategoryEncoding(5, output_mode=m)])
        yield chain(f"intlookup-{mode}", integers(1 if mode == "one_hot" else 3, below=9), lambda k, m=mode: [k.layers.IntegerLookup(vocabulary=[2, 5, 7], output_mode=m)])
        yield chain(f"stringlookup-{mode}", WORDS if mode == "one_hot" else given([["cat", "x"], ["dog", "dog"], ["owl", "cat"]]),
                    lambda k, m=mode: [k.layers.StringLookup(vocabulary=["cat", "dog"], output_mode=m)])
    yield net("category-weights", [integers(3, below=5), floats(3)], lambda k, x, w: k.layers.CategoryEncoding(5, output_mode="count")(x, count_weights=w))
    yield chain("category-embedding", integers(3, below=5), lambda k: [k.layers.CategoryEncoding(5, output_mode="multi_hot"), k.layers.Dense(2)])
    for name, options in [("plain", {}), ("mask", {"mask_token": 0}), ("oov2", {"num_oov_indices": 2}), ("oov0", {"num_oov_indices": 1, "oov_token": -5})]:
        yield chain(f"intlookup-{name}", given([[2, 5], [7, 3], [0, 11]], dtype=np.int32), lambda k, o=options: [k.layers.IntegerLookup(vocabulary=[2, 5, 7], **o)])
    yield chain("intlookup-invert", given([[0], [1], [3]], dtype=np.int32), lambda k: [k.layers.IntegerLookup(vocabulary=[2, 5, 7], invert=True)])
    yield chain("intlookup-embedding", given([[2, 5], [7, 3], [0, 11]], dtype=np.int32), lambda k: [k.layers.IntegerLookup(vocabulary=[2, 5, 7]), k.layers.Embedding(5, 3)])
    for name, options in [("plain", {}), ("mask", {"mask_token": ""}), ("oov2", {"num_oov_indices": 2}), ("oov3", {"num_oov_indices": 3, "mask_token": "dog"})]:
        yield chain(f"stringlookup-{name}", given([["cat", "dog"], ["owl", ""], ["zebra", "ant"]]), lambda k, o=options: [k.layers.StringLookup(vocabulary=["cat", "dog"], **o)])
    yield chain("stringlookup-invert", given([[0], [1], [2]], dtype=np.int32), lambda k: [k.layers.StringLookup(vocabulary=["cat", "dog"], invert=True)], (2,))
    for name, options in [("int", {}), ("bins3", {"num_bins": 3}), ("mask", {"mask_value": 2}), ("salt", {"salt": 133}), ("salts", {"salt": [133, 137]}), ("onehot", {"output_mode": "one_hot"})]:
        yield chain(f"hashing-{name}", integers(1, below=40), lambda k, o=options: [k.layers.Hashing(**{"num_bins": 10, **o})])
    yield chain("hashing-string", WORDS, lambda k: [k.layers.Hashing(num_bins=10)])
    yield chain("hashing-string-salt", WORDS, lambda k: [k.layers.Hashing(num_bins=10, salt=[1, 2])])
    yield net("hashedcrossing", [WORDS, given([[1], [2], [3]], dtype=np.int32)], lambda k, a, b: k.layers.HashedCrossing(num_bins=10)([a, b]))
    vocabulary = ["the", "cat", "dog", "a"]
    for name, options in [
        ("int", {}), ("padded", {"output_sequence_length": 5}), ("cut", {"output_sequence_length": 2}), ("multi", {"output_mode": "multi_hot"}),
        ("count", {"output_mode": "count"}), ("nostandard", {"standardize": None}), ("lower", {"standardize": "lower"}),
        ("punctuation", {"standardize": "strip_punctuation"}), ("nosplit", {"split": None}), ("character", {"split": "character", "output_sequence_length": 12}),
        ("ngrams", {"ngrams": 2, "output_mode": "count"}),
    ]:
        yield chain(f"text-{name}", TEXT, lambda k, o=options: [k.layers.TextVectorization(vocabulary=vocabulary, **o)])
    yield chain("text-tfidf", TEXT, lambda k: [k.layers.TextVectorization(vocabulary=vocabulary, idf_weights=[0.1, 0.2, 0.3, 0.4], output_mode="tf_idf")])
    yield chain("text-embedding", TEXT, lambda k: [k.layers.TextVectorization(vocabulary=vocabulary, output_sequence_length=4), k.layers.Embedding(6, 3, mask_zero=True), k.layers.GlobalAveragePooling1D()])
    yield chain("reversible", integers(4, below=7), lambda k: [k.layers.ReversibleEmbedding(7, 3)], (3,))


def _adapted(layer, data):
    layer.adapt(data)
    return layer


def structures():
    pair = [floats(6), floats(4)]
    yield net("two-in", pair, lambda k, a, b: k.layers.Concatenate()([k.layers.Dense(3)(a), k.layers.Dense(2)(b)]))
    yield net("list-out", [floats(6)], lambda k, x: [k.layers.Dense(3)(x), k.layers.Dense(2)(x)])
    yield net("dict-out", [floats(6)], lambda k, x: {"b": k.layers.Dense(3)(x), "a": k.layers.Dense(2)(x)})
    yield net("input-as-output", [floats(6)], lambda k, x: [x, k.layers.Dense(2)(x)])
    yield net("same-output-twice", [floats(6)], lambda k, x: (lambda y: [y, y])(k.layers.Dense(2)(x)))

    def dict_in(k):
        first, second = k.layers.Input((6,), name="first"), k.layers.Input((4,), name="second")
        joined = k.layers.Concatenate()([first, second])
        return k.Model({"first": first, "second": second}, k.layers.Dense(2)(joined))

    yield whole("dict-in", pair, dict_in)

    def shared(k, a, b):
        dense = k.layers.Dense(3, activation="tanh")
        return k.layers.Subtract()([dense(a), dense(b)])

    yield net("shared-layer", [floats(6), floats(6)], shared)

    def nested(k, x):
        inner_in = k.layers.Input((6,))
        inner = k.Model(inner_in, k.layers.Dense(3)(k.layers.Dense(5, activation="relu")(inner_in)), name="inner")
        return k.layers.Dense(2)(inner(x))

    yield net("nested", [floats(6)], nested)

    def nested_shared(k, a, b):
        inner = k.Sequential([k.layers.Input((6,)), k.layers.Dense(4, activation="relu"), k.layers.Dense(3)])
        return k.layers.Concatenate()([inner(a), inner(b)])

    yield net("nested-shared", [floats(6), floats(6)], nested_shared)

    def nested_twice(k, x):
        first = k.Sequential([k.layers.Input((6,)), k.layers.Dense(4)])
        second = k.Sequential([k.layers.Input((6,)), first, k.layers.Dense(3)])
        return second(x)

    yield net("nested-deep", [floats(6)], nested_twice)

    def nested_many(k, a, b):
        one, two = k.layers.Input((6,)), k.layers.Input((4,))
        inner = k.Model([one, two], [k.layers.Dense(3)(one), k.layers.Dense(3)(two)])
        left, right = inner([a, b])
        return k.layers.Add()([left, right])

    yield net("nested-many", pair, nested_many)
    yield chain("sequential-nested", floats(6), lambda k: [k.Sequential([k.layers.Input((6,)), k.layers.Dense(4)]), k.layers.Dense(2)])

    def residual(k, x):
        y = k.layers.Conv2D(3, 3, padding="same", activation="relu")(x)
        y = k.layers.BatchNormalization()(y)
        return k.layers.Dense(2, activation="softmax")(k.layers.GlobalAveragePooling2D()(k.layers.Add()([x, y])))

    yield net("residual", [floats(6, 6, 3)], residual)
    yield whole("named-odd", [floats(6)], lambda k: (lambda x: k.Model(x, k.layers.Dense(2, name="out.put-1")(x), name="my_model"))(k.layers.Input((6,), name="in.put-1")))
    yield whole("mixed-float16", [floats(6)], lambda k: _half(k))
    yield whole("batch-fixed", [floats(6)], lambda k: (lambda x: k.Model(x, k.layers.Dense(2)(x)))(k.layers.Input(batch_shape=(3, 6))))
    yield chain("trainable-off", floats(6), lambda k: [k.layers.Dense(3, trainable=False), k.layers.BatchNormalization(trainable=False), k.layers.Dense(2)])
    yield chain("regularised", floats(6), lambda k: [k.layers.Dense(
        3, kernel_regularizer=k.regularizers.L1L2(0.1, 0.2), kernel_constraint=k.constraints.UnitNorm(), bias_initializer=k.initializers.Constant(0.3))])
    yield chain("lambda", floats(6), lambda k: [k.layers.Lambda(lambda x: x * 2), k.layers.Dense(2)], refused="Lambda")


def _half(k):
    policy = k.mixed_precision.Policy("mixed_float16") if k.__name__.startswith("tf_keras") else k.DTypePolicy("mixed_float16")
    x = k.layers.Input((6,))
    y = k.layers.Dense(4, activation="relu", dtype=policy)(x)
    return k.Model(x, k.layers.Dense(2, dtype="float32")(y))


def cases():
    for make in (structures, attention, masked_residuals, scaled, pictures, numbers_and_words):
        yield from make()
