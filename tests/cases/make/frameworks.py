"""TensorFlow, both Keras and the converter of TensorFlow.js in one process."""

import os
import sys
import types

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ["KERAS_BACKEND"] = "tensorflow"

import tensorflow as tf
import keras as keras3
import tf_keras as keras2

# The converter imports these two at once, but uses them only for models of theirs. Keras 3 would take them for real.
sys.modules["tensorflow_decision_forests"] = types.ModuleType("tensorflow_decision_forests")
_jax, _experimental = types.ModuleType("jax"), types.ModuleType("jax.experimental")
_experimental.jax2tf = types.ModuleType("jax2tf")
sys.modules.setdefault("jax", _jax)
sys.modules.setdefault("jax.experimental", _experimental)

tf.get_logger().setLevel("ERROR")
