"""Causal layers with two faces: `call` for a whole picture in training, `step` for the next row or pixel in sampling.

A network over them is written once, as functions of a `run`: `Parallel` runs a layer over the whole picture, `Step`
for one row or pixel, and keeps what later ones need. Position t of an output sees inputs up to and including t; a
network becomes causal by shifting its input once (`shift`).
"""

import keras
import tensorflow as tf


def shift(x: tf.Tensor, axis: int) -> tf.Tensor:
    """Everything one place later along an axis of [N, H, W, C], zeros first: position t holds what stood at t - 1."""
    padding = [[int(i == axis), 0] for i in range(4)]
    return tf.slice(tf.pad(x, padding), [0, 0, 0, 0], tf.shape(x))


class CausalRows(keras.layers.Layer):
    """A convolution over the `rows` rows up to this one, `columns` (odd) taps across: [N, H, W, C] -> filters."""

    def __init__(self, filters: int, rows: int, columns: int):
        super().__init__()
        self.filters, self.rows, self.columns = filters, rows, columns

    def build(self, shape):
        self.kernel = self.add_weight(shape=(self.rows, self.columns, shape[-1], self.filters), name="kernel")
        self.bias = self.add_weight(shape=(self.filters,), initializer="zeros", name="bias")
        self.built = True

    def call(self, x):
        half = self.columns // 2
        x = tf.pad(x, [[0, 0], [self.rows - 1, 0], [half, half], [0, 0]])
        return tf.nn.conv2d(x, tf.cast(self.kernel, x.dtype), 1, "VALID") + tf.cast(self.bias, x.dtype)

    def prepare(self) -> tuple[tf.Tensor, tf.Tensor]:
        """The weights as `step` wants them. Outside of the loop: TensorFlow does not hoist it."""
        return tf.identity(self.kernel), tf.identity(self.bias)

    def step(self, row, cache, weights):
        """row [N, W, C], cache: the rows - 1 padded rows before it (None at the top) -> its output, new cache."""
        kernel, bias = weights
        half = self.columns // 2
        row = tf.pad(row, [[0, 0], [half, half], [0, 0]])[:, None]
        above = [tf.zeros_like(row)] * (self.rows - 1) if cache is None else [cache]
        window = tf.concat([*above, row], axis=1)
        return tf.nn.conv2d(window, kernel, 1, "VALID")[:, 0] + bias, window[:, 1:]


class CausalColumns(keras.layers.Layer):
    """A convolution over the `columns` pixels of a row up to this one: [N, H, W, C] -> [N, H, W, filters]."""

    def __init__(self, filters: int, columns: int):
        super().__init__()
        self.filters, self.columns = filters, columns

    def build(self, shape):
        self.kernel = self.add_weight(shape=(self.columns, shape[-1], self.filters), name="kernel")
        self.bias = self.add_weight(shape=(self.filters,), initializer="zeros", name="bias")
        self.built = True

    def call(self, x):
        x = tf.pad(x, [[0, 0], [0, 0], [self.columns - 1, 0], [0, 0]])
        return tf.nn.conv2d(x, tf.cast(self.kernel, x.dtype)[None], 1, "VALID") + tf.cast(self.bias, x.dtype)

    def prepare(self) -> tuple[tf.Tensor, tf.Tensor]:
        """One matrix that makes of a pixel its share in this output and in the columns - 1 after it."""
        taps = tf.transpose(self.kernel[::-1], [1, 0, 2])
        return tf.reshape(taps, [-1, self.columns * self.filters]), tf.identity(self.bias)

    def step(self, pixel, cache, weights):
        """pixel [N, C], cache: the shares of the pixels before it in the outputs still to come -> output, new cache."""
        matrix, bias = weights
        shares = pixel @ matrix
        if cache is not None:
            shares += tf.pad(cache, [[0, 0], [0, self.filters]])
        return shares[:, : self.filters] + bias, shares[:, self.filters :]


class Parallel:
    """Runs layers over whole pictures [N, H, W, C]."""

    def __call__(self, layer, x):
        return layer(x)


class Step:
    """Runs layers for one row [N, W, C] or pixel [N, C], with what they kept of those before it.

    Args:
      cache: layer name -> what its last step kept; empty at the start.
      weights: layer name -> its prepared weights; filled at the first use, which has to be outside of the loop.
    """

    def __init__(self, cache: dict, weights: dict):
        self.cache, self.weights, self.kept = cache, weights, {}

    def __call__(self, layer, x):
        if not hasattr(layer, "step"):  # pointwise: there is nothing to keep
            return layer(x)
        if layer.name not in self.weights:
            self.weights[layer.name] = layer.prepare()
        y, self.kept[layer.name] = layer.step(x, self.cache.get(layer.name), self.weights[layer.name])
        return y


def everywhere(vector: tf.Tensor, like: tf.Tensor) -> tf.Tensor:
    """A vector [N, F] in a shape that adds to features [N, ..., F]."""
    return tf.reshape(vector, [-1, *[1] * (like.shape.rank - 2), vector.shape[-1]])
