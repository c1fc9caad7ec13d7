"""Writes the cases of Keras: as the converter's layers model, as a `.keras` file's contents, or as a graph."""

import json
import os
import shutil

import numpy as np

from case_file import write_case
from convert import keras_as_graph, keras_file_model, layers_model, set_weights
from frameworks import keras2, keras3, tf
from keras_case import arrays_of

# Prefix of the name → version of Keras and how the model is written.
KINDS = {
    "k2": (2, layers_model), "k3h5": (3, layers_model), "k3": (3, keras_file_model),
    "g-k2": (2, keras_as_graph), "g-k3": (3, keras_as_graph),
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
    os.makedirs(path)
    try:
        note = write(model, path) or ""
        if kind.startswith("g-k2"):
            names = _graph_inputs(path, names)
        write_case(path, name, "graph" if kind.startswith("g-") else "layers", dict(zip(names, arrays)),
                   {f"o{index}": np.asarray(each) for index, each in enumerate(outputs)}, note, case.refused)
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


def _graph_inputs(path, names):
    with open(os.path.join(path, "model.json"), encoding="utf-8") as file:
        signature = json.load(file)["signature"]["inputs"]
    if all(name in signature for name in names):
        return names
    return list(signature) if len(names) == 1 else [next(key for key in signature if name in key) for name in names]
