"""What all GANs of images share: the game, latents to pictures, and no density."""

import keras
import tensorflow as tf

from tfgen.core import GenerativeModel, Player, Signature
from tfgen.core.signature import SEED
from tfgen.distributions.latents import DiagonalGaussian, standard_normal
from tfgen.losses.adversarial import OBJECTIVES
from tfgen.ops import images


class AdversarialModel(GenerativeModel):
    """A generator G(z) of images in [-1, 1] against a discriminator D(x) = sigmoid(logit of "x is real").

    In a training step the discriminator moves `discriminator_steps` times, each time on real images and noise of its
    own, then the generator once. A GAN has no `log_prob` and no `encode`: its density is implicit.

    Args:
      latent_dim: dimensions of z ~ N(0, I).
      objective: a name in `losses.adversarial.OBJECTIVES`.
      discriminator_steps: k of Goodfellow et al. 2014, algorithm 1.
    """

    generator: keras.layers.Layer  # latents [N, latent_dim] -> float [N, H, W, C] in [-1, 1]
    discriminator: keras.layers.Layer  # float [N, H, W, C] in [-1, 1] -> logits [N, 1]

    def __init__(
        self, image_shape: tuple[int, int, int], levels: int, latent_dim: int, objective: str, discriminator_steps: int
    ):
        super().__init__(image_shape, levels)
        if objective not in OBJECTIVES:
            raise ValueError(f"objective={objective!r}: must be one of {sorted(OBJECTIVES)}")
        for name, value in (("latent_dim", latent_dim), ("discriminator_steps", discriminator_steps)):
            if value < 1:
                raise ValueError(f"{name}={value}: must be at least 1")
        self.latent_dim = latent_dim
        self.objective = OBJECTIVES[objective]
        self.discriminator_steps = discriminator_steps

    def prior(self) -> DiagonalGaussian:
        """p(z) = N(0, I), over float32 [latent_dim]."""
        return standard_normal(self.latent_dim)

    def generate(self, latents: tf.Tensor) -> tf.Tensor:
        """float32 [N, latent_dim] -> uint8 [N, H, W, C]."""
        return images.from_symmetric(self.generator(latents, training=False), self.levels)

    def sample(self, seed: tf.Tensor) -> tf.Tensor:
        """One image of each seed row: int32 [N, 2] -> uint8 [N, H, W, C]."""
        return self.generate(self.prior().draw(seed).value)

    def discriminate(self, image: tf.Tensor) -> tf.Tensor:
        """The logit of "this image is real": uint8 [N, H, W, C] -> float32 [N]."""
        return self._logits(images.to_symmetric(image, self.levels), training=False)

    def _logits(self, image, training):
        return tf.cast(self.discriminator(image, training=training), tf.float32)[:, 0]

    def _fake_logits(self, seed, training):
        return self._logits(self.generator(self.prior().draw(seed).value, training=training), training)

    def players(self):
        return (
            Player(
                "discriminator",
                self._discriminator_terms,
                parts=[self.discriminator],
                updates=self.discriminator_steps,
                objective=lambda terms: terms["real"] + terms["fake"],
                units={"real_accuracy": "fraction", "fake_accuracy": "fraction"},
            ),
            Player("generator", self._generator_terms, parts=[self.generator]),
        )

    def _discriminator_terms(self, batch, seed, training):
        real = self._logits(images.to_symmetric(batch["image"], self.levels), training)
        fake = self._fake_logits(seed, training)
        return {
            "real": self.objective.real(real),
            "fake": self.objective.fake(fake),
            "real_accuracy": tf.cast(real > 0, tf.float32),
            "fake_accuracy": tf.cast(fake < 0, tf.float32),
        }

    def _generator_terms(self, batch, seed, training):
        return {"fooling": self.objective.generator(self._fake_logits(seed, training))}

    def signatures(self):
        latents = tf.TensorSpec([None, self.latent_dim], tf.float32, name="latents")
        return {
            "generate": Signature(
                lambda latents: {"image": self.generate(latents)},
                {"latents": latents},
                "The image that the generator makes of the latents.",
            ),
            "sample": Signature(
                lambda seed: {"image": self.sample(seed)},
                {"seed": SEED},
                "One image of each seed row, its latents drawn from N(0, I).",
            ),
            "discriminate": Signature(
                lambda image: {"logits": self.discriminate(image)},
                {"image": self.batch_spec["image"]},
                'The logit of "this image is real", [N].',
            ),
        }
