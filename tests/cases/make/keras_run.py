"""Writes the cases of Keras: as the converter's layers model, as a `.keras` file's contents, or as a graph."""

import os
import shutil

import numpy as np

from case_file import write_case
from convert import keras2_as_graph, keras3_as_graph, keras_file_model, layers_model, set_weights
from frameworks import keras2, keras3, tf
from graph_case import named_by_signature
from keras_case import arrays_of

# Prefix of the name → version of Keras and how the model is written.
KINDS = {
    "k2": (2, layers_model), "k3h5": (3, layers_model), "k3": (3, keras_file_model),
    "g-k2": (2, keras2_as_graph), "g-k3": (3, keras3_as_graph),
}


def write_keras_case(case, kind, folder):
    """@returns the converter's note; throws what Keras or the converter throws."""
    version, write = KINDS[kind]
    k = keras2 if version == 2 else keras3
    (k.backend.clear_session if version == 2 else k.utils.clear_session)()
    name = f"{kind}-{case.name}"
    path = os.path.join(folder, name)
    shutil.rmtree(path, ignore_errors=True)
    model = case.build(k)
    if not case.keep_weights:
        set_weights(model, name)
    arrays = arrays_of(case)
    feeds = [tf.constant(array) for array in arrays]
    names = [each.name for each in model.inputs]
    structure = dict(zip(_keys(model, names), feeds)) if isinstance(_struct(model), dict) else feeds
    result = model(structure if isinstance(structure, dict) or len(feeds) > 1 else feeds[0], training=False)
    outputs = [each.to_tensor() if isinstance(each, tf.RaggedTensor) else each for each in tf.nest.flatten(result)]
    results = [np.asarray(each) for each in outputs]
    os.makedirs(path)
    try:
        note = write(model, path) or ""
        feeds = dict(zip(names, arrays))
        stored = {f"o{index}": each for index, each in enumerate(results)}
        if kind.startswith("g-"):
            keys = [f"x{index}" for index in range(len(arrays))] if version == 2 else names
            feeds, stored = named_by_signature(path, list(zip(keys, arrays)), list(stored.items()))
        write_case(path, name, "graph" if kind.startswith("g-") else "layers", feeds, stored, note, case.refused)
        return note
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        raise


def _struct(model):
    return getattr(model, "_inputs_struct", getattr(model, "_nested_inputs", None))


def _keys(model, names):
    struct = _struct(model)
    by_name = {each.name: key for key, each in struct.items()}
    return [by_name[name] for name in names]
