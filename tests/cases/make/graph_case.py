"""A case of a TensorFlow function, saved and converted to a graph."""

import json
import os
import shutil
from dataclasses import dataclass, field
from typing import Callable

import numpy as np

from case_file import seeded, write_case
from convert import function_as_graph
from frameworks import tf


@dataclass
class GraphCase:
    name: str
    # From tensors to a tensor, a tuple (outputs y0, y1 …) or a dict of tensors.
    function: Callable
    # Makers of inputs; named x, or x0, x1 …
    inputs: list
    shapes: list | None = None
    variables: list = field(default_factory=list)
    # Of the converter, such as quantisation.
    options: dict = field(default_factory=dict)
    refused: str = ""


_weights = seeded("")


def weight(*shape):
    """A constant of a function: the same however often the function is traced."""
    return tf.constant(_weights.uniform(-1, 1, shape).astype(np.float32))


def graph(name, function, *inputs, shapes=None, variables=(), refused="", **options):
    """@param shapes of the inputs where not only axis 0 is free, or not even that."""
    return GraphCase(name, function, list(inputs), shapes, list(variables), options, refused)


def write_graph_case(case, folder):
    name = f"g-{case.name}"
    path = os.path.join(folder, name)
    shutil.rmtree(path, ignore_errors=True)
    rng = seeded(case.name)
    arrays = [np.asarray(make(rng)) for make in case.inputs]
    names = ["x"] if len(arrays) == 1 else [f"x{index}" for index in range(len(arrays))]
    specs = []
    for index, (key, array) in enumerate(zip(names, arrays)):
        shape = case.shapes[index] if case.shapes else (None, *array.shape[1:]) if array.ndim > 0 else ()
        specs.append(tf.TensorSpec(shape, tf.string if array.dtype == object else array.dtype, name=key))

    def named(*tensors):
        global _weights
        _weights = seeded(f"weights of {case.name}")
        result = case.function(*tensors)
        if isinstance(result, dict):
            return result
        if isinstance(result, (tuple, list)):
            return {f"y{index}": each for index, each in enumerate(result)}
        return {"y": result}

    # By position: a function that lists its arguments is what the signature's names come from.
    arguments = ", ".join(names)
    scope = {"named": named}
    exec(f"def call({arguments}):\n    return named({arguments})", scope)  # noqa: S102
    outputs = tf.function(named, input_signature=specs)(*[tf.constant(array) for array in arrays])
    os.makedirs(path)
    try:
        note = function_as_graph(scope["call"], specs, path, case.variables, **case.options)
        # TensorFlow flattens a dict in the order of its keys.
        flat = [(key, np.asarray(outputs[key])) for key in sorted(outputs)]
        feeds, results = named_by_signature(path, list(zip(names, arrays)), flat)
        write_case(path, name, "graph", feeds, results, note, case.refused)
        return note
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        raise


def named_by_signature(path, inputs, outputs):
    """The converter keeps a signature's key only where no other tensor has its shape and dtype, else it writes the tensor's name.

    @param inputs, outputs lists of key and array; the function's outputs are the nodes Identity, Identity_1 and so on.
    @returns two dicts by the keys that were written.
    """
    with open(os.path.join(path, "model.json"), encoding="utf-8") as file:
        signature = json.load(file)["signature"]
    written = {tensor["name"]: key for key, tensor in signature.get("inputs", {}).items()}
    feeds = {written.get(f"{key}:0", key): array for key, array in inputs}
    written = {tensor["name"]: key for key, tensor in signature["outputs"].items()}
    results = {}
    for index, (key, array) in enumerate(outputs):
        results[written.get(f"Identity_{index}:0" if index else "Identity:0", key)] = array
    return feeds, results
