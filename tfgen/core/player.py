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
      shared: those of `parts` that a player before it moves too (the encoder of an adversarial autoencoder).
      prepare: `prepare(rows, seed, training)` -> what is computed of a batch's rows before the move, by name: it stands
        beside them for `terms` and `after_move`, and no gradient goes through it.
      updates: how often it moves in a training step, each time with examples and noise of its own.
      objective: named terms -> the loss [B] that is minimised; the sum of all terms if left out.
      after_move: `after_move(means, rows, seed)`, called when its optimizer has moved, of a move that no NaN stopped:
        each term's and the loss's mean over the whole batch of all replicas, and the examples and the seed rows that
        this replica moved on. Variables that it changes, made with aggregation="only_first_replica", must get the same
        values on all replicas: make them of `means`, or of `replicas.gather_batch(rows)`.
      units: unit of each term that is not in nats, and of the "loss" if that is not, for the logs.
    """

    name: str
    terms: Callable[[dict, tf.Tensor, bool], Terms]
    parts: Sequence[keras.layers.Layer]
    shared: Sequence[keras.layers.Layer] = ()
    prepare: Callable[[dict, tf.Tensor, bool], dict] | None = None
    updates: int = 1
    objective: Callable[[Terms], tf.Tensor] = total
    after_move: Callable[[Terms, dict, tf.Tensor], None] | None = None
    units: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def named(self, quantity: str) -> str:
        """What a quantity of this player is called in the logs: "loss", or "generator_loss" where there are several."""
        return quantity if self.name == "model" else f"{self.name}_{quantity}"

    def rows(self, batch: dict, seed: tf.Tensor, training: bool) -> dict:
        """A batch with what is computed of it before the move."""
        return batch | (self.prepare(batch, seed, training) if self.prepare else {})

    @property
    def variables(self) -> list[keras.Variable]:
        return [variable for part in self.parts for variable in part.trainable_variables]
