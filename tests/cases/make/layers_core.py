"""Dense layers, activations, reshaping, merging, normalising: options that change inference."""

from case_file import floats, given, integers, masked, tokens
from keras_case import chain, net

V = floats(6)
SEQ = floats(6, 4)
PICTURE = floats(6, 6, 3)

ACTIVATIONS_BOTH = ["elu", "exponential", "gelu", "hard_sigmoid", "linear", "mish", "relu", "selu", "sigmoid", "softmax",
                    "softplus", "softsign", "swish", "tanh"]
ACTIVATIONS_2 = ["leaky_relu", "relu6", "silu", "log_softmax"]
ACTIVATIONS_3 = ["celu", "glu", "hard_shrink", "hard_silu", "hard_swish", "hard_tanh", "leaky_relu", "log_sigmoid",
                 "log_softmax", "relu6", "silu", "soft_shrink", "sparse_plus", "sparse_sigmoid", "sparsemax", "squareplus",
                 "tanh_shrink", "threshold"]
WIDE = floats(6, low=-4, high=4)


def activations():
    for name in ACTIVATIONS_BOTH:
        yield chain(f"act-{name}", WIDE, lambda k, a=name: [k.layers.Activation(a)])
        yield chain(f"dense-{name}", V, lambda k, a=name: [k.layers.Dense(5, activation=a)])
    for name in ACTIVATIONS_2:
        yield chain(f"act-{name}", WIDE, lambda k, a=name: [k.layers.Activation(a)], (2,))
    for name in ACTIVATIONS_3:
        yield chain(f"act-{name}", WIDE, lambda k, a=name: [k.layers.Activation(a)], (3,))
        if name not in ("glu", "threshold"):
            yield chain(f"conv-{name}", PICTURE, lambda k, a=name: [k.layers.Conv2D(4, 3, activation=a)], (3,))
    for name in ("hard_sigmoid", "swish", "mish", "gelu", "softmax", "elu", "selu"):
        yield chain(f"conv-{name}", PICTURE, lambda k, a=name: [k.layers.Conv2D(4, 3, activation=a)])
    yield chain("act-softmax-4d", PICTURE, lambda k: [k.layers.Activation("softmax")])
    yield chain("relu", WIDE, lambda k: [k.layers.ReLU()])
    yield chain("relu-max", WIDE, lambda k: [k.layers.ReLU(max_value=2.0)])
    yield chain("relu-all", WIDE, lambda k: [k.layers.ReLU(max_value=2.0, negative_slope=0.25, threshold=0.5)])
    yield chain("relu-slope-threshold", WIDE, lambda k: [k.layers.ReLU(negative_slope=0.25, threshold=-0.5)])
    yield chain("relu-zero-max", WIDE, lambda k: [k.layers.ReLU(max_value=0.0, negative_slope=0.1)])
    yield chain("relu-threshold-max", PICTURE, lambda k: [k.layers.Conv2D(4, 1), k.layers.ReLU(0.5, threshold=0.1)])
    yield chain("leaky-alpha", WIDE, lambda k: [k.layers.LeakyReLU(alpha=0.2)], (2,))
    yield chain("leaky-default", WIDE, lambda k: [k.layers.LeakyReLU()])
    yield chain("leaky-slope", WIDE, lambda k: [k.layers.LeakyReLU(negative_slope=0.2)], (3,))
    yield chain("elu-alpha", WIDE, lambda k: [k.layers.ELU(alpha=0.5)])
    yield chain("thresholded", WIDE, lambda k: [k.layers.ThresholdedReLU(theta=0.7)], (2,))
    yield chain("prelu", SEQ, lambda k: [k.layers.PReLU()])
    yield chain("prelu-shared", PICTURE, lambda k: [k.layers.PReLU(shared_axes=[1, 2])])
    yield chain("prelu-one-axis", PICTURE, lambda k: [k.layers.PReLU(shared_axes=[1])])
    yield chain("softmax-layer", SEQ, lambda k: [k.layers.Softmax()])
    yield chain("softmax-axis1", SEQ, lambda k: [k.layers.Softmax(axis=1)])
    yield chain("softmax-axes", PICTURE, lambda k: [k.layers.Softmax(axis=[1, 2])])
    yield chain("softmax-axes-last", PICTURE, lambda k: [k.layers.Softmax(axis=(-1, -2))])
    yield net("softmax-mask", [SEQ, given([[[1, 1, 0, 1]] * 6] * 3, dtype=bool)],
              lambda k, x, m: k.layers.Softmax()(x, mask=m))
    yield net("softmax-axes-mask", [SEQ, given([[[1, 1, 0, 1]] * 6] * 3, dtype=bool)],
              lambda k, x, m: k.layers.Softmax(axis=[1, 2])(x, mask=m))


