"""Products, convolutions, poolings, normalising, pictures, signals, linear algebra."""

import numpy as np

from case_file import floats, given, integers
from frameworks import tf
from graph_case import graph, weight

X = floats(4, 6)
P = floats(6, 7, 3)
P4 = floats(6, 6, 4)
COLOURS = floats(6, 7, 3, low=0, high=1)
RNG = np.random.default_rng(3)


def products():
    yield graph("matmul", lambda x: tf.matmul(x, weight(6, 5)), X)
    yield graph("matmul-transposed", lambda x: tf.matmul(x, weight(5, 6), transpose_b=True), X)
    yield graph("matmul-transpose-a", lambda x: tf.matmul(x, weight(3, 4, 2), transpose_a=True), X)
    yield graph("matmul-batch", lambda a, b: tf.matmul(a, b, transpose_b=True), X, floats(5, 6))
    yield graph("matmul-bias-relu", lambda x: tf.nn.relu(tf.nn.bias_add(tf.matmul(x, weight(6, 4)), weight(4))), floats(6))
    yield graph("matmul-gelu", lambda x: tf.nn.gelu(tf.matmul(x, weight(6, 4)) + weight(4), approximate=True), floats(6))
    yield graph("matmul-broadcast", lambda x: tf.matmul(x[:, None], weight(2, 6, 3)), X)
    for label, equation, data in [
        ("bij-bkj", "bij,bkj->bik", [X, floats(5, 6)]), ("ellipsis", "...ij,...jk->...ik", [X, floats(6, 3)]),
        ("outer", "bi,bj->bij", [floats(4), floats(5)]), ("dot", "bi,bi->b", [floats(4), floats(4)]),
        ("transpose", "bij->bji", [X]), ("sum", "bij->b", [X]), ("diagonal", "bii->bi", [floats(4, 4)]), ("trace", "bii->b", [floats(4, 4)]),
        ("heads", "bqhd,bkhd->bhqk", [floats(4, 2, 3), floats(5, 2, 3)]), ("heads-out", "bhqk,bkhd->bqhd", [floats(2, 4, 5), floats(5, 2, 3)]),
        ("mixed", "bij,bj->bi", [X, floats(6)]), ("items", "bij,bkj->ik", [X, floats(5, 6)]), ("three", "bi,bij,bj->b", [floats(4), X, floats(6)]),
        ("broadcast", "b...i,b...i->b...", [X, X]), ("sum-items", "bij->ij", [X]), ("repeat-out", "bij,bij->bi", [X, X]),
    ]:
        yield graph(f"einsum-{label}", lambda *a, e=equation: tf.einsum(e, *a), *data)
    yield graph("einsum-weight", lambda x: tf.einsum("abc,cde->abde", x, weight(6, 2, 3)), X)
    yield graph("tensordot", lambda x: tf.tensordot(x, weight(6, 2, 3), [[2], [0]]), X)
    yield graph("tensordot-two", lambda x: tf.tensordot(x, weight(4, 6, 3), 2), X)
    yield graph("matvec", lambda x: tf.linalg.matvec(x, weight(6)), X)
    yield graph("sparse-matmul", lambda x: tf.sparse.sparse_dense_matmul(tf.sparse.from_dense(tf.nn.relu(x)), weight(6, 3)), floats(6))


