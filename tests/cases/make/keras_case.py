"""A case of Keras, for either version: how its model is built and what goes in."""

import zlib
from dataclasses import dataclass
from typing import Callable

import numpy as np

from case_file import seeded

BOTH = (2, 3)


@dataclass
class KerasCase:
    name: str
    # From the module of Keras to a model.
    build: Callable
    # Makers of inputs, in the model's order.
    inputs: list
    versions: tuple = BOTH
    # Part of the reason for which the model may be refused.
    refused: str = ""
    keep_weights: bool = False


def _input(k, array, shape=None):
    dtype = "string" if array.dtype == object else str(array.dtype)
    return k.layers.Input(shape=shape or array.shape[1:], dtype=dtype)


def chain(name, data, layers, versions=BOTH, shape=None, **options):
    """Layer after layer on one input: a Sequential model, or a functional one for two names out of three.

    @param layers from the module of Keras to a list of layers.
    @param shape of the input where it has free axes.
    """
    array = data(seeded(name))

    def build(k):
        first = _input(k, array, shape)
        if zlib.crc32(name.encode()) % 3 == 0:
            return k.Sequential([first, *layers(k)])
        last = first
        for layer in layers(k):
            last = layer(last)
        return k.Model(first, last)

    return KerasCase(name, build, [data], versions, **options)


def net(name, data, connect, versions=BOTH, shapes=None, **options):
    """A functional model. @param connect from the module of Keras and the inputs to the outputs, in any structure."""
    rng = seeded(name)
    arrays = [each(rng) for each in data]

    def build(k):
        inputs = [_input(k, array, shapes and shapes[index]) for index, array in enumerate(arrays)]
        return k.Model(inputs[0] if len(inputs) == 1 else inputs, connect(k, *inputs))

    return KerasCase(name, build, list(data), versions, **options)


def whole(name, data, build, versions=BOTH, **options):
    """Any model. @param build from the module of Keras to a model."""
    return KerasCase(name, build, list(data), versions, **options)


def arrays_of(case):
    rng = seeded(case.name)
    return [np.asarray(make(rng)) for make in case.inputs]
