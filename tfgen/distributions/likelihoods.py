"""Likelihoods p(image | ...) of uint8 images, and those whose pixels are independent given their parameters.

A likelihood is a distribution over uint8 images: `log_prob(image)` is [N] in nats and `sample(seed)` is uint8. So bits
per dimension mean the same whatever family the model is of.
"""

import abc
import math

import tensorflow as tf
import tensorflow_probability as tfp

from tfgen.ops import images, seeds

tfd = tfp.distributions


class Likelihood(abc.ABC):
    """A distribution over uint8 images [N, H, W, C] with levels 0 .. levels - 1.

    `shows_sample` says whether what it shows is drawn, and so needs a seed.
    """

    shows_sample: bool

    @abc.abstractmethod
    def log_prob(self, image: tf.Tensor) -> tf.Tensor:
        """ln p(image), float32 [N], nats."""

    @abc.abstractmethod
    def sample(self, seed: tf.Tensor) -> tf.Tensor:
        """One image of each row, uint8 [N, H, W, C]; row i depends on seed row i (int32 [N, 2]) alone."""

    @abc.abstractmethod
    def show(self, seed: tf.Tensor | None = None) -> tf.Tensor:
        """The image of each row that stands for the distribution, uint8 [N, H, W, C]: of its mean where it has one, or
        a sample. `seed`, int32 [N, 2], is wanted where `shows_sample`."""

    @abc.abstractmethod
    def moments(self) -> dict[str, tf.Tensor]:
        """The "mean" and "stddev" of each pixel, float32 [N, H, W, C] in levels; nothing without a closed form."""


class Factorized(Likelihood):
    """A likelihood with a mean and a standard deviation for each pixel, both float32 [N, H, W, C] in levels."""

    shows_sample = False
    parameters: int  # numbers that it wants of a network for each pixel and channel
    levels: int
    mean: tf.Tensor
    stddev: tf.Tensor

    @classmethod
    @abc.abstractmethod
    def fitted(cls, image: tf.Tensor, levels: int) -> tf.Tensor:
        """The values, float32 [H, W, parameters C], with which it has about the mean of uint8 [N, H, W, C]: where a
        network's last bias may start."""

    def show(self, seed=None):
        return images.nearest_level(self.mean, self.levels)

    def moments(self):
        return {"mean": self.mean, "stddev": self.stddev}


class Bernoulli(Factorized):
    """p(x) = prod p_i^x_i (1 - p_i)^(1 - x_i) for binary images, from logits [N, H, W, C]."""

    parameters = 1

    def __init__(self, logits: tf.Tensor, levels: int = 2):
        if levels != 2:
            raise ValueError(
                f"levels={levels}: a Bernoulli likelihood needs images of 2 levels (add 'binarize' to the "
                "transforms), or choose likelihood='gaussian'"
            )
        self.levels = levels
        self.distribution = tfd.Independent(tfd.Bernoulli(logits=tf.cast(logits, tf.float32)), 3)
        self.mean = tf.sigmoid(tf.cast(logits, tf.float32))
        self.stddev = tf.sqrt(self.mean * (1.0 - self.mean))

    @classmethod
    def fitted(cls, image, levels):
        mean = tf.clip_by_value(tf.reduce_mean(tf.cast(image, tf.float32), axis=0), 0.005, 0.995)
        return tf.math.log(mean / (1.0 - mean))

    def log_prob(self, image):
        return self.distribution.log_prob(tf.cast(image, tf.int32))

    def sample(self, seed):
        return tf.cast(seeds.uniform(seed, self.mean.shape[1:]) < self.mean, tf.uint8)


class Discretized(Factorized):
    """A distribution of real numbers gathered into the pixel levels, its scale learned for every pixel.

    P(x_i = k) is the mass between k - 1/2 and k + 1/2, the first and the last level taking the tails; so it is a
    distribution over levels, its log is at most 0, and the usual density's reward for a vanishing variance is gone. The
    mean lies inside the range of the pixels (Kingma and Welling 2014, section 5) and the scale between `MIN_SCALE` and
    `levels` levels, which keeps every value and gradient finite.
    """

    parameters = 2
    MIN_SCALE = 0.1

    def __init__(self, values: tf.Tensor, levels: int):
        """values: [N, H, W, 2 C], any numbers: of each channel the raw mean, then of each the raw scale."""
        mean, scale = tf.split(tf.cast(values, tf.float32), 2, axis=-1)
        self.levels = levels
        self.mean = images.symmetric_to_levels(tf.tanh(mean), levels)
        self.scale = tf.minimum(tf.nn.softplus(scale) * ((levels - 1) / 2.0) + self.MIN_SCALE, float(levels))
        # tfd.QuantizedDistribution rounds up, so that level k takes the mass of (k - 1, k]: hence the half level.
        continuous = self._continuous(self.mean - 0.5, self.scale)
        self.distribution = tfd.Independent(tfd.QuantizedDistribution(continuous, low=0.0, high=levels - 1.0), 3)

    @classmethod
    def fitted(cls, image, levels):
        pixels = images.to_symmetric(image, levels)
        mean, stddev = tf.reduce_mean(pixels, axis=0), tf.math.reduce_std(pixels, axis=0)
        raw = tf.math.atanh(tf.clip_by_value(mean, -0.99, 0.99))
        return tf.concat([raw, tf.math.log(tf.math.expm1(tf.maximum(stddev, 0.05)))], axis=-1)

    @abc.abstractmethod
    def _continuous(self, mean: tf.Tensor, scale: tf.Tensor) -> tfd.Distribution:
        """Of the real numbers."""

    @abc.abstractmethod
    def _noise(self, seed: tf.Tensor) -> tf.Tensor:
        """Draws of it at mean 0 and scale 1: [N, H, W, C]."""

    def log_prob(self, image):
        return self.distribution.log_prob(tf.cast(image, tf.float32))

    def sample(self, seed):
        return images.nearest_level(self.mean + self.scale * self._noise(seed), self.levels)


class Gaussian(Discretized):
    """N(mean, diag(scale^2)), gathered into the levels."""

    @property
    def stddev(self):
        return self.scale

    def _continuous(self, mean, scale):
        return tfd.Normal(mean, scale)

    def _noise(self, seed):
        return seeds.normal(seed, self.mean.shape[1:])


class Logistic(Discretized):
    """The discretised logistic distribution (Kingma et al. 2016, "Improved Variational Inference with Inverse
    Autoregressive Flow", appendix C.4; there a channel has one scale, here every pixel has its own)."""

    @property
    def stddev(self):
        return self.scale * (math.pi / math.sqrt(3.0))

    def _continuous(self, mean, scale):
        return tfd.Logistic(mean, scale)

    def _noise(self, seed):
        uniform = seeds.uniform(seed, self.mean.shape[1:])
        return tf.math.log(uniform) - tf.math.log1p(-uniform)


LIKELIHOODS = {"bernoulli": Bernoulli, "gaussian": Gaussian, "logistic": Logistic}


def choose(name: str, levels: int) -> type[Factorized]:
    """The likelihood of a name; without one Bernoulli for two levels, else Gaussian.

    Raises:
      ValueError: for a name that there is not, or one that is not of these levels.
    """
    name = name or ("bernoulli" if levels == 2 else "gaussian")
    if name not in LIKELIHOODS:
        raise ValueError(f"likelihood={name!r}: must be one of {sorted(LIKELIHOODS)}")
    LIKELIHOODS[name](tf.zeros([0, 1, 1, LIKELIHOODS[name].parameters]), levels)
    return LIKELIHOODS[name]