def convolutions():
    for label, options in [
        ("valid", {"padding": "VALID"}), ("same", {"padding": "SAME"}), ("stride", {"padding": "SAME", "strides": 2}),
        ("dil", {"padding": "SAME", "dilations": 2}), ("explicit", {"padding": [[0, 0], [1, 2], [0, 1], [0, 0]]}),
        ("stride-uneven", {"padding": "VALID", "strides": [1, 2, 1, 1]}), ("dil-valid", {"padding": "VALID", "dilations": [1, 2]}),
    ]:
        o = {"strides": 1, **options}
        yield graph(f"conv2d-{label}", lambda x, o=o: tf.nn.conv2d(x, weight(3, 2, 4, 5), **o), P4)
    yield graph("conv2d-groups", lambda x: tf.nn.conv2d(x, weight(3, 3, 2, 4), 1, "SAME"), P4)
    yield graph("conv2d-dynamic-filter", lambda x, w: tf.nn.conv2d(x, tf.reshape(w[0], [2, 2, 4, 3]), 1, "SAME"), P4, given(np.tile(RNG.uniform(-1, 1, (1, 48)), (3, 1)), dtype=np.float32))
    yield graph("conv1d", lambda x: tf.nn.conv1d(x, weight(3, 6, 2), 1, "SAME"), X)
    yield graph("conv1d-stride", lambda x: tf.nn.conv1d(x, weight(3, 6, 2), 2, "VALID"), floats(9, 6))
    for label, options in [("valid", {"padding": "VALID"}), ("same", {"padding": "SAME"}), ("stride", {"padding": "SAME", "strides": [1, 2, 2, 1]}), ("dil", {"padding": "SAME", "dilations": [2, 2]})]:
        o = {"strides": [1, 1, 1, 1], **options}
        yield graph(f"dwconv-{label}", lambda x, o=o: tf.nn.depthwise_conv2d(x, weight(3, 3, 4, 2), **o), P4)
    yield graph("sepconv", lambda x: tf.nn.separable_conv2d(x, weight(3, 3, 4, 2), weight(1, 1, 8, 3), [1, 1, 1, 1], "SAME"), P4)
    yield graph("conv3d", lambda x: tf.nn.conv3d(x, weight(2, 2, 2, 2, 3), [1, 1, 1, 1, 1], "SAME"), floats(4, 4, 4, 2))
    yield graph("conv3d-stride", lambda x: tf.nn.conv3d(x, weight(2, 2, 2, 2, 3), [1, 2, 2, 2, 1], "VALID"), floats(4, 4, 4, 2))
    for label, stride, padding, out in [("same", 2, "SAME", 12), ("valid", 2, "VALID", 13), ("uneven", 2, "SAME", 11), ("stride1", 1, "SAME", 6), ("stride3", 3, "VALID", 18)]:
        yield graph(f"conv2dt-{label}", lambda x, s=stride, p=padding, n=out: tf.nn.conv2d_transpose(x, weight(3, 3, 2, 4), tf.stack([tf.shape(x)[0], n, n, 2]), s, p), P4)
    yield graph("conv3dt", lambda x: tf.nn.conv3d_transpose(x, weight(2, 2, 2, 3, 2), tf.stack([tf.shape(x)[0], 8, 8, 8, 3]), 2, "SAME"), floats(4, 4, 4, 2))
    yield graph("conv3dt-valid", lambda x: tf.nn.conv3d_transpose(x, weight(3, 3, 3, 3, 2), tf.stack([tf.shape(x)[0], 9, 9, 9, 3]), 2, "VALID"), floats(4, 4, 4, 2))
    yield graph("dilation2d", lambda x: tf.nn.dilation2d(x, weight(2, 2, 4), [1, 1, 1, 1], "SAME", "NHWC", [1, 1, 1, 1]), P4)
    yield graph("erosion2d", lambda x: tf.nn.erosion2d(x, weight(2, 2, 4), [1, 1, 1, 1], "VALID", "NHWC", [1, 1, 1, 1]), P4)
    for kind in ("max_pool", "avg_pool"):
        for label, ksize, strides, padding in [("valid", 2, 2, "VALID"), ("same", 3, 2, "SAME"), ("one", 3, 1, "SAME")]:
            yield graph(f"{kind[:3]}pool-{label}", lambda x, k=kind, s=(ksize, strides, padding): getattr(tf.nn, f"{k}2d")(x, *s), P)
        yield graph(f"{kind[:3]}pool3d", lambda x, k=kind: getattr(tf.nn, f"{k}3d")(x, 2, 2, "SAME"), floats(5, 4, 5, 2))
        yield graph(f"{kind[:3]}pool1d", lambda x, k=kind: getattr(tf.nn, f"{k}1d")(x, 2, 2, "SAME"), floats(7, 3))
    yield graph("maxpool-explicit", lambda x: tf.nn.max_pool2d(x, 2, 2, [[0, 0], [1, 0], [0, 1], [0, 0]]), P)
    yield graph("maxpool-argmax", lambda x: tf.nn.max_pool_with_argmax(x, 2, 2, "SAME", include_batch_in_index=False), P)
    yield graph("maxpool-argmax-batch", lambda x: tf.nn.max_pool_with_argmax(x, 2, 2, "SAME", include_batch_in_index=True), P)
    scale, offset = np.float32([0.5, 1.0, 1.5]), np.float32([0.1, -0.2, 0.3])
    yield graph("fbn", lambda x: tf.compat.v1.nn.fused_batch_norm(x, scale, offset, offset * 2, scale * 2, is_training=False)[0], P)
    yield graph("fbn-train", lambda x: tf.compat.v1.nn.fused_batch_norm(x, scale, offset, is_training=True)[0], P)
    yield graph("fbn-train-stats", lambda x: tf.compat.v1.nn.fused_batch_norm(x, scale, offset, is_training=True), P)
    yield graph("fbn-eps", lambda x: tf.compat.v1.nn.fused_batch_norm(x, scale, offset, epsilon=0.1, is_training=True)[0], P)
    yield graph("batchnorm", lambda x: tf.nn.batch_normalization(x, offset, scale, offset, scale, 1e-3), P)
    yield graph("conv-bn", lambda x: tf.nn.relu6(tf.nn.batch_normalization(tf.nn.conv2d(x, weight(3, 3, 3, 3), 1, "SAME"), offset, scale, offset, scale, 1e-3)), P)


