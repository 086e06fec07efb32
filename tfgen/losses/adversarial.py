"""What the two players of a GAN minimise, as functions of discriminator logits.

A logit is of "this is real": D(x) = sigmoid(logit). Every function takes logits [B] and gives nats [B]; with
-ln sigmoid(a) = softplus(-a) none of them ever takes the logarithm of a rounded probability.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf


class Objective(NamedTuple):
    """Three functions of logits [B] -> [B]: the discriminator's on real and on fake images, the generator's on fake.

    Terms are made of a `move`, which has `real_logits` and `fake_logits` [B]; what is not asked for is not computed.
    """

    real: Callable[[tf.Tensor], tf.Tensor]
    fake: Callable[[tf.Tensor], tf.Tensor]
    generator: Callable[[tf.Tensor], tf.Tensor]

    def discriminator_terms(self, move) -> dict[str, tf.Tensor]:
        return {"real": self.real(move.real_logits), "fake": self.fake(move.fake_logits)}

    def generator_terms(self, move) -> dict[str, tf.Tensor]:
        return {"fooling": self.generator(move.fake_logits)}


class PairedObjective(NamedTuple):
    """Two functions of the logits [B] of real images and [B] of fake ones together -> [B]: relativistic objectives."""

    discriminator: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
    generator: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]

    def discriminator_terms(self, move) -> dict[str, tf.Tensor]:
        return {"pairs": self.discriminator(move.real_logits, move.fake_logits)}

    def generator_terms(self, move) -> dict[str, tf.Tensor]:
        return {"fooling": self.generator(move.real_logits, move.fake_logits)}


def real_cross_entropy(logits: tf.Tensor) -> tf.Tensor:
    """-ln D."""
    return tf.nn.softplus(-logits)


def fake_cross_entropy(logits: tf.Tensor) -> tf.Tensor:
    """-ln(1 - D)."""
    return tf.nn.softplus(logits)


def saturating(logits: tf.Tensor) -> tf.Tensor:
    """ln(1 - D): flat where the discriminator is sure that an image is fake."""
    return -tf.nn.softplus(logits)


# Goodfellow et al. 2014, "Generative Adversarial Nets", https://arxiv.org/abs/1406.2661: eq. 1 is the minimax game;
# section 3 has the generator maximise ln D instead, which moves it where the minimax loss is flat.
OBJECTIVES = {
    "minimax": Objective(real_cross_entropy, fake_cross_entropy, saturating),
    "non_saturating": Objective(real_cross_entropy, fake_cross_entropy, real_cross_entropy),
}