def dense_and_shape():
    yield chain("dense-nobias", V, lambda k: [k.layers.Dense(4, use_bias=False)])
    yield chain("dense-3d", SEQ, lambda k: [k.layers.Dense(3)])
    yield chain("dense-4d", PICTURE, lambda k: [k.layers.Dense(2, activation="relu")])
    for equation, shape, data in [("abc,cd->abd", (None, 5), SEQ), ("ab,bc->ac", 5, V), ("...x,xy->...y", 3, PICTURE),
                                  ("abc,cde->abde", (None, 2, 3), SEQ), ("abcd,bcd->ab", (6,), PICTURE),
                                  ("abc,bde->acd", (4, 3), SEQ)]:
        axes = None if equation[-2:] == "ab" else equation.split(">")[1][-1]
        label = equation.replace(",", "_").replace("->", "-").replace("...", "any")
        if label != "abc_bde-acd":
            yield chain(f"einsumdense-{label}", data, lambda k, e=equation, s=shape, b=axes: [
                k.layers.EinsumDense(e, output_shape=s, bias_axes=b, activation="relu")])
    yield chain("einsumdense-bias-two", SEQ, lambda k: [
        k.layers.EinsumDense("abc,cde->abde", output_shape=(None, 2, 3), bias_axes="de")])
    yield chain("einsumdense-bias-first", SEQ, lambda k: [
        k.layers.EinsumDense("abc,cde->abde", output_shape=(None, 2, 3), bias_axes="d")])
    yield chain("flatten", PICTURE, lambda k: [k.layers.Flatten()])
    yield chain("flatten-first", PICTURE, lambda k: [k.layers.Flatten(data_format="channels_first")])
    yield chain("reshape", SEQ, lambda k: [k.layers.Reshape((4, 3, 2))])
    yield chain("reshape-free", SEQ, lambda k: [k.layers.Reshape((-1, 8)), k.layers.Dense(2)])
    yield chain("permute", PICTURE, lambda k: [k.layers.Permute((3, 1, 2))])
    yield chain("repeat", V, lambda k: [k.layers.RepeatVector(3)])
    yield chain("identity", V, lambda k: [k.layers.Identity(), k.layers.Dense(2)])
    yield chain("activity", V, lambda k: [k.layers.Dense(3), k.layers.ActivityRegularization(l1=0.1)])
    for name, options in [("Dropout", {"rate": 0.5}), ("AlphaDropout", {"rate": 0.4}), ("GaussianDropout", {"rate": 0.4}),
                          ("GaussianNoise", {"stddev": 1.0})]:
        yield chain(f"{name.lower()}", V, lambda k, n=name, o=options: [
            k.layers.Dense(4), getattr(k.layers, n)(**o), k.layers.Dense(2)])
    yield chain("spatialdropout1d", SEQ, lambda k: [k.layers.SpatialDropout1D(0.4), k.layers.Dense(2)])
    yield chain("spatialdropout2d", PICTURE, lambda k: [k.layers.SpatialDropout2D(0.4), k.layers.Conv2D(2, 1)])
    yield chain("spatialdropout3d", floats(3, 3, 3, 2), lambda k: [k.layers.SpatialDropout3D(0.4), k.layers.Conv3D(2, 1)])
    yield chain("dropout-noise-shape", SEQ, lambda k: [k.layers.Dropout(0.5, noise_shape=(None, 1, 4)), k.layers.Dense(2)])
    yield chain("embedding", integers(5, below=9), lambda k: [k.layers.Embedding(9, 4)])
    yield chain("embedding-flat", integers(4, below=9), lambda k: [k.layers.Embedding(9, 3), k.layers.Flatten(), k.layers.Dense(2)])
    yield chain("embedding-mean", tokens(6, 9), lambda k: [
        k.layers.Embedding(9, 3, mask_zero=True), k.layers.GlobalAveragePooling1D(), k.layers.Dense(2)])
    yield chain("embedding-float", tokens(6, 9, dtype="float32"), lambda k: [k.layers.Embedding(9, 3), k.layers.Flatten()])
    yield chain("spectral", V, lambda k: [k.layers.SpectralNormalization(k.layers.Dense(3)), k.layers.Dense(2)])
    yield chain("spectral-conv", PICTURE, lambda k: [k.layers.SpectralNormalization(k.layers.Conv2D(3, 3))])