def pictures():
    for method in ("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic"):
        yield graph(f"resize-{method}", lambda x, m=method: tf.image.resize(x, [9, 4], method=m), P)
        yield graph(f"resize-{method}-down", lambda x, m=method: tf.image.resize(x, [3, 3], method=m), P)
        if method not in ("nearest", "area"):
            yield graph(f"resize-{method}-antialias", lambda x, m=method: tf.image.resize(x, [3, 4], method=m, antialias=True), P)
    for kind in ("ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic"):
        for label, options in [("corners", {"align_corners": True}), ("half", {"half_pixel_centers": True}), ("plain", {})]:
            yield graph(f"{kind.lower()}-{label}", lambda x, n=kind, o=options: getattr(tf.raw_ops, n)(images=x, size=[9, 5], **o), P)
    yield graph("resizearea-corners", lambda x: tf.raw_ops.ResizeArea(images=x, size=[9, 5], align_corners=True), P)
    yield graph("resize-dynamic", lambda x: tf.image.resize(x, tf.shape(x)[1:3] * 2), P, shapes=[(None, None, None, 3)])
    yield graph("resize-aspect", lambda x: tf.image.resize(x, [4, 9], preserve_aspect_ratio=True), P)
    yield graph("resize-pad", lambda x: tf.image.resize_with_pad(x, 8, 8), P)
    yield graph("scale-translate", lambda x: tf.raw_ops.ScaleAndTranslate(images=x, size=[5, 6], scale=[0.8, 1.2], translation=[0.5, -0.5], kernel_type="triangle", antialias=True), P)
    yield graph("crop-resize", lambda x: tf.image.crop_and_resize(x, [[0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1]], [0, 2], [4, 3]), P)
    yield graph("crop-resize-nearest", lambda x: tf.image.crop_and_resize(x, [[0.1, 0.2, 1.2, 0.9], [0, 0, 1, 1]], [0, 2], [4, 3], method="nearest", extrapolation_value=5.0), P)
    yield graph("crop-resize-each", lambda x: tf.image.crop_and_resize(x, tf.tile([[0.1, 0.2, 0.8, 0.9]], [tf.shape(x)[0], 1]), tf.range(tf.shape(x)[0]), [4, 3]), P)
    yield graph("rgb-hsv", lambda x: tf.image.rgb_to_hsv(x), COLOURS)
    yield graph("hsv-rgb", lambda x: tf.image.hsv_to_rgb(x), COLOURS)
    yield graph("rgb-gray", lambda x: tf.image.rgb_to_grayscale(x), COLOURS)
    yield graph("rgb-yuv", lambda x: tf.image.rgb_to_yuv(x), COLOURS)
    yield graph("hue", lambda x: tf.image.adjust_hue(x, 0.1), COLOURS)
    yield graph("saturation", lambda x: tf.image.adjust_saturation(x, 1.5), COLOURS)
    yield graph("contrast", lambda x: tf.image.adjust_contrast(x, 1.5), COLOURS)
    yield graph("brightness", lambda x: tf.image.adjust_brightness(x, 0.2), COLOURS)
    yield graph("gamma", lambda x: tf.image.adjust_gamma(x, 0.7), COLOURS)
    yield graph("standardize", lambda x: tf.image.per_image_standardization(x), COLOURS)
    yield graph("flip-left-right", lambda x: tf.image.flip_left_right(x), COLOURS)
    yield graph("rot90", lambda x: tf.image.rot90(x), COLOURS)
    yield graph("central-crop", lambda x: tf.image.central_crop(x, 0.5), COLOURS)
    yield graph("crop-or-pad", lambda x: tf.image.resize_with_crop_or_pad(x, 4, 10), COLOURS)
    yield graph("sobel", lambda x: tf.image.sobel_edges(x), COLOURS)
    yield graph("total-variation", lambda x: tf.image.total_variation(x), COLOURS)
    yield graph("gradients", lambda x: tf.image.image_gradients(x), COLOURS)
    yield graph("psnr", lambda x: tf.image.psnr(x, x * 0.9, 1.0), COLOURS)
    for label, options in [("valid", {"padding": "VALID"}), ("same", {"padding": "SAME"}), ("rates", {"padding": "VALID", "rates": [1, 2, 2, 1]}), ("strides", {"padding": "SAME", "strides": [1, 2, 3, 1]})]:
        o = {"sizes": [1, 2, 2, 1], "strides": [1, 2, 2, 1], "rates": [1, 1, 1, 1], **options}
        yield graph(f"patches-{label}", lambda x, o=o: tf.image.extract_patches(x, **o), P)
    yield graph("transform", lambda x: tf.raw_ops.ImageProjectiveTransformV3(
        images=x, transforms=[[1.0, 0.1, 0.5, -0.1, 1.0, 0.2, 0.0, 0.0]], output_shape=[6, 7], fill_value=0.0, interpolation="BILINEAR", fill_mode="REFLECT"), P)
    yield graph("extract-glimpse", lambda x: tf.image.extract_glimpse(x, [3, 3], [[0.0, 0.0], [0.2, 0.1], [-0.2, 0.3]], centered=True, normalized=True), P)


