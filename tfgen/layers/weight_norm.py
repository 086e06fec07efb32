"""Weight normalisation: Tim Salimans, Diederik P. Kingma, 2016, https://arxiv.org/abs/1602.07868."""

import keras
import tensorflow as tf


class KernelLayer(keras.layers.Layer):
    """A layer with one kernel [..., features in, filters] and, if asked, one bias; optionally w = g v / |v| (eq. 2).

    With `normalized`, `initialize` sets g and b from data (section 3), so that the outputs have mean 0 and standard
    deviation `init_scale`; layers have to be initialised one after another, each on what the ones before it make.
    """

    def __init__(self, filters: int, use_bias: bool = True, normalized: bool = False, init_scale: float = 1.0):
        super().__init__()
        self.filters, self.use_bias = filters, use_bias
        self.normalized, self.init_scale = normalized, init_scale

    def add_kernel(self, shape) -> None:
        """Makes the variables; `shape` is that of the kernel."""
        initializer = keras.initializers.RandomNormal(stddev=0.05) if self.normalized else "glorot_uniform"
        self.direction = self.add_weight(shape=shape, initializer=initializer, name="kernel")
        if self.normalized:
            self.gain = self.add_weight(shape=(self.filters,), initializer="ones", name="gain")
        if self.use_bias:
            self.bias = self.add_weight(shape=(self.filters,), initializer="zeros", name="bias")
        self.built = True

    def kernel(self, dtype=tf.float32) -> tf.Tensor:
        """The kernel as it is used."""
        kernel = tf.identity(self.direction)
        if self.normalized:
            squares = tf.reduce_sum(tf.square(kernel), axis=list(range(kernel.shape.rank - 1)))
            kernel *= self.gain * tf.math.rsqrt(squares)
        return tf.cast(kernel, dtype)

    def biased(self, y: tf.Tensor) -> tf.Tensor:
        return y + tf.cast(self.bias, y.dtype) if self.use_bias else y

    def initialize(self, x: tf.Tensor) -> None:
        """Data-dependent initialisation of g and b from inputs x [N, ...]."""
        self.gain.assign(tf.ones_like(self.gain))
        self.bias.assign(tf.zeros_like(self.bias))
        y = self(x)
        mean, variance = tf.nn.moments(y, axes=list(range(y.shape.rank - 1)))
        gain = self.init_scale * tf.math.rsqrt(variance + 1e-10)
        self.gain.assign(gain)
        self.bias.assign(-mean * gain)
