"""BEGAN: David Berthelot, Thomas Schumm, Luke Metz, 2017, "BEGAN: Boundary Equilibrium Generative Adversarial
Networks", https://arxiv.org/abs/1703.10717."""

import keras
import tensorflow as tf

from tfgen.core import arguments
from tfgen.gan.base import AdversarialModel, Move
from tfgen.gan.networks import Generator, Linear, halvings
from tfgen.ops import replicas

RATE = 0.001  # lambda_k, of errors in the mean over pixels (section 3.4)


def decoder(image_shape: tuple[int, int, int], width: int) -> keras.Sequential:
    """Numbers [N, D] -> [N, H, W, C]: pairs of convolutions, and pictures doubled by repetition (figure 1)."""
    height, columns, channels = image_shape
    ups = halvings(min(height, columns))
    rows, columns_ = -(-height // 2**ups), -(-columns // 2**ups)
    linear = Linear(keras.initializers.GlorotUniform)
    layers = [linear.dense(rows * columns_ * width), keras.layers.Reshape((rows, columns_, width))]
    for i in range(ups + 1):
        layers += [keras.layers.UpSampling2D()] if i else []
        for _ in range(2):
            layers += [linear.conv(width, 3), keras.layers.Activation("elu")]
    crop = ((0, rows * 2**ups - height), (0, columns_ * 2**ups - columns))
    return keras.Sequential([*layers, linear.conv(channels, 3), keras.layers.Cropping2D(crop)])


def encoder(image_shape: tuple[int, int, int], width: int, codes: int) -> keras.Sequential:
    """[N, H, W, C] -> numbers [N, codes]: pairs of convolutions, wider with each halving (figure 1)."""
    linear = Linear(keras.initializers.GlorotUniform)
    layers = [linear.conv(width, 3), keras.layers.Activation("elu")]
    downs = halvings(min(image_shape[:2]))
    for i in range(1, downs + 2):
        for strides in (1, 1 if i > downs else 2):
            layers += [linear.conv(i * width, 3, strides), keras.layers.Activation("elu")]
    return keras.Sequential([*layers, keras.layers.Flatten(), linear.dense(codes)])


class Critic(keras.layers.Layer):
    """{"logits": [N, 1]}: the negative error of an autoencoder of images, the mean of |x - D(x)| over pixels."""

    def __init__(self, image_shape: tuple[int, int, int], width: int, codes: int):
        super().__init__(name="discriminator")
        self.encoder, self.decoder = encoder(image_shape, width, codes), decoder(image_shape, width)

    def build(self, shape):
        self.built = True  # its layers are built where they first run: `make_variables`

    def call(self, pixels, training=False):
        made = self.decoder(self.encoder(pixels, training=training), training=training)
        error = tf.reduce_mean(tf.abs(tf.cast(pixels - made, tf.float32)), axis=[1, 2, 3])
        return {"logits": -error[:, None]}


class Equilibrium:
    """L(x) - k L(G(z)) for the discriminator, L(G(z)) for the generator, L being the error (section 3.4); watched are
    L(G(z)) and the measure of convergence, L(x) + |gamma L(x) - L(G(z))| (section 3.4.1).

    Args:
      k: the control variable.
      diversity: gamma.
    """

    boundary, unit = None, "per pixel"
    watches = {"fake_error": unit, "convergence": unit}

    def __init__(self, k: keras.Variable, diversity: float):
        self.k, self.diversity = k, diversity

    def discriminator_terms(self, move: Move) -> dict[str, tf.Tensor]:
        return {"real": -move.real_logits, "fake": self.k.value * move.fake_logits}

    def generator_terms(self, move: Move) -> dict[str, tf.Tensor]:
        return {"fooling": -move.fake_logits}

    def watched(self, move: Move) -> dict[str, tf.Tensor]:
        real, fake = (-tf.reduce_mean(replicas.gather_batch(one)) for one in (move.real_logits, move.fake_logits))
        convergence = real + tf.abs(self.diversity * real - fake)
        return {"fake_error": -move.fake_logits, "convergence": tf.fill(tf.shape(move.fake_logits), convergence)}


class BEGAN(AdversarialModel):
    """A GAN whose discriminator is an autoencoder, held in balance by a control variable k.

    After each move of the discriminator k rises by lambda (gamma L(x) - L(G(z))), within 0 .. 1. The logit of
    `discriminate` is -L(x). The paper's networks, without their vanishing residuals; z is uniform.

    Args:
      image_shape: (H, W, C).
      levels: number of values of a pixel.
      latent_dim: dimensions of z, and of the autoencoder's code.
      width: features (n in the paper: 64 or 128).
      diversity: gamma, the ratio of the two errors that is aimed at: lower values give less diverse, better images.

    Raises:
      ValueError: naming an argument that is out of range.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        levels: int = 256,
        latent_dim: int = 64,
        width: int = 64,
        diversity: float = 0.5,
    ):
        super().__init__(image_shape, levels, latent_dim=latent_dim, latents="uniform")
        arguments.check({"width": width})
        if not 0.0 < diversity <= 1.0:
            raise ValueError(f"diversity={diversity}: must lie in (0, 1]")
        self.diversity = diversity
        self.k = self.add_weight(
            shape=(), initializer="zeros", trainable=False, name="k", aggregation="only_first_replica"
        )
        self.objective = Equilibrium(self.k, diversity)
        self.generator = Generator(
            keras.Sequential([decoder(self.image_shape, width), keras.layers.Activation("tanh", dtype="float32")])
        )
        self.discriminator = Critic(self.image_shape, width, latent_dim)

    def after_discriminator(self, means, rows, seed):
        balance = self.diversity * means["real"] - means["fake_error"]
        self.k.assign(tf.clip_by_value(self.k.value + RATE * balance, 0.0, 1.0))
