"""The models of the suite `peers`, with seeded random weights. All of them are Keras 2 models, but for the upscaler, which is trained."""

import json
import os

import numpy as np

from frameworks import keras2, tf

layers = keras2.layers
BUNDLED = os.path.join(os.path.dirname(__file__), "../../../../public/models/upscale-x2")


def mlp():
    """64-128-64-10."""
    image = keras2.Input((64,), name="x")
    y = layers.Dense(128, activation="relu")(image)
    y = layers.Dense(64, activation="relu")(y)
    return keras2.Model(image, layers.Dense(10, activation="softmax")(y))


def recurrent(layer):
    """128 and 64 units over 64 steps of 32 features."""
    steps = keras2.Input((64, 32), name="x")
    y = layer(128, return_sequences=True)(steps)
    y = layer(64)(y)
    return keras2.Model(steps, layers.Dense(10)(y))


def lstm_of_cells():
    """The same as `recurrent(LSTM)`. LiteRT.js 2.5 refuses the operation that an LSTM layer becomes ("variable tensors"), not its loop."""
    return recurrent(lambda units, **options: layers.RNN(layers.LSTMCell(units), **options))


def transformer():
    """Encoder of 4 layers over 64 tokens of 128 features, 4 heads, normalised before each block."""
    tokens = keras2.Input((64, 128), name="x")
    y = tokens
    for _ in range(4):
        normal = layers.LayerNormalization(epsilon=1e-6)(y)
        y = layers.Add()([y, layers.MultiHeadAttention(4, 32)(normal, normal)])
        normal = layers.LayerNormalization(epsilon=1e-6)(y)
        normal = layers.Dense(512, activation="relu")(normal)
        y = layers.Add()([y, layers.Dense(128)(normal)])
    return keras2.Model(tokens, layers.LayerNormalization(epsilon=1e-6)(y))


def seed_weights(model, seed):
    """Values in place of the initialisers', so that biases and moving statistics count too. They keep activations near 1."""
    rng = np.random.default_rng(seed)
    values = []
    for variable in model.weights:
        shape, name = variable.shape, variable.name
        if "gamma" in name or "variance" in name:
            values.append(rng.uniform(0.8, 1.2, shape))
        elif len(shape) < 2:
            values.append(rng.uniform(-0.1, 0.1, shape))
        else:
            # Uniform, of variance 2 ÷ fan-in; a depthwise kernel has one input channel.
            fan_in = np.prod(shape[:2]) if "depthwise" in name else np.prod(shape[:-1])
            gain = 1 if len(shape) == 2 else 2
            limit = np.sqrt(3 * gain / fan_in)
            values.append(rng.uniform(-limit, limit, shape))
    model.set_weights([value.astype(np.float32) for value in values])
    return model


def upscaler():
    """The bundled ×2 model, read from its TF.js files: a function from [N, H, W, 3] to [N, 2H, 2W, 3], with the nodes of its graph."""
    with open(os.path.join(BUNDLED, "model.json"), encoding="utf-8") as file:
        [group] = json.load(file)["weightsManifest"]
    with open(os.path.join(BUNDLED, group["paths"][0]), "rb") as file:
        blob = file.read()
    weights, offset = {}, 0
    for spec in group["weights"]:
        count = int(np.prod(spec["shape"]))
        weights[spec["name"]] = np.frombuffer(blob, spec["dtype"], count, offset).reshape(spec["shape"])
        offset += 4 * count

    def convolution(x, name, padding="SAME", relu=True):
        y = tf.nn.conv2d(x, weights[f"{name}/kernel"], 1, padding)
        bias = weights.get(f"{name}/bias")
        y = y if bias is None else tf.nn.bias_add(y, bias)
        return tf.nn.relu(y) if relu else y

    def call(image):
        ring = [[0, 0], [1, 1], [1, 1], [0, 0]]
        x = tf.pad(tf.pad(image, ring, "SYMMETRIC"), ring, "SYMMETRIC")
        base = tf.nn.depth_to_space(convolution(x, "base/subpixels", "VALID", relu=False), 2)
        y = convolution(x, "luma", "VALID", relu=False)
        y = convolution(y, "net/first", "VALID")
        hidden_count = sum(name.startswith("net/hidden") and name.endswith("kernel") for name in weights)
        for index in range(hidden_count):
            y = convolution(y, f"net/hidden{index + 1}")
        detail = tf.nn.depth_to_space(convolution(y, "net/last", relu=False), 2)
        return tf.clip_by_value(base + detail, 0.0, 1.0)

    return call


def application(name, **options):
    """A network of `tf_keras.applications` for images of 224 × 224."""
    return getattr(keras2.applications, name)(weights=None, input_shape=(224, 224, 3), **options)


class Network:
    """
    @param build        makes the Keras model, or the function for a model that has no Keras form.
    @param item_shape   of one item.
    @param batches      items per call to choose from: those whose tensors stay below some hundred megabytes.
    @param sample_count different items; a batch repeats them.
    @param for_tflite   makes the same model, with the same weights in the same order, of what LiteRT.js can load.
    """

    def __init__(self, title, build, item_shape, batches, sample_count, for_tflite=None):
        self.title, self.build, self.item_shape, self.for_tflite = title, build, item_shape, for_tflite
        self.batches, self.sample_count = batches, sample_count


SMALL = [1, 4, 16, 64, 256]
PICTURES = [1, 4, 16]

NETWORKS = {
    "mlp": Network("MLP 64-128-64-10", mlp, (64,), SMALL, 64),
    "lstm": Network(
        "LSTM 128 + 64, 64 × 32", lambda: recurrent(layers.LSTM), (64, 32), SMALL, 16, for_tflite=lstm_of_cells),
    "gru": Network("GRU 128 + 64, 64 × 32", lambda: recurrent(layers.GRU), (64, 32), SMALL, 16),
    "transformer": Network("Transformer encoder, 4 layers, 64 × 128", transformer, (64, 128), [1, 4, 16, 64], 8),
    "mobilenet-v1": Network(
        "MobileNet V1 0.5, 224²", lambda: application("MobileNet", alpha=0.5), (224, 224, 3), PICTURES, 4),
    "mobilenet-v2": Network("MobileNet V2 1.0, 224²", lambda: application("MobileNetV2"), (224, 224, 3), PICTURES, 4),
    "upscaler": Network("×2 upscaler, 160²", None, (160, 160, 3), PICTURES, 4),
    # Without softmax: its random sums are so large that nothing but 0 and 1 would be left to compare.
    "resnet50": Network(
        "ResNet50, 224²", lambda: application("ResNet50", classifier_activation=None), (224, 224, 3), [1, 4], 2),
}
