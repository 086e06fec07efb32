"""Small models that hold the nouns to what models still to come need of them; the real ones replace them."""

import math

import keras
import tensorflow as tf

from tfgen.core import GenerativeModel, Player, Signature
from tfgen.distributions.autoregressive import Autoregressive
from tfgen.distributions.latents import DiagonalGaussian, Layers, Mixture, standard_normal
from tfgen.layers.dropout import dropout
from tfgen.losses.adversarial import OBJECTIVES
from tfgen.ops import images
from tfgen.vae.base import LatentVariableModel
from tfgen.vae.vae import mlp_decoder, mlp_encoder


def network(width: int, channels: int, activation: str | None) -> keras.Sequential:
    """[N, H, W, C] -> [N, H, W, channels]."""
    layers = [
        keras.layers.Conv2D(width, 3, padding="same", activation="leaky_relu"),
        keras.layers.Conv2D(channels, 1, activation=activation),
    ]
    return keras.Sequential(layers)


class Translator(GenerativeModel):
    """Two sets of pictures that are no pairs, a generator each way: a CycleGAN of two layers."""

    WEIGHT = 10.0  # of the cycles, section 4 of the paper

    def __init__(self, image_shape: tuple[int, int, int], levels: int = 256, width: int = 4):
        super().__init__(image_shape, levels, example="a")
        channels = self.shape[-1]
        self.generators = {other: network(width, channels, "tanh") for other in "ab"}  # by what they make
        self.discriminators = {one: network(width, 1, None) for one in "ab"}
        self.objective = OBJECTIVES["non_saturating"]

    @property
    def batch_spec(self):
        return {name: tf.TensorSpec([None, *self.shape], tf.uint8, name=name) for name in "ab"}

    @property
    def limits(self):
        return dict.fromkeys("ab", self.levels)

    def _real(self, batch):
        return {name: images.to_symmetric(batch[name], self.levels) for name in "ab"}

    def _logits(self, of, image, training):
        return tf.cast(tf.reduce_mean(self.discriminators[of](image, training=training), axis=[1, 2, 3]), tf.float32)

    def players(self):
        return (
            Player("discriminators", self._discriminator_terms, parts=list(self.discriminators.values())),
            Player("generators", self._generator_terms, parts=list(self.generators.values())),
        )

    def _discriminator_terms(self, batch, seed, training):
        real = self._real(batch)
        terms = {}
        for one, other in ("ab", "ba"):
            fake = self.generators[other](real[one], training=training)
            terms[f"real_{other}"] = self.objective.real(self._logits(other, real[other], training))
            terms[f"fake_{other}"] = self.objective.fake(self._logits(other, fake, training))
        return terms

    def _generator_terms(self, batch, seed, training):
        real = self._real(batch)
        terms = {}
        for one, other in ("ab", "ba"):
            fake = self.generators[other](real[one], training=training)
            back = self.generators[one](fake, training=training)
            distance = tf.reduce_mean(tf.abs(tf.cast(back - real[one], tf.float32)), axis=[1, 2, 3])
            terms[f"fooling_{other}"] = self.objective.generator(self._logits(other, fake, training))
            terms[f"cycle_{one}"] = self.WEIGHT * distance
        return terms

    def _translate(self, image, into):
        made = self.generators[into](images.to_symmetric(image, self.levels), training=False)
        return images.from_symmetric(made, self.levels)

    def a_to_b(self, a: tf.Tensor) -> tf.Tensor:
        """uint8 [N, H, W, C] of the first set -> as one of the second."""
        return self._translate(a, "b")

    def b_to_a(self, b: tf.Tensor) -> tf.Tensor:
        """uint8 [N, H, W, C] of the second set -> as one of the first."""
        return self._translate(b, "a")

    def signatures(self):
        return {
            "a_to_b": Signature(lambda a: {"image": self.a_to_b(a)}, {"a": self.batch_spec["a"]}, "As one of b."),
            "b_to_a": Signature(lambda b: {"image": self.b_to_a(b)}, {"b": self.batch_spec["b"]}, "As one of a."),
        }


