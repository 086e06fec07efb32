"""A player: what is minimised, and the parts that are moved to minimise it."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import keras
import tensorflow as tf

Terms = dict[str, tf.Tensor]


def total(terms: Terms) -> tf.Tensor:
    """The sum of all terms, [B]."""
    return tf.add_n(list(terms.values()))


@dataclasses.dataclass(frozen=True)
class Player:
    """One side of the game that is training; a model of likelihood has one, a GAN two.

    Args:
      name: of its optimizer, and of its loss in the logs; "model" where there is one player.
      terms: `terms(batch, seed, training)` -> named terms, each float32 [B]. Each is logged under its name.
      parts: the layers whose variables this player moves, and no others.
      updates: how often it moves in a training step, each time with examples and noise of its own.
      objective: named terms -> the loss [B] that is minimised; the sum of all terms if left out.
      units: unit of each term that is not in nats, for the logs.
    """

    name: str
    terms: Callable[[dict, tf.Tensor, bool], Terms]
    parts: Sequence[keras.layers.Layer]
    updates: int = 1
    objective: Callable[[Terms], tf.Tensor] = total
    units: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def loss_name(self) -> str:
        return "loss" if self.name == "model" else f"{self.name}_loss"

    @property
    def variables(self) -> list[keras.Variable]:
        return [variable for part in self.parts for variable in part.trainable_variables]