def merging():
    pair = [floats(6), floats(6)]
    for name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"):
        yield net(f"merge-{name.lower()}", pair, lambda k, a, b, n=name: getattr(k.layers, n)()([a, b]))
    for name in ("Add", "Multiply", "Average", "Maximum", "Minimum"):
        yield net(f"merge-{name.lower()}-wide", [floats(4, 6), floats(1, 6)],
                  lambda k, a, b, n=name: getattr(k.layers, n)()([a, b]))
    yield net("merge-add-three", [floats(6)] * 3, lambda k, *x: k.layers.Add()(list(x)))
    yield net("concat-axis1", [floats(4, 6), floats(2, 6)], lambda k, a, b: k.layers.Concatenate(axis=1)([a, b]))
    yield net("concat-axis-minus2", [floats(4, 6), floats(2, 6)], lambda k, a, b: k.layers.Concatenate(axis=-2)([a, b]))
    yield net("dot-1", pair, lambda k, a, b: k.layers.Dot(axes=1)([a, b]))
    yield net("dot-normalize", pair, lambda k, a, b: k.layers.Dot(axes=-1, normalize=True)([a, b]))
    yield net("dot-two", [floats(4, 6), floats(5, 6)], lambda k, a, b: k.layers.Dot(axes=2)([a, b]))
    yield net("dot-two-normalize", [floats(4, 6), floats(5, 6)], lambda k, a, b: k.layers.Dot(axes=(2, 2), normalize=True)([a, b]))
    yield net("dot-mixed", [floats(4, 6), floats(6, 5)], lambda k, a, b: k.layers.Dot(axes=(2, 1))([a, b]))
    yield net("dot-3-2", [floats(4, 6), floats(6)], lambda k, a, b: k.layers.Dot(axes=(2, 1))([a, b]))


def normalising():
    for name, data, options in [
        ("bn", PICTURE, {}), ("bn-eps", SEQ, {"epsilon": 0.1}), ("bn-noscale", V, {"scale": False}),
        ("bn-nocenter", V, {"center": False}), ("bn-plain", V, {"center": False, "scale": False}),
        ("bn-axis1", PICTURE, {"axis": 1}), ("bn-axis2", PICTURE, {"axis": 2}), ("bn-axis1-3d", SEQ, {"axis": 1}),
        ("bn-5d", floats(3, 3, 3, 2), {}), ("bn-axis-minus2", SEQ, {"axis": -2}),
    ]:
        yield chain(name, data, lambda k, o=options: [k.layers.BatchNormalization(**o)])
    yield chain("bn-synchronized", V, lambda k: [k.layers.BatchNormalization(synchronized=True)])
    yield chain("bn-axes", PICTURE, lambda k: [k.layers.BatchNormalization(axis=[1, 3])], (2,))
    yield chain("bn-renorm", V, lambda k: [k.layers.BatchNormalization(renorm=True)], (2,))
    yield chain("conv-bn-relu", PICTURE, lambda k: [
        k.layers.Conv2D(4, 3, use_bias=False), k.layers.BatchNormalization(), k.layers.ReLU(), k.layers.DepthwiseConv2D(3),
        k.layers.BatchNormalization(epsilon=1e-5), k.layers.Activation("relu")])
    for name, data, options in [
        ("ln", SEQ, {}), ("ln-axis1", SEQ, {"axis": 1}), ("ln-axes", PICTURE, {"axis": [1, 2]}),
        ("ln-axes-all", PICTURE, {"axis": (1, 2, 3)}), ("ln-noscale", SEQ, {"scale": False}),
        ("ln-nocenter", SEQ, {"center": False}), ("ln-eps", V, {"epsilon": 0.1}), ("ln-4d", PICTURE, {}),
        ("ln-axis-minus2", PICTURE, {"axis": -2}),
    ]:
        yield chain(name, data, lambda k, o=options: [k.layers.LayerNormalization(**o)])
    yield chain("ln-rms", SEQ, lambda k: [k.layers.LayerNormalization(rms_scaling=True)], (3,), refused="rms_scaling")
    for name, data, options in [
        ("gn", floats(4, 4, 8), {"groups": 4}), ("gn-instance", floats(4, 4, 8), {"groups": -1}),
        ("gn-one", floats(4, 8), {"groups": 1}), ("gn-2d", floats(8), {"groups": 2}),
        ("gn-axis1", floats(4, 6, 3), {"groups": 2, "axis": 1}), ("gn-noscale", floats(4, 8), {"groups": 2, "scale": False}),
        ("gn-nocenter", floats(4, 8), {"groups": 2, "center": False, "epsilon": 0.01}),
    ]:
        yield chain(name, data, lambda k, o=options: [k.layers.GroupNormalization(**o)])
    yield chain("unitnorm", SEQ, lambda k: [k.layers.UnitNormalization()])
    yield chain("unitnorm-axis1", SEQ, lambda k: [k.layers.UnitNormalization(axis=1)])
    yield chain("unitnorm-axes", SEQ, lambda k: [k.layers.UnitNormalization(axis=[1, 2])])
    yield chain("rms", SEQ, lambda k: [k.layers.RMSNormalization()], (3,))
    yield chain("rms-axis", PICTURE, lambda k: [k.layers.RMSNormalization(axis=1, epsilon=0.01)], (3,))
    yield chain("rms-axes", PICTURE, lambda k: [k.layers.RMSNormalization(axis=(1, 2))], (3,))


