"""A signature: one function that a model serves."""

import dataclasses
from collections.abc import Callable, Mapping

import tensorflow as tf

SEED = tf.TensorSpec([None, 2], tf.int32, name="seed")


@dataclasses.dataclass(frozen=True)
class Signature:
    """A served function: named tensors in, named tensors out; dimension 0 of each is the batch.

    Args:
      function: called with the inputs by name; answers {name: tensor}.
      inputs: spec of each input; its first dimension is None.
      about: one sentence for the model card, shapes and units included.
    """

    function: Callable[..., dict[str, tf.Tensor]]
    inputs: Mapping[str, tf.TensorSpec]
    about: str
