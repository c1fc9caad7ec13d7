"""From a Keras model, a `.keras` file or a TensorFlow function to model.json and weight files, by the converter."""

import contextlib
import io
import os
import shutil
import tempfile
import zlib

import numpy as np

from frameworks import tf
from tensorflowjs.converters import keras_h5_conversion, tf_saved_model_conversion_v2
from tensorflowjs.converters.converter import dispatch_keras_keras_to_tfjs_layers_model_conversion


def set_weights(model, name):
    """Seeded values in place of the initialisers', so that biases and moving statistics count too."""
    rng = np.random.default_rng(zlib.crc32(name.encode()) + 1)
    values = []
    for variable, value in zip(model.weights, model.get_weights()):
        label = getattr(variable, "path", variable.name)
        if value.dtype.kind != "f" or getattr(model, "keep_weights", False):
            values.append(value)
        elif any(part in label for part in ("variance", "gamma", "scale")):
            values.append(rng.uniform(0.5, 1.5, value.shape).astype(value.dtype))
        else:
            size = np.sqrt(3 / max(1, np.prod(value.shape[:-1])))
            values.append(rng.uniform(-max(size, 0.3), max(size, 0.3), value.shape).astype(value.dtype))
    model.set_weights(values)


def quietly(run):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return run()


def layers_model(model, folder, quantized=None):
    """A Keras 2 or 3 model, by way of its .h5 file."""
    with tempfile.TemporaryDirectory() as temporary:
        path = os.path.join(temporary, "model.h5")
        quietly(lambda: model.save(path))
        topology, groups = quietly(lambda: keras_h5_conversion.h5_merged_saved_model_to_tfjs_format(path))
        quietly(lambda: keras_h5_conversion.write_artifacts(topology, groups, folder, quantized))


def keras_file_model(model, folder):
    """A Keras 3 model, by way of its .keras file."""
    with tempfile.TemporaryDirectory() as temporary:
        path = os.path.join(temporary, "model.keras")
        model.save(path)
        quietly(lambda: dispatch_keras_keras_to_tfjs_layers_model_conversion(path, folder))


def graph_model(saved_model, folder, **options):
    """@returns what the converter refused, "" for nothing. It is then converted all the same, without the check."""
    try:
        quietly(lambda: tf_saved_model_conversion_v2.convert_tf_saved_model(saved_model, folder, **options))
        return ""
    except ValueError as error:
        reason = str(error)
        if "Unsupported Ops" not in reason:
            raise
        shutil.rmtree(folder, ignore_errors=True)
        quietly(lambda: tf_saved_model_conversion_v2.convert_tf_saved_model(
            saved_model, folder, skip_op_check=True, **options))
        return f"[converter refuses: {reason}; made with skip_op_check]"


def function_as_graph(function, specs, folder, variables=(), **options):
    """@param function from tensors, by name, to a dict of tensors."""
    module = tf.Module()
    module.kept = list(variables)
    module.call = tf.function(function, input_signature=specs)
    with tempfile.TemporaryDirectory() as temporary:
        quietly(lambda: tf.saved_model.save(module, temporary, signatures=module.call))
        return graph_model(temporary, folder, **options)


def keras2_as_graph(model, folder):
    """A model of tf_keras called in a function of ours, with its inputs as x0, x1 … and its outputs as o0, o1 …."""
    names = [f"x{index}" for index in range(len(model.inputs))]
    specs = [tf.TensorSpec(each.shape, each.dtype, name=name) for name, each in zip(names, model.inputs)]

    def run(*tensors):
        feeds = tf.nest.pack_sequence_as(model._nested_inputs, list(tensors))
        outputs = tf.nest.flatten(model(feeds, training=False))
        return {f"o{index}": each for index, each in enumerate(outputs)}

    scope = {"run": run}
    exec(f"def call({', '.join(names)}):\n    return run({', '.join(names)})", scope)  # noqa: S102
    return function_as_graph(scope["call"], specs, folder, [model])


def keras3_as_graph(model, folder):
    """A model of Keras 3, exported as it does by itself."""
    with tempfile.TemporaryDirectory() as temporary:
        quietly(lambda: model.export(temporary, verbose=False))
        return graph_model(temporary, folder)
