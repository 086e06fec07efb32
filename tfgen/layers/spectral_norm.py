"""Spectral normalisation: Takeru Miyato, Toshiki Kataoka, Masanori Koyama, Yuichi Yoshida, 2018, "Spectral
Normalization for Generative Adversarial Networks", https://arxiv.org/abs/1802.05957 (section 2.1, algorithm 1)."""

import keras
import tensorflow as tf


class SpectralNormalization(keras.layers.Layer):
    """A layer that is linear in its kernel [..., features in, filters], as W x / sigma(W) + b.

    sigma, the largest singular value of the kernel as a matrix [all else, filters], comes of one power iteration each
    time the layer is called in training, from where the last one ended; its gradient is part of the layer's. (Keras's
    own layer of this name writes the normalised kernel over the kernel whenever it is called in training: the
    discriminator's weights would change in the generator's move.)

    Args:
      layer: a Dense or a convolution, without a bias and without an activation.
      use_bias: whether b is there.
    """

    def __init__(self, layer: keras.layers.Layer, use_bias: bool = True):
        super().__init__()
        self.layer, self.use_bias = layer, use_bias

    def build(self, shape):
        self.layer.build(shape)
        filters = self.layer.kernel.shape[-1]
        self.u = self.add_weight(
            shape=(filters,),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
            trainable=False,
            name="u",
            aggregation="only_first_replica",
            dtype="float32",
        )
        if self.use_bias:
            self.bias = self.add_weight(shape=(filters,), initializer="zeros", name="bias")

    def call(self, x, training=False):
        matrix = tf.reshape(tf.cast(self.layer.kernel.value, tf.float32), [-1, self.u.shape[0]])
        u = self.u.value
        v = _unit(tf.linalg.matvec(matrix, u))
        if training:
            u = _unit(tf.linalg.matvec(matrix, v, transpose_a=True))
            self.u.assign(u)
            v = _unit(tf.linalg.matvec(matrix, u))
        else:
            u = _unit(u)
        u, v = tf.stop_gradient(u), tf.stop_gradient(v)
        sigma = tf.tensordot(v, tf.linalg.matvec(matrix, u), 1)
        y = self.layer(x)
        y = y / tf.cast(tf.maximum(sigma, 1e-12), y.dtype)
        return y + tf.cast(self.bias, y.dtype) if self.use_bias else y


def _unit(vector: tf.Tensor) -> tf.Tensor:
    return vector * tf.math.rsqrt(tf.reduce_sum(tf.square(vector)) + 1e-12)
