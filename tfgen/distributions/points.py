"""What is certain, in the words of distributions: a code that is one point, and a picture that is one picture."""

import tensorflow as tf

from tfgen.distributions.latents import Drawn, Latents
from tfgen.distributions.likelihoods import Likelihood
from tfgen.ops import images


class Point(Latents):
    """All mass on one point [N, D]: what an encoder without noise knows of z.

    It has no density: its log-probability there, and its KL to any density, are infinite.
    """

    def __init__(self, value: tf.Tensor):
        self.value = tf.cast(value, tf.float32)

    def draw(self, seed=None):
        return Drawn(self.value, tf.fill(tf.shape(self.value)[:1], float("inf")))

    def kl(self, prior, drawn):
        return [drawn.log_prob]

    def moments(self):
        return {"mean": self.value, "stddev": tf.zeros_like(self.value)}


class Picture(Likelihood):
    """All mass on the picture nearest to a mean, float32 [N, H, W, C] in levels: what a decoder without noise shows."""

    shows_sample = False

    def __init__(self, mean: tf.Tensor, levels: int):
        self.mean, self.levels = mean, levels

    def log_prob(self, image):
        """0 of the picture itself, minus infinity of every other: [N], nats."""
        same = tf.reduce_all(tf.cast(image, tf.uint8) == self.show(), axis=[1, 2, 3])
        return tf.where(same, 0.0, -float("inf"))

    def sample(self, seed):
        return self.show()

    def show(self, seed=None):
        return images.nearest_level(self.mean, self.levels)

    def moments(self):
        return {"mean": self.mean, "stddev": tf.zeros_like(self.mean)}
