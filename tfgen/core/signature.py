"""A signature: one function that a model serves."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import NamedTuple

import tensorflow as tf

SEED = tf.TensorSpec([None, 2], tf.int32, name="seed")


class Sides(NamedTuple):
    """What the height and the width of an input may be, in pixels: multiples of a number, within bounds."""

    multiple: int = 1
    least: int = 1
    largest: int = 1024


@dataclasses.dataclass(frozen=True)
class Signature:
    """A served function: named tensors in, named tensors out; dimension 0 of each is the batch.

    Args:
      function: called with the inputs by name; answers {name: tensor}.
      inputs: spec of each input; its first dimension is None. A height and a width that are None are free.
      about: one sentence for the model card, shapes and units included.
      compiled: the same function with its loop compiled by XLA, which is faster and which TF Serving does not run: it
        is no signature of an export but an attribute, for those who load it in a process of theirs.
      sides: what a free height or width may be.
    """

    function: Callable[..., dict[str, tf.Tensor]]
    inputs: Mapping[str, tf.TensorSpec]
    about: str
    compiled: Callable[..., dict[str, tf.Tensor]] | None = None
    sides: Sides = Sides()
