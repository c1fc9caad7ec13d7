"""
Write the models of the suite `peers` in each peer's format, with the same weights.

    python make.py [FOLDER] [--only NAME,NAME]

FOLDER is by default $SHARDER_PEER_MODELS, or ~/.cache/inference-sharder/peers. Each model gets a folder:

    layers/model.json  a Keras model for TF.js (left out for the upscaler)
    graph/model.json   the same model converted to a graph
    model.onnx         with a free batch
    batch-N.tflite     with a batch of N, which this format fixes
    inputs.bin, outputs.bin   float32 items and what TensorFlow computes of them
    peer.json          written last, so that an interrupted run leaves no half of a model that looks whole
"""

import argparse
import json
import os
import shutil
import sys
import zlib

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../../cases/make"))

import convert  # noqa: E402
import networks  # noqa: E402
from frameworks import tf  # noqa: E402


def write_layers(model, folder):
    os.makedirs(folder)
    convert.layers_model(model, folder)


def write_onnx(function, item_shape, path):
    """By tf2onnx, in opset 17."""
    import tf2onnx

    spec = tf.TensorSpec((None, *item_shape), tf.float32, name="x")
    convert.quietly(lambda: tf2onnx.convert.from_function(
        tf.function(function, input_signature=[spec]), input_signature=[spec], opset=17, output_path=path))


def write_tflite(function, keep, item_shape, batch, path):
    """In float32, without any optimisation that changes numbers."""
    module = tf.Module()
    module.kept = keep
    spec = tf.TensorSpec((batch, *item_shape), tf.float32, name="x")
    concrete = tf.function(function, input_signature=[spec]).get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], module)
    content = convert.quietly(converter.convert)
    with open(path, "wb") as file:
        file.write(content)


def write_tflites(name, network, model, function, keep, folder):
    """@returns the batches of which there is a file."""
    if network.for_tflite is not None:
        same = network.for_tflite()
        same.set_weights(model.get_weights())
        function, keep = (lambda x: same(x, training=False)), [same]
    return [
        batch for batch in network.batches
        if attempt(name, f"TFLite of {batch}", lambda: write_tflite(
            function, keep, network.item_shape, batch, os.path.join(folder, f"batch-{batch}.tflite")))
    ]


def attempt(name, what, write):
    """@returns whether the file could be written. A format that can't hold the model is said, and left out."""
    try:
        write()
    except Exception as error:  # noqa: BLE001
        print(f"{name}: no {what}: {type(error).__name__}: {str(error).splitlines()[0][:300]}", flush=True)
        return False
    return True


def make(name, network, folder):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    seed = zlib.crc32(name.encode())
    formats = []
    if network.build is None:
        model, keep, function = None, [], networks.upscaler()
        shutil.copytree(networks.BUNDLED, os.path.join(folder, "graph"))
        formats.append("graph")
    else:
        model = networks.seed_weights(network.build(), seed)
        keep = [model]

        def function(x):
            return model(x, training=False)

        if attempt(name, "layers model", lambda: write_layers(model, os.path.join(folder, "layers"))):
            formats.append("layers")
        if attempt(name, "graph", lambda: convert.keras2_as_graph(model, os.path.join(folder, "graph"))):
            formats.append("graph")
    if attempt(name, "ONNX", lambda: write_onnx(function, network.item_shape, os.path.join(folder, "model.onnx"))):
        formats.append("onnx")
    tflite_batches = write_tflites(name, network, model, function, keep, folder)
    items = np.random.default_rng(seed + 1).uniform(0, 1, (network.sample_count, *network.item_shape))
    items = items.astype(np.float32)
    outputs = function(tf.constant(items)).numpy()
    items.tofile(os.path.join(folder, "inputs.bin"))
    outputs.astype(np.float32).tofile(os.path.join(folder, "outputs.bin"))
    record = {
        "title": network.title,
        "itemShape": network.item_shape,
        "sampleCount": network.sample_count,
        "batches": network.batches,
        "formats": formats,
        "tfliteBatches": tflite_batches,
        "madeBy": f"TensorFlow {tf.__version__}",
    }
    with open(os.path.join(folder, "peer.json"), "w", encoding="utf-8") as file:
        json.dump(record, file, indent=2)
    print(f"{name}: {', '.join(formats)}, tflite {tflite_batches}; outputs {outputs.min():.3g} … {outputs.max():.3g}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    default = os.environ.get("SHARDER_PEER_MODELS") or os.path.expanduser("~/.cache/inference-sharder/peers")
    parser.add_argument("folder", nargs="?", default=default)
    parser.add_argument("--only", default=",".join(networks.NETWORKS))
    options = parser.parse_args()
    for name in options.only.split(","):
        make(name, networks.NETWORKS[name], os.path.join(options.folder, name))


if __name__ == "__main__":
    main()
