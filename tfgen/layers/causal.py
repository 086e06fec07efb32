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
    """A convolution over the `columns` pixels of a row up to this one, without bias: what it is added to has one.

    [N, H, W, C] -> [N, H, W, filters].
    """

    def __init__(self, filters: int, columns: int):
        super().__init__()
        self.filters, self.columns = filters, columns

    def build(self, shape):
        self.kernel = self.add_weight(shape=(self.columns, shape[-1], self.filters), name="kernel")
        self.built = True

    def call(self, x):
        x = tf.pad(x, [[0, 0], [0, 0], [self.columns - 1, 0], [0, 0]])
        return tf.nn.conv2d(x, tf.cast(self.kernel, x.dtype)[None], 1, "VALID")

    def prepare(self) -> tf.Tensor:
        """All taps below each other: one matrix for the pixels of a window side by side."""
        return tf.reshape(self.kernel, [-1, self.filters])

    def step(self, pixel, cache, matrix):
        """pixel [N, C], cache [N, (columns - 1) C]: the pixels before it (None at the left) -> output, new cache."""
        before = [tf.zeros_like(pixel)] * (self.columns - 1) if cache is None else [cache]
        window = tf.concat([*before, pixel], axis=1)
        return window @ matrix, pixel if self.columns == 2 else window[:, pixel.shape[1] :]


class Parallel:
    """Runs layers over whole pictures [N, H, W, C]."""

    def __call__(self, layer, x):
        return layer(x)

    def prepared(self, name: str, make):
        """What `make()` makes of the weights."""
        return make()


class Step:
    """Runs layers for one row [N, W, C] or pixel [N, C], with what they kept of those before it.

    Args:
      cache: layer name -> what its last step kept; empty at the start.
      weights: what was made of weights, by name; filled at the first use, which has to be outside of the loop:
        TensorFlow would read and reshape a variable again in every round.
    """

    def __init__(self, cache: dict, weights: dict):
        self.cache, self.weights, self.kept = cache, weights, {}

    def __call__(self, layer, x):
        if isinstance(layer, keras.layers.Dense):  # pointwise: there is nothing to keep
            kernel, bias = self.prepared(layer.name, lambda: (tf.identity(layer.kernel), tf.identity(layer.bias)))
            return tf.tensordot(x, kernel, 1) + bias if x.shape.rank > 2 else tf.nn.bias_add(x @ kernel, bias)
        weights = self.prepared(layer.name, layer.prepare)
        y, self.kept[layer.name] = layer.step(x, self.cache.get(layer.name), weights)
        return y

    def prepared(self, name: str, make):
        if name not in self.weights:
            self.weights[name] = make()
        return self.weights[name]


def everywhere(vector: tf.Tensor, like: tf.Tensor) -> tf.Tensor:
    """A vector [N, F] in a shape that adds to features [N, ..., F]."""
    return tf.reshape(vector, [-1, *[1] * (like.shape.rank - 2), vector.shape[-1]])