def gaussian(values: tf.Tensor) -> DiagonalGaussian:
    """[N, 2 D] -> a normal over [D] of each row."""
    mean, scale = tf.split(values, 2, axis=-1)
    return DiagonalGaussian(mean, tf.nn.softplus(tf.cast(scale, tf.float32)) + 0.1)


class PixelVAE(LatentVariableModel):
    """p(x | z) is autoregressive, a softmax regression on the values before and on z; its decoder has dropout."""

    def __init__(
        self, image_shape: tuple[int, int, int], levels: int = 2, latent_dim: int = 2, width: int = 8, drop: float = 0.0
    ):
        super().__init__(image_shape, levels)
        self.latent_dim, self.drop, self.positions = latent_dim, drop, math.prod(image_shape)
        self.encoder = mlp_encoder(width, 1, 2 * latent_dim)
        self.decoder = keras.layers.Dense(self.positions * levels)
        self.kernel = self.add_weight(shape=(self.positions, self.positions * levels), name="kernel")

    def prior(self):
        return standard_normal(self.latent_dim)

    def features(self, pixels, training=False):
        return self.encoder(pixels, training=training)

    def posterior(self, features, training=False):
        return gaussian(features)

    def decode(self, latents, seed=None, training=False):
        of_latents = self.decoder(dropout(latents, self.drop, seed, 0))
        reads = tf.range(self.positions * self.levels) // self.levels
        kernel = self.kernel * tf.cast(tf.range(self.positions)[:, None] < reads, tf.float32)

        def logits(image):
            x = tf.reshape(images.to_symmetric(image, self.levels), [-1, self.positions])
            return tf.reshape(x @ kernel + of_latents, [-1, *self.image_shape, self.levels])

        return Autoregressive(logits, self.image_shape)


class LadderVAE(LatentVariableModel):
    """Two layers of z from the top down, a VampPrior on the top, all of a label."""

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        levels: int = 2,
        num_classes: int = 3,
        latent_dim: int = 2,
        width: int = 8,
        pseudo_inputs: int = 3,
        free_bits: float = 0.0,
    ):
        super().__init__(image_shape, levels, free_bits=free_bits, num_classes=num_classes)
        self.encoder, self.encoder_of_label = mlp_encoder(width, 1, width), keras.layers.Dense(width)
        self.top, self.lower = keras.layers.Dense(2 * latent_dim), keras.layers.Dense(4 * latent_dim)
        self.lower_prior = keras.layers.Dense(4 * latent_dim)
        self.decoder = mlp_decoder(width, 1, (*image_shape[:2], image_shape[2] * levels))
        self.pseudo_inputs = self.add_weight(shape=(pseudo_inputs, *image_shape), name="pseudo_inputs")

    def prior(self, label):
        top = gaussian(self.top(self.features(tf.tanh(self.pseudo_inputs))))
        top = Mixture(tf.zeros([self.pseudo_inputs.shape[0]]), top)
        return Layers(lambda: top, lambda z: gaussian(self.lower_prior(tf.concat([z, self.vector(label)], axis=-1))))

    def features(self, pixels, training=False, label=None):
        features = self.encoder(pixels, training=training)
        return features if label is None else features + self.encoder_of_label(self.vector(label))

    def posterior(self, features, training=False):
        return Layers(
            lambda: gaussian(self.top(features)), lambda z: gaussian(self.lower(tf.concat([features, z], axis=-1)))
        )

    def decode(self, latents, seed=None, training=False, label=None):
        values = self.decoder(tf.concat([*latents, self.vector(label)], axis=-1), training=training)
        shape = (*self.image_shape, self.levels)
        return Autoregressive(lambda image: tf.reshape(values, [-1, *shape]), self.image_shape)
