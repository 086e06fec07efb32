"""GAN: Ian J. Goodfellow, Jean Pouget-Abadie, Mehdi Mirza, Bing Xu, David Warde-Farley, Sherjil Ozair, Aaron Courville,
Yoshua Bengio, 2014, "Generative Adversarial Nets", https://arxiv.org/abs/1406.2661; fully connected."""

import math

import keras
import tensorflow as tf

from tfgen.core import arguments
from tfgen.gan.base import AdversarialModel
from tfgen.gan.networks import Generator, Linear


class Maxout(keras.layers.Layer):
    """The largest of every `pieces` features: [N, F pieces] -> [N, F] (Goodfellow et al. 2013, "Maxout Networks")."""

    def __init__(self, pieces: int):
        super().__init__()
        self.pieces = pieces

    def call(self, x):
        return tf.reduce_max(tf.reshape(x, [-1, x.shape[-1] // self.pieces, self.pieces]), axis=-1)


def generator(shape: tuple[int, ...], width: int, depth: int, end: str) -> keras.Sequential:
    """Hidden layers of rectified units, and one to the values."""
    hidden = [keras.layers.Dense(width, "relu") for _ in range(depth)]
    last = [keras.layers.Dense(math.prod(shape)), keras.layers.Reshape(shape), keras.layers.Activation(end)]
    return keras.Sequential([*hidden, *last])


def features(width: int, depth: int, pieces: int, linear: Linear) -> keras.Sequential:
    """Hidden layers of leaky rectified units, or of maxout."""
    layers = [keras.layers.Flatten()]
    for _ in range(depth):
        layers += [linear.dense(width * pieces), Maxout(pieces) if pieces > 1 else keras.layers.LeakyReLU(0.2)]
    return keras.Sequential(layers)


def players(model: AdversarialModel, width: int, depth: int, pieces: int, spectral_norm: bool, end: str):
    """(generator, discriminator) of a model."""
    arguments.check({"width": width, "depth": depth, "maxout": pieces})
    linear = Linear(keras.initializers.GlorotUniform, spectral_norm)
    body = features(width, depth, pieces, linear)
    return Generator(generator(model.shape, width, depth, end)), model.discriminator_on(body, linear)


class GAN(AdversarialModel):
    """A GAN of fully connected layers.

    The paper's dropout is left out, and its generator's sigmoid units among the rectified ones.

    Args:
      image_shape: (H, W, C).
      levels: number of values of a pixel.
      width, depth: units of a hidden layer, and hidden layers, of each player.
      maxout: pieces of the discriminator's maxout units (5 in the paper); 1: leaky rectified units instead.
      spectral_norm: of the discriminator.
      options: see `AdversarialModel`.

    Raises:
      ValueError: naming an argument that is out of range.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        levels: int = 256,
        width: int = 256,
        depth: int = 2,
        maxout: int = 1,
        spectral_norm: bool = False,
        **options,
    ):
        super().__init__(image_shape, levels, **options)
        self.generator, self.discriminator = players(self, width, depth, maxout, spectral_norm, "tanh")


class PointGAN(AdversarialModel):
    """A GAN of points float32 [N, D], which are neither bounded nor gathered into levels: for data whose density and
    modes are known.

    Args:
      dims: D.
      width, depth, maxout, spectral_norm: see `GAN`.
      options: see `AdversarialModel`.

    Raises:
      ValueError: naming an argument that is out of range.
    """

    def __init__(
        self,
        dims: int,
        width: int = 128,
        depth: int = 2,
        maxout: int = 1,
        spectral_norm: bool = False,
        **options,
    ):
        super().__init__((dims,), None, "point", **options)
        self.generator, self.discriminator = players(self, width, depth, maxout, spectral_norm, "linear")
