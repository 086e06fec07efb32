"""NADE: Hugo Larochelle, Iain Murray, 2011, "The Neural Autoregressive Distribution Estimator",
https://proceedings.mlr.press/v15/larochelle11a.html."""

import math

import keras
import tensorflow as tf

from tfgen.autoregressive import running_sum
from tfgen.autoregressive.base import AutoregressiveModel
from tfgen.core import arguments
from tfgen.ops import images


def glorot_of_each(shape, dtype=None):
    """Glorot's uniform for each matrix of a stack [D, in, out].

    Keras's own counts D into the fans, is sqrt(D) times smaller, and learned MNIST more slowly (BUILD_NOTES.md).
    """
    limit = (6.0 / (shape[-2] + shape[-1])) ** 0.5
    return keras.initializers.RandomUniform(-limit, limit, seed=None)(shape, dtype=dtype)


class NADE(AutoregressiveModel):
    """p(x) = prod_i softmax(b_i + V_i h_i), h_i = sigmoid(c + sum_{j < i} W_j x_j).

    All hidden layers share W, so that h_i costs one addition more than h_{i-1}: O(D width) for a picture of D values,
    in evaluation and in sampling. Above two levels x_j is still one number, in [-1, 1], so that W_j is the same for all
    levels but for the factor: of our own, since the paper's values are binary (0 and 1 there, -1 and 1 here).

    Args:
      image_shape: (H, W, C).
      levels: number of values of a pixel; the paper has two, and this is the softmax over any number.
      width: hidden units (500 in the paper).

    log_prob, sample and complete: see `AutoregressiveModel`.

    Raises:
      ValueError: where width is out of range.
    """

    def __init__(self, image_shape: tuple[int, int, int], levels: int = 2, width: int = 500):
        super().__init__(image_shape, levels)
        arguments.check({"width": width})
        self.positions = math.prod(self.image_shape)
        self.encoder = self.add_weight(shape=(self.positions, width), name="encoder")
        self.encoder_bias = self.add_weight(shape=(width,), initializer="zeros", name="encoder_bias")
        shape = self.positions, width, levels
        self.decoder = self.add_weight(shape=shape, initializer=glorot_of_each, name="decoder")
        self.decoder_bias = self.add_weight(shape=(self.positions, levels), initializer="zeros", name="decoder_bias")

    def logits(self, image, seed=None):
        # Position first, [D, N, ...]: a sum along it, then one matrix for each position.
        x = tf.transpose(tf.reshape(images.to_symmetric(image, self.levels), [-1, self.positions]))
        encoder = tf.convert_to_tensor(self.encoder)
        total = tf.cumsum(x[:, :, None] * encoder[:, None, :], axis=0, exclusive=True)
        logits = tf.sigmoid(total + self.encoder_bias) @ self.decoder + tf.convert_to_tensor(self.decoder_bias)[:, None]
        return tf.reshape(tf.transpose(logits, [1, 0, 2]), [-1, *self.image_shape, self.levels])

    def fill_by_steps(self, image, known, uniforms, draw):
        encoder, encoder_bias, decoder, decoder_bias = (
            tf.identity(weight) for weight in (self.encoder, self.encoder_bias, self.decoder, self.decoder_bias)
        )

        def logits(i, total):
            return tf.sigmoid(total + encoder_bias) @ decoder[i] + decoder_bias[i]

        return running_sum.fill(image, known, uniforms, draw, self.levels, encoder, logits)
