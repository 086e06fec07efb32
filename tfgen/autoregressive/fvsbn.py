"""FVSBN, the fully visible belief network: Radford M. Neal, 1992, "Connectionist learning of belief networks",
Artificial Intelligence 56, https://doi.org/10.1016/0004-3702(92)90065-6."""

import math

import tensorflow as tf

from tfgen.autoregressive import running_sum
from tfgen.autoregressive.base import AutoregressiveModel
from tfgen.ops import images


class FVSBN(AutoregressiveModel):
    """p(x) = prod_i softmax(b_i + sum_{j < i} W_ij x_j): each factor is a softmax regression on the values before it.

    With two levels it is the logistic network of the paper, units being -1 and 1. More levels are ours: x_j is still
    one number, in [-1, 1], and not one-hot.

    Args:
      image_shape: (H, W, C).
      levels: number of values of a pixel.

    log_prob, sample and complete: see `AutoregressiveModel`.
    """

    def __init__(self, image_shape: tuple[int, int, int], levels: int = 2):
        super().__init__(image_shape, levels)
        self.positions = math.prod(self.image_shape)
        outputs = self.positions * levels
        self.kernel = self.add_weight(shape=(self.positions, outputs), initializer="zeros", name="kernel")
        self.bias = self.add_weight(shape=(outputs,), initializer="zeros", name="bias")

    def logits(self, image, seed=None):
        reads = tf.range(self.positions * self.levels) // self.levels  # the position that an output belongs to
        before = tf.cast(tf.range(self.positions)[:, None] < reads[None, :], tf.float32)
        x = tf.reshape(images.to_symmetric(image, self.levels), [-1, self.positions])
        return tf.reshape(x @ (self.kernel * before) + self.bias, [-1, *self.image_shape, self.levels])

    def fill_by_steps(self, image, known, uniforms, draw):
        kernel, bias = tf.identity(self.kernel), tf.reshape(self.bias, [self.positions, self.levels])

        def logits(i, total):
            # All outputs are summed up together; those of position i are read when the values before it are in.
            return tf.slice(total, [0, i * self.levels], [-1, self.levels]) + bias[i]

        return running_sum.fill(image, known, uniforms, draw, self.levels, kernel, logits)
