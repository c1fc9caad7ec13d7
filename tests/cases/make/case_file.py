"""Seeded inputs, and `case.json`: inputs of a model and what its own framework computes for them."""

import json
import os
import zlib

import numpy as np

ITEM_COUNT = 3


def seeded(name):
    """A generator of random numbers that depends on the name alone, so that adding a case changes no other."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def floats(*shape, low=-1.0, high=1.0):
    """@param shape of one item."""
    return lambda rng: rng.uniform(low, high, (ITEM_COUNT, *shape)).astype(np.float32)


def integers(*shape, below, low=0):
    return lambda rng: rng.integers(low, below, (ITEM_COUNT, *shape)).astype(np.int32)


def bools(*shape):
    return lambda rng: rng.integers(0, 2, (ITEM_COUNT, *shape)).astype(bool)


def given(*values, dtype=None):
    """The same values whatever the seed; axis 0 holds the items."""
    array = np.array(values[0] if len(values) == 1 else values)
    if dtype is None and array.dtype.kind in "US":
        return lambda _: array.astype(object)
    return lambda _: array.astype(dtype or (np.float32 if array.dtype.kind == "f" else np.int32))


def masked(steps, size, lengths=(6, 4, 2), value=0.0):
    """Sequences whose steps after their length hold `value`."""

    def make(rng):
        data = rng.uniform(-1, 1, (ITEM_COUNT, steps, size)).astype(np.float32)
        for item, length in enumerate(lengths):
            data[item, length:] = value
        return data

    return make


def tokens(steps, below, lengths=(6, 4, 2), dtype=np.int32):
    """Words 1 … below − 1, and 0 after the sequence's length."""

    def make(rng):
        data = rng.integers(1, below, (ITEM_COUNT, steps))
        for item, length in enumerate(lengths):
            data[item, length:] = 0
        return data.astype(dtype)

    return make


_NAMES = {"float32": "float32", "float16": "float32", "float64": "float32", "bfloat16": "float32", "int32": "int32",
          "int64": "int32", "int16": "int32", "int8": "int32", "uint8": "int32", "uint16": "int32", "bool": "bool",
          "complex64": "complex64"}


def _value(number):
    """The shortest text that reads as the same float32."""
    number = float(str(np.float32(number)))
    if number != number:
        return "nan"
    if number in (float("inf"), float("-inf")):
        return "inf" if number > 0 else "-inf"
    return number


def to_record(array):
    """dtype, shape and data of an array as JSON has them, with the dtypes of TensorFlow.js."""
    array = np.asarray(array)
    if array.dtype.kind in "OSU":
        data = [each.decode("utf-8", "replace") if isinstance(each, bytes) else str(each) for each in array.ravel()]
        return {"dtype": "string", "shape": list(array.shape), "data": data}
    dtype = _NAMES[str(array.dtype)]
    if dtype == "complex64":
        pairs = np.stack([array.ravel().real, array.ravel().imag], -1).ravel()
        return {"dtype": dtype, "shape": list(array.shape), "data": [_value(each) for each in pairs]}
    flat = array.ravel()
    data = [bool(each) for each in flat] if dtype == "bool" else (
        [int(each) for each in flat] if dtype == "int32" else [_value(each) for each in flat.astype(np.float32)])
    return {"dtype": dtype, "shape": list(array.shape), "data": data}


def write_case(folder, name, model_format, inputs, outputs, note="", refused=None):
    case = {
        "name": name,
        "format": model_format,
        "inputs": {key: to_record(array) for key, array in inputs.items()},
        "outputs": {key: to_record(array) for key, array in outputs.items()},
    }
    if note:
        case["note"] = note
    if refused:
        case["refused"] = refused
    with open(os.path.join(folder, "case.json"), "w", encoding="utf-8") as file:
        json.dump(case, file)
        file.write("\n")
