"""Causal layers with two faces: `call` for a whole picture in training, `step` for the next row or pixel in sampling.

A network over them is written once, as functions of a `run` (`layers.runs`). Position t of an output sees inputs up to
and including t; a network becomes causal by shifting its input once (`shift`).

A layer of rows has `step(row, cache, weights) -> output, cache`. A layer of pixels has `step(pixel, above, cache,
weights) -> output, cache, handed`: what it hands down is gathered over the row, and given to `above(row, cache,
weights)` when the next row begins, for all its pixels at once. `weights` is what `prepare` makes, outside of the loops.
"""

import tensorflow as tf

from tfgen.layers.weight_norm import KernelLayer


def shift(x: tf.Tensor, axis: int) -> tf.Tensor:
    """Everything one place later along an axis of [N, H, W, C], zeros first: position t holds what stood at t - 1."""
    padding = [[int(i == axis), 0] for i in range(4)]
    return tf.slice(tf.pad(x, padding), [0, 0, 0, 0], tf.shape(x))


def everywhere(vector: tf.Tensor, like: tf.Tensor) -> tf.Tensor:
    """A vector [N, F] in a shape that adds to features [N, ..., F]."""
    return tf.reshape(vector, [-1, *[1] * (like.shape.rank - 2), vector.shape[-1]])


def gate(x: tf.Tensor) -> tf.Tensor:
    """The tanh of one half of the features times the sigmoid of the other: equation 2 of van den Oord et al. 2016,
    "Conditional Image Generation with PixelCNN Decoders", and of "WaveNet"."""
    a, b = tf.split(x, 2, axis=-1)
    return tf.tanh(a) * tf.sigmoid(b)


def linear(x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor) -> tf.Tensor:
    """x [N, ..., C] times a matrix, plus a bias; of one pixel [N, C] in two operations, where tensordot takes ten."""
    return tf.nn.bias_add(x @ kernel, bias) if x.shape.rank == 2 else tf.tensordot(x, kernel, 1) + bias


class Pointwise(KernelLayer):
    """A linear map of the features of every position: [N, ..., C] -> [N, ..., filters]."""

    def build(self, shape):
        self.add_kernel((shape[-1], self.filters))

    def call(self, x):
        return self.biased(tf.tensordot(x, self.kernel(x.dtype), 1))

    def prepare(self):
        return self.kernel(), tf.identity(self.bias) if self.use_bias else tf.zeros([self.filters])

    def step(self, x, above, cache, weights):
        return linear(x, *weights), None, None


class CausalRows(KernelLayer):
    """A convolution over the `rows` rows up to this one, `columns` (odd) taps across: [N, H, W, C] -> filters.

    With `stride` 2 it keeps every second row and column, the first included. With `dilation` d its taps lie d rows and
    d columns apart (Yu and Koltun 2016, "Multi-Scale Context Aggregation by Dilated Convolutions"). Not both.
    """

    def __init__(self, filters: int, rows: int, columns: int, stride: int = 1, dilation: int = 1, **options):
        super().__init__(filters, **options)
        self.rows, self.columns, self.stride, self.dilation = rows, columns, stride, dilation

    def build(self, shape):
        self.add_kernel((self.rows, self.columns, shape[-1], self.filters))

    def call(self, x):
        above, aside = (self.rows - 1) * self.dilation, self.columns // 2 * self.dilation
        if self.dilation == 1:
            x = tf.pad(x, [[0, 0], [above, 0], [aside, aside], [0, 0]])
            return self.biased(tf.nn.conv2d(x, self.kernel(x.dtype), self.stride, "VALID"))
        # As d x d plain convolutions: TensorFlow has no gradient of a dilated one on a CPU without oneDNN.
        block = [self.dilation] * 2
        spare = [-size % self.dilation for size in x.shape[1:3]]
        x = tf.space_to_batch(x, block, [[above, spare[0]], [aside, aside + spare[1]]])
        y = tf.nn.conv2d(x, self.kernel(x.dtype), 1, "VALID")
        return self.biased(tf.batch_to_space(y, block, [[0, spare[0]], [0, spare[1]]]))

    def prepare(self):
        """The weights as `step` wants them. Outside of the loop: TensorFlow does not hoist it."""
        return self.kernel(), tf.identity(self.bias)

    def step(self, row, cache, weights):
        """row [N, W, C], cache: the padded rows before it that the kernel reaches (None at the top) -> output, new
        cache."""
        kernel, bias = weights
        aside = self.columns // 2 * self.dilation
        row = tf.pad(row, [[0, 0], [aside, aside], [0, 0]])[:, None]
        above = [tf.zeros_like(row)] * (self.rows - 1) * self.dilation if cache is None else [cache]
        window = tf.concat([*above, row], axis=1)
        y = tf.nn.conv2d(window, kernel, [1, self.stride], "VALID", dilations=self.dilation)
        return y[:, 0] + bias, window[:, 1:]


class CausalColumns(KernelLayer):
    """A convolution over the `columns` pixels of a row up to this one: [N, H, W, C] -> [N, H, W, filters]."""

    def __init__(self, filters: int, columns: int, **options):
        super().__init__(filters, **options)
        self.columns = columns

    def build(self, shape):
        self.add_kernel((self.columns, shape[-1], self.filters))

    def call(self, x):
        x = tf.pad(x, [[0, 0], [0, 0], [self.columns - 1, 0], [0, 0]])
        return self.biased(tf.nn.conv2d(x, self.kernel(x.dtype)[None], 1, "VALID"))

    def prepare(self):
        """All taps below each other: one matrix for the pixels of a window side by side."""
        return tf.reshape(self.kernel(), [-1, self.filters]), tf.identity(self.bias) if self.use_bias else None

    def step(self, pixel, above, cache, weights):
        """pixel [N, C], cache [N, (columns - 1) C]: the pixels before it (None at the left)."""
        matrix, bias = weights
        before = [tf.zeros_like(pixel)] * (self.columns - 1) if cache is None else [cache]
        window = tf.concat([*before, pixel], axis=1)
        y = window @ matrix if bias is None else tf.nn.bias_add(window @ matrix, bias)
        return y, pixel if self.columns == 2 else window[:, pixel.shape[1] :], None


class CausalWindow(KernelLayer):
    """A convolution over this pixel, the one to its left, and the two above them: [N, H, W, C] -> [N, H, W, filters].

    With `stride` 2 it keeps every second row and column, the first included (a step makes all of them).
    """

    def __init__(self, filters: int, stride: int = 1, **options):
        super().__init__(filters, **options)
        self.stride = stride

    def build(self, shape):
        self.add_kernel((2, 2, shape[-1], self.filters))
        self.handed_size = shape[-1]

    def call(self, x):
        x = tf.pad(x, [[0, 0], [1, 0], [1, 0], [0, 0]])
        return self.biased(tf.nn.conv2d(x, self.kernel(x.dtype), self.stride, "VALID"))

    def prepare(self):
        kernel = self.kernel()
        return kernel[:1], tf.reshape(kernel[1], [-1, self.filters]), tf.identity(self.bias)

    def above(self, row, cache, weights):
        kernel, _, bias = weights
        return tf.nn.conv2d(tf.pad(row, [[0, 0], [1, 0], [0, 0]])[:, None], kernel, 1, "VALID")[:, 0] + bias, None

    def step(self, pixel, above, cache, weights):
        before = tf.zeros_like(pixel) if cache is None else cache
        return tf.concat([before, pixel], axis=1) @ weights[1] + above, pixel, pixel
