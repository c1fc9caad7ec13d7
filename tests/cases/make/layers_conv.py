"""Convolutions, poolings, padding, cropping, upsampling: every option of each."""

from case_file import floats
from keras_case import BOTH, chain

SIZES = {1: (9,), 2: (7, 8), 3: (4, 5, 4)}


def space(rank, channels=4):
    return floats(*SIZES[rank], channels)


def conv():
    for rank in (1, 2, 3):
        name, data = f"Conv{rank}D", space(rank)
        kernel = {1: 3, 2: (2, 3), 3: 2}[rank]
        for label, options in [
            ("valid", {}), ("same", {"padding": "same"}), ("stride", {"strides": 2, "padding": "same"}),
            ("stride-valid", {"strides": 2}), ("dil", {"dilation_rate": 2}), ("dil-same", {"dilation_rate": 2, "padding": "same"}),
            ("groups", {"groups": 2}), ("groups-same", {"groups": 4, "padding": "same", "activation": "relu"}),
            ("nobias", {"use_bias": False, "activation": "tanh"}),
        ]:
            if rank == 3 and options.get("groups"):
                continue
            yield chain(f"conv{rank}d-{label}", data, lambda k, n=name, o=options, s=kernel: [getattr(k.layers, n)(4, s, **o)])
    for label, options in [("causal", {}), ("causal-dil", {"dilation_rate": 2}), ("causal-stride", {"strides": 2}),
                           ("causal-groups", {"groups": 2})]:
        yield chain(f"conv1d-{label}", space(1), lambda k, o=options: [k.layers.Conv1D(4, 3, padding="causal", **o)])
    yield chain("conv2d-first", floats(3, 6, 6), lambda k: [k.layers.Conv2D(4, 3, data_format="channels_first", padding="same")],
                refused="channels_first")
    yield chain("conv2d-stride-uneven", space(2), lambda k: [k.layers.Conv2D(3, 3, strides=(2, 1), padding="same")])
    yield chain("conv2d-free-size", space(2), lambda k: [k.layers.Conv2D(3, 3), k.layers.GlobalAveragePooling2D()],
                shape=(None, None, 4))


def transposed():
    for rank in (1, 2, 3):
        name, data = f"Conv{rank}DTranspose", space(rank)
        for label, options in [
            ("valid", {}), ("same", {"padding": "same"}), ("stride", {"strides": 2, "padding": "same"}),
            ("stride-valid", {"strides": 2}), ("stride3-valid", {"strides": 3}), ("nobias", {"use_bias": False, "activation": "relu"}),
            ("outpad", {"strides": 2, "padding": "same", "output_padding": 1}),
            ("outpad-valid", {"strides": 3, "output_padding": 1}),
        ]:
            if rank == 3 and "stride3" in label:
                continue
            yield chain(f"conv{rank}dt-{label}", data, lambda k, n=name, o=options: [getattr(k.layers, n)(3, 3, **o)])
    yield chain("conv2dt-dil", space(2), lambda k: [k.layers.Conv2DTranspose(3, 3, dilation_rate=2)])
    yield chain("conv2dt-dil-same", space(2), lambda k: [k.layers.Conv2DTranspose(3, 3, dilation_rate=2, padding="same")])
    yield chain("conv1dt-dil", space(1), lambda k: [k.layers.Conv1DTranspose(3, 3, dilation_rate=2)])
    yield chain("conv2dt-kernel2", space(2), lambda k: [k.layers.Conv2DTranspose(3, 2, strides=3)])
    yield chain("conv2dt-kernel4", space(2), lambda k: [k.layers.Conv2DTranspose(3, 4, strides=2, padding="same", activation="relu")])


def depthwise():
    for rank in (1, 2):
        data = space(rank)
        for label, options in [
            ("valid", {}), ("same", {"padding": "same"}), ("mult", {"depth_multiplier": 2}), ("stride", {"strides": 2, "padding": "same"}),
            ("dil", {"dilation_rate": 2}), ("dil-same", {"dilation_rate": 2, "padding": "same", "depth_multiplier": 2}),
            ("nobias", {"use_bias": False, "activation": "relu"}),
        ]:
            yield chain(f"dwconv{rank}d-{label}", data, lambda k, r=rank, o=options: [getattr(k.layers, f"DepthwiseConv{r}D")(3, **o)])
            yield chain(f"sepconv{rank}d-{label}", data, lambda k, r=rank, o=options: [getattr(k.layers, f"SeparableConv{r}D")(5, 3, **o)])
    yield chain("sepconv1d-causal", space(1), lambda k: [k.layers.SeparableConv1D(5, 3, padding="causal")])
    for implementation in (1, 2, 3):
        yield chain(f"local1d-impl{implementation}", space(1), lambda k, i=implementation: [
            k.layers.LocallyConnected1D(3, 3, strides=2 if i == 1 else 1, implementation=i, padding="valid" if i == 1 else "same")], (2,))
        yield chain(f"local2d-impl{implementation}", space(2), lambda k, i=implementation: [
            k.layers.LocallyConnected2D(3, (3, 2), strides=(2, 1) if i == 1 else 1, implementation=i,
                                        padding="valid" if i == 1 else "same", activation="relu")], (2,))
    yield chain("local2d-nobias", space(2), lambda k: [k.layers.LocallyConnected2D(2, 3, use_bias=False)], (2,))