def detections():
    boxes = given([[[0.1, 0.1, 0.5, 0.5], [0.12, 0.1, 0.5, 0.52], [0.6, 0.6, 0.9, 0.9], [0.0, 0.5, 0.3, 0.9]],
                   [[0.2, 0.2, 0.5, 0.5], [0.1, 0.1, 0.5, 0.52], [0.5, 0.6, 0.9, 0.9], [0.55, 0.6, 0.9, 0.95]],
                   [[0.1, 0.3, 0.5, 0.5], [0.6, 0.1, 0.9, 0.5], [0.0, 0.0, 0.9, 0.9], [0.0, 0.0, 0.9, 0.8]]])
    scores = floats(4, low=0.1, high=1)
    yield graph("nms-v3-first", lambda b, s: tf.image.non_max_suppression(b[0], s[0], 3, 0.5), boxes, scores)
    yield graph("nms-v3-threshold", lambda b, s: tf.image.non_max_suppression(b[0], s[0], 3, 0.5, 0.4), boxes, scores)
    yield graph("nms-v4-padded", lambda b, s: tf.image.non_max_suppression_padded(b[0], s[0], 4, 0.5, pad_to_max_output_size=True), boxes, scores)
    yield graph("nms-v5-soft", lambda b, s: tf.image.non_max_suppression_with_scores(b[0], s[0], 4, 0.5, soft_nms_sigma=0.5), boxes, scores)
    yield graph("nms-v5-hard", lambda b, s: tf.image.non_max_suppression_with_scores(b[0], s[0], 4, 0.5), boxes, scores)
    yield graph("nms-gather", lambda b, s: tf.gather(b[0], tf.image.non_max_suppression(b[0], s[0], 2, 0.5)), boxes, scores)
    for label, options in [("clip", {}), ("noclip", {"clip_boxes": False}), ("per-class", {"pad_per_class": True})]:
        yield graph(f"nms-combined-{label}", lambda b, s, o=options: dict(zip(("boxes", "scores", "classes", "count"), tf.image.combined_non_max_suppression(
            b[:, :, None, :], tf.stack([s, 1 - s], -1), 2, 4, 0.5, 0.2, **o))), boxes, scores)
    yield graph("nms-combined-class-boxes", lambda b, s: dict(zip(("boxes", "scores", "classes", "count"), tf.image.combined_non_max_suppression(
        tf.stack([b, b * 0.9], 2), tf.stack([s, 1 - s], -1), 2, 3, 0.5))), boxes, scores)
    yield graph("nms-map", lambda b, s: tf.map_fn(lambda z: tf.pad(i := tf.image.non_max_suppression(z[0], z[1], 3, 0.5), [[0, 3 - tf.shape(i)[0]]]), (b, s), fn_output_signature=tf.int32), boxes, scores)
    yield graph("draw-boxes", lambda b, s: tf.image.draw_bounding_boxes(tf.zeros([3, 8, 8, 3]) + s[:, :1, None, None], b, [[1.0, 0.0, 0.0]]), boxes, scores)


