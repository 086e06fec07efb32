"""What the two players of a GAN minimise, as functions of discriminator logits.

A logit is of "this is real": with cross-entropies D(x) = sigmoid(logit), elsewhere it is the score of a critic. Every
function takes logits [B] and gives [B]; with -ln sigmoid(a) = softplus(-a) none of them ever takes the logarithm of a
rounded probability. An objective makes its terms of a `move`, which has `real_logits` and `fake_logits` [B], and
`flipped(kind)`, which images are taken for the other kind; what is not asked for is not computed.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

Function = Callable[[tf.Tensor], tf.Tensor]


class Objective(NamedTuple):
    """Three functions of logits [B] -> [B]: the discriminator's on real and on fake images, the generator's on fake.

    Args:
      real, fake, generator: what is minimised.
      boundary: the logit between "real" and "fake", for the accuracies that are watched; None where only differences of
        logits count, as for a Wasserstein critic: then it is their mean difference that is watched.
      unit: of the terms.
    """

    real: Function
    fake: Function
    generator: Function
    boundary: float | None = 0.0
    unit: str = "nats"

    def discriminator_terms(self, move) -> dict[str, tf.Tensor]:
        """The loss is their sum."""
        terms = {"real": self.real(move.real_logits), "fake": self.fake(move.fake_logits)}
        if (flipped := move.flipped("real")) is not None:
            terms["real"] = tf.where(flipped, self.fake(move.real_logits), terms["real"])
        if (flipped := move.flipped("fake")) is not None:
            terms["fake"] = tf.where(flipped, self.real(move.fake_logits), terms["fake"])
        return terms

    def generator_terms(self, move) -> dict[str, tf.Tensor]:
        """The loss is their sum."""
        return {"fooling": self.generator(move.fake_logits)}

    @property
    def watches(self) -> dict[str, str]:
        """What is logged of the discriminator's move, and not minimised: its unit by its name."""
        if self.boundary is None:
            return {"difference": self.unit}
        return {"real_accuracy": "fraction", "fake_accuracy": "fraction"}

    def watched(self, move) -> dict[str, tf.Tensor]:
        """The values [B] of what it watches."""
        if self.boundary is None:
            return {"difference": move.real_logits - move.fake_logits}
        return {
            "real_accuracy": tf.cast(move.real_logits > self.boundary, tf.float32),
            "fake_accuracy": tf.cast(move.fake_logits < self.boundary, tf.float32),
        }

    def smoothed(self, share: float) -> "Objective":
        """One-sided label smoothing: real images are held to be fake to this share (Salimans et al. 2016, "Improved
        Techniques for Training GANs", section 3.4, where the label of a real image is 0.9)."""
        return self._replace(real=lambda logits: (1.0 - share) * self.real(logits) + share * self.fake(logits))


class PairedObjective(NamedTuple):
    """Two functions of the logits [B] of real images and [B] of fake ones together -> [B]: relativistic objectives."""

    discriminator: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
    generator: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
    unit: str = "nats"
    boundary: None = None

    def discriminator_terms(self, move) -> dict[str, tf.Tensor]:
        """The one term of the loss."""
        return {"pairs": self.discriminator(move.real_logits, move.fake_logits)}

    def generator_terms(self, move) -> dict[str, tf.Tensor]:
        """The one term of the loss."""
        return {"fooling": self.generator(move.real_logits, move.fake_logits)}

    @property
    def watches(self) -> dict[str, str]:
        """What is logged, and not minimised: how many pairs are told apart."""
        return {"pair_accuracy": "fraction"}

    def watched(self, move) -> dict[str, tf.Tensor]:
        """The values [B] of what it watches."""
        return {"pair_accuracy": tf.cast(move.real_logits > move.fake_logits, tf.float32)}


def real_cross_entropy(logits: tf.Tensor) -> tf.Tensor:
    """-ln D."""
    return tf.nn.softplus(-logits)


def fake_cross_entropy(logits: tf.Tensor) -> tf.Tensor:
    """-ln(1 - D)."""
    return tf.nn.softplus(logits)


def saturating(logits: tf.Tensor) -> tf.Tensor:
    """ln(1 - D): flat where the discriminator is sure that an image is fake."""
    return -tf.nn.softplus(logits)


def towards(target: float) -> Function:
    """Half of the squared distance to a target."""
    return lambda logits: 0.5 * tf.square(logits - target)


def higher(logits: tf.Tensor) -> tf.Tensor:
    """Minimised where the score is high."""
    return -logits


def lower(logits: tf.Tensor) -> tf.Tensor:
    """Minimised where the score is low."""
    return logits


def beyond(sign: float) -> Function:
    """max(0, 1 - sign * logit)."""
    return lambda logits: tf.nn.relu(1.0 - sign * logits)


def ahead(one: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """-ln sigmoid(one - other): that the first is more real than the second."""
    return tf.nn.softplus(other - one)


OBJECTIVES = {
    # Goodfellow et al. 2014, "Generative Adversarial Nets", https://arxiv.org/abs/1406.2661: eq. 1 is the minimax game;
    # section 3 has the generator maximise ln D instead, which moves it where the minimax loss is flat.
    "minimax": Objective(real_cross_entropy, fake_cross_entropy, saturating),
    "non_saturating": Objective(real_cross_entropy, fake_cross_entropy, real_cross_entropy),
    # Mao et al. 2017, "Least Squares Generative Adversarial Networks", https://arxiv.org/abs/1611.04076: eq. 9 codes
    # fake, real and what the generator wants as 0, 1, 1; eq. 8 as -1, 1, 0, which minimises Pearson's chi-squared.
    "least_squares": Objective(towards(1.0), towards(0.0), towards(1.0), 0.5, "squared"),
    "least_squares_pearson": Objective(towards(1.0), towards(-1.0), towards(0.0), 0.0, "squared"),
    # Arjovsky et al. 2017, "Wasserstein GAN", https://arxiv.org/abs/1701.07875, algorithm 1. The critic has to be
    # Lipschitz: by `weight_clip`, by a penalty or by spectral normalisation.
    "wasserstein": Objective(higher, lower, higher, None, "1"),
    # Lim and Ye 2017, "Geometric GAN", https://arxiv.org/abs/1705.02894; Miyato et al. 2018, eq. 16 and 17.
    "hinge": Objective(beyond(1.0), beyond(-1.0), higher, 0.0, "1"),
    # Jolicoeur-Martineau 2018, "The relativistic discriminator", https://arxiv.org/abs/1807.00734, eq. 3 and 4, of
    # pairs of a real and a fake image, as Huang et al. 2024, "The GAN is dead; long live the GAN!",
    # https://arxiv.org/abs/2501.05441, have it.
    "relativistic": PairedObjective(ahead, lambda real, fake: ahead(fake, real)),
}