def pooling():
    for rank in (1, 2, 3):
        data = space(rank, 3)
        for kind in ("Max", "Average"):
            for label, options in [("valid", {"pool_size": 2}), ("same", {"pool_size": 2, "padding": "same"}), ("stride1", {"pool_size": 2, "strides": 1, "padding": "same"}),
                                   ("pool3", {"pool_size": 3, "strides": 2, "padding": "same"}), ("pool3-valid", {"pool_size": 3, "strides": 1})]:
                yield chain(f"{kind.lower()}pool{rank}d-{label}", data, lambda k, r=rank, c=kind, o=options: [
                    getattr(k.layers, f"{c}Pooling{r}D")(**o)])
            yield chain(f"global{kind.lower()}{rank}d", data, lambda k, r=rank, c=kind: [
                getattr(k.layers, f"Global{c}Pooling{r}D")(), k.layers.Dense(2)])
            yield chain(f"global{kind.lower()}{rank}d-keepdims", data, lambda k, r=rank, c=kind: [
                getattr(k.layers, f"Global{c}Pooling{r}D")(keepdims=True)])
            yield chain(f"global{kind.lower()}{rank}d-first", data, lambda k, r=rank, c=kind: [
                getattr(k.layers, f"Global{c}Pooling{r}D")(data_format="channels_first")])
        yield chain(f"adaptiveavg{rank}d", data, lambda k, r=rank: [getattr(k.layers, f"AdaptiveAveragePooling{r}D")(3)], (3,))
        yield chain(f"adaptivemax{rank}d", data, lambda k, r=rank: [getattr(k.layers, f"AdaptiveMaxPooling{r}D")(2)], (3,))
    yield chain("maxpool1d-first", space(1, 3), lambda k: [k.layers.MaxPooling1D(data_format="channels_first", strides=1)])
    yield chain("averagepool1d-first", space(1, 3), lambda k: [k.layers.AveragePooling1D(2, data_format="channels_first", strides=2)])
    yield chain("maxpool2d-uneven", space(2, 3), lambda k: [k.layers.MaxPooling2D((2, 3), strides=(1, 2), padding="same")])
    yield chain("maxpool2d-first", space(2, 3), lambda k: [k.layers.MaxPooling2D(data_format="channels_first")], refused="channels_first")


def resizing_space():
    yield chain("crop1d", space(1), lambda k: [k.layers.Cropping1D((1, 3))])
    yield chain("crop2d", space(2), lambda k: [k.layers.Cropping2D(((1, 2), (0, 3)))])
    yield chain("crop2d-first", space(2), lambda k: [k.layers.Cropping2D(((1, 2), (0, 3)), data_format="channels_first")])
    yield chain("crop3d", space(3), lambda k: [k.layers.Cropping3D(((1, 1), (0, 2), (1, 0)))])
    yield chain("pad1d", space(1), lambda k: [k.layers.ZeroPadding1D((2, 1)), k.layers.Conv1D(2, 3)])
    yield chain("pad2d", space(2), lambda k: [k.layers.ZeroPadding2D(((1, 2), (0, 3))), k.layers.Conv2D(2, 3, strides=2)])
    yield chain("pad2d-one", space(2), lambda k: [k.layers.ZeroPadding2D(2)])
    yield chain("pad2d-first", space(2), lambda k: [k.layers.ZeroPadding2D((1, 2), data_format="channels_first")])
    yield chain("pad3d", space(3), lambda k: [k.layers.ZeroPadding3D(((1, 2), (0, 1), (2, 0)))])
    yield chain("up1d", space(1), lambda k: [k.layers.UpSampling1D(3)])
    yield chain("up2d", space(2), lambda k: [k.layers.UpSampling2D((2, 3))])
    yield chain("up2d-first", space(2), lambda k: [k.layers.UpSampling2D((2, 3), data_format="channels_first")])
    for method in ("bilinear", "bicubic", "area", "gaussian", "lanczos3", "lanczos5", "mitchellcubic", "nearest"):
        # Keras 3 knows fewer methods than Keras 2.
        versions = BOTH if method in ("bilinear", "bicubic", "nearest", "lanczos3", "lanczos5") else (2,)
        yield chain(f"up2d-{method}", floats(4, 5, 3), lambda k, m=method: [k.layers.UpSampling2D(2, interpolation=m)], versions)
    yield chain("up3d", space(3), lambda k: [k.layers.UpSampling3D((1, 2, 3))])
    yield chain("up-conv", space(2), lambda k: [k.layers.UpSampling2D(2, interpolation="bilinear"), k.layers.Conv2D(2, 3, padding="same")])


def cases():
    for make in (conv, transposed, depthwise, pooling, resizing_space):
        yield from make()