def signals():
    wave = floats(32)
    yield graph("fft-abs", lambda x: tf.abs(tf.signal.fft(tf.cast(x, tf.complex64))), floats(8))
    yield graph("rfft-parts", lambda x: (lambda f: (tf.math.real(f), tf.math.imag(f)))(tf.signal.rfft(x)), wave)
    yield graph("rfft-length", lambda x: tf.abs(tf.signal.rfft(x, [16])), wave)
    yield graph("irfft", lambda x: tf.signal.irfft(tf.signal.rfft(x) * 2), wave)
    yield graph("ifft", lambda x: tf.math.real(tf.signal.ifft(tf.complex(x, x * 2))), floats(8))
    yield graph("fft2d", lambda x: tf.abs(tf.signal.fft2d(tf.cast(x, tf.complex64))), floats(4, 8))
    yield graph("stft", lambda x: tf.abs(tf.signal.stft(x, 16, 8)), wave)
    yield graph("frame", lambda x: tf.signal.frame(x, 8, 4), wave)
    yield graph("overlap-add", lambda x: tf.signal.overlap_and_add(tf.signal.frame(x, 8, 4), 4), wave)
    yield graph("mel", lambda x: tf.tensordot(tf.abs(tf.signal.stft(x, 16, 8)), tf.signal.linear_to_mel_weight_matrix(5, 9, 16000), 1), wave)
    yield graph("dct", lambda x: tf.signal.dct(x), wave)
    yield graph("mfcc", lambda x: tf.signal.mfccs_from_log_mel_spectrograms(x), floats(4, 6))
    yield graph("complex-out", lambda x: tf.cast(x, tf.complex64), X, refused="complex")
    yield graph("complex-angle", lambda x: tf.math.angle(tf.complex(x[:, :, :3], x[:, :, 3:])), X)
    yield graph("complex-multiply", lambda x: tf.math.real(tf.complex(x, x) * tf.complex(x, -x * 2)), X)
    yield graph("complex-conj", lambda x: tf.math.imag(tf.math.conj(tf.complex(x, x * 3))), X)
    yield graph("audio-spectrogram", lambda x: tf.raw_ops.AudioSpectrogram(input=x[:, None, 0], window_size=2, stride=1, magnitude_squared=True), floats(1), refused="spectrogram")


def linear_algebra():
    square = floats(3, 3)
    definite = lambda x: tf.matmul(x, x, transpose_b=True) + tf.eye(3)
    for label, function in [
        ("cholesky", lambda x: tf.linalg.cholesky(definite(x))), ("inverse", lambda x: tf.linalg.inv(definite(x))),
        ("det", lambda x: tf.linalg.det(x)), ("solve", lambda x: tf.linalg.solve(definite(x), x)),
        ("triangular", lambda x: tf.linalg.triangular_solve(tf.linalg.band_part(definite(x), -1, 0), x)),
        ("qr", lambda x: tf.abs(tf.linalg.qr(x).r)), ("svd", lambda x: tf.linalg.svd(x, compute_uv=False)),
        ("eigh", lambda x: tf.linalg.eigvalsh(definite(x))), ("lu", lambda x: tf.linalg.lu(definite(x))[0]),
        ("logdet", lambda x: tf.linalg.logdet(definite(x))), ("expm", lambda x: tf.linalg.expm(x)),
    ]:
        yield graph(f"la-{label}", function, square, refused="matri|cholesky|qr|svd|solve|determinant|eig|lu")
    yield graph("la-norm", lambda x: tf.norm(x, axis=[1, 2]), square)
    yield graph("la-adjoint", lambda x: tf.linalg.adjoint(x), square)
    yield graph("la-kron", lambda x: tf.linalg.LinearOperatorKronecker([tf.linalg.LinearOperatorFullMatrix(x), tf.linalg.LinearOperatorIdentity(2)]).to_dense(), square)


def cases():
    for make in (products, convolutions, pictures, detections, signals, linear_algebra):
        yield from make()