def masks():
    mask = masked(6, 4)
    yield chain("mask-gap", mask, lambda k: [k.layers.Masking(), k.layers.GlobalAveragePooling1D()])
    yield chain("mask-gap-keepdims", mask, lambda k: [k.layers.Masking(), k.layers.GlobalAveragePooling1D(keepdims=True)])
    yield chain("mask-gmp", mask, lambda k: [k.layers.Masking(), k.layers.GlobalMaxPooling1D()])
    yield chain("mask-value", masked(6, 4, value=-1.0), lambda k: [
        k.layers.Masking(mask_value=-1.0), k.layers.GlobalAveragePooling1D()])
    yield chain("mask-dense-gap", mask, lambda k: [
        k.layers.Masking(), k.layers.Dense(3, activation="relu"), k.layers.Dropout(0.2), k.layers.GlobalAveragePooling1D()])
    yield chain("mask-ln-gap", mask, lambda k: [
        k.layers.Masking(), k.layers.LayerNormalization(), k.layers.Activation("tanh"), k.layers.GlobalAveragePooling1D()])
    yield chain("mask-bn-gap", mask, lambda k: [
        k.layers.Masking(), k.layers.BatchNormalization(), k.layers.GlobalAveragePooling1D()])
    yield chain("mask-softmax", mask, lambda k: [k.layers.Masking(), k.layers.Dense(3, activation="softmax")])
    yield chain("mask-td", mask, lambda k: [
        k.layers.Masking(), k.layers.TimeDistributed(k.layers.Dense(3)), k.layers.GlobalAveragePooling1D()])
    yield chain("mask-conv1d", mask, lambda k: [
        k.layers.Masking(), k.layers.Conv1D(3, 3, padding="same"), k.layers.GlobalAveragePooling1D()])
    yield chain("mask-flatten", mask, lambda k: [k.layers.Masking(), k.layers.Flatten(), k.layers.Dense(2)])
    yield chain("mask-out", mask, lambda k: [k.layers.Masking()])
    pair = [mask, masked(6, 4, (3, 5, 6))]
    for name in ("Add", "Multiply", "Average", "Maximum", "Subtract"):
        yield net(f"mask-{name.lower()}", pair, lambda k, a, b, n=name: k.layers.GlobalAveragePooling1D()(
            getattr(k.layers, n)()([k.layers.Masking()(a), k.layers.Masking()(b)])))
    yield net("mask-add-half", pair, lambda k, a, b: k.layers.GlobalAveragePooling1D()(
        k.layers.Add()([k.layers.Masking()(a), b])))
    yield net("mask-concat-last", pair, lambda k, a, b: k.layers.GlobalAveragePooling1D()(
        k.layers.Concatenate()([k.layers.Masking()(a), k.layers.Masking()(b)])))
    yield net("mask-concat-steps", pair, lambda k, a, b: k.layers.GlobalAveragePooling1D()(
        k.layers.Concatenate(axis=1)([k.layers.Masking()(a), k.layers.Masking()(b)])))
    yield net("mask-concat-half", pair, lambda k, a, b: k.layers.GlobalAveragePooling1D()(
        k.layers.Concatenate(axis=1)([k.layers.Masking()(a), b])))


def cases():
    for make in (activations, dense_and_shape, merging, normalising, masks):
        yield from make()
