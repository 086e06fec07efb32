"""Convolutions that see only what the raster scan has passed.

van den Oord, Kalchbrenner and Kavukcuoglu 2016, "Pixel Recurrent Neural Networks", section 3.4 and figure 2,
https://arxiv.org/abs/1601.06759.
"""

import keras
import tensorflow as tf
from keras import ops


class MaskedConv2D(keras.layers.Layer):
    """A convolution over rows above and columns to the left, [N, H, W, C] -> [N, H, W, filters].

    The features of a pixel are split into `groups` of equal share, one for each channel of the image (R, G, B), in
    order. At the pixel itself, mask A lets group g see the groups before g, mask B also group g.

    Only the rows that the mask leaves are stored: the kernel is (size // 2 + 1) x size, and the 1x1 kernel of mask B is
    a plain matrix when there is one group.

    Args:
      filters: features out, a multiple of `groups`.
      size: odd width of the window.
      mask: "A" in the first layer, "B" after it.
      groups: channels of the image.
    """

    def __init__(self, filters: int, size: int, mask: str, groups: int = 1, **kwargs):
        super().__init__(**kwargs)
        if mask not in ("A", "B"):
            raise ValueError(f"mask={mask!r}: must be 'A' or 'B'")
        if size % 2 == 0:
            raise ValueError(f"size={size}: the window of a masked convolution must be odd")
        if filters % groups:
            raise ValueError(f"filters={filters}: must be a multiple of the {groups} channels of the image")
        self.filters, self.size, self.mask, self.groups = filters, size, mask, groups

    def build(self, shape):
        if shape[-1] % self.groups:
            raise ValueError(f"{shape[-1]} features come in: must be a multiple of the {self.groups} channels")
        rows, columns = self.size // 2 + 1, self.size
        self.kernel = self.add_weight(
            shape=(rows, columns, shape[-1], self.filters), initializer=self._initializer, name="kernel"
        )
        self.bias = self.add_weight(shape=(self.filters,), initializer="zeros", name="bias")
        self.handed_size = shape[-1]
        self.built = True

    def _initializer(self, shape, dtype=None):
        # Glorot's variance counts the taps that are left: all rows above, the left half of this one.
        rows, columns, features_in, features_out = shape
        taps = (rows - 1) * columns + columns // 2 + (self.mask == "B" or self.groups > 1)
        limit = (6.0 / (taps * (features_in + features_out))) ** 0.5
        return keras.initializers.RandomUniform(-limit, limit, seed=None)(shape, dtype=dtype)

    def _masked_kernel(self):
        """The kernel with the taps to the right, and the later groups at the centre, at zero.

        The mask is computed from ranges in the graph: as constants masks would make up most of an exported graph.
        """
        rows, columns, features_in, features_out = self.kernel.shape
        y, x = tf.range(rows)[:, None, None, None], tf.range(columns)[None, :, None, None]
        group_in = (tf.range(features_in) * self.groups // features_in)[:, None]
        group_out = (tf.range(features_out) * self.groups // features_out)[None, :]
        before = (y < rows - 1) | (x < columns // 2)
        centre = (y == rows - 1) & (x == columns // 2)
        seen = group_in <= group_out if self.mask == "B" else group_in < group_out
        kernel = ops.convert_to_tensor(self.kernel)
        return kernel * tf.cast(before | (centre & seen), kernel.dtype)

    def call(self, x):
        half = self.size // 2
        x = ops.pad(x, [[0, 0], [half, 0], [half, half], [0, 0]])
        y = ops.conv(x, ops.cast(self._masked_kernel(), self.compute_dtype), padding="valid")
        return y + ops.cast(self.bias, y.dtype)

    # The two faces of `layers.causal`; a window of one pixel has nothing above it.

    def prepare(self):
        kernel = self._masked_kernel()
        row = tf.reshape(kernel[-1, : self.size // 2 + 1], [-1, self.filters])
        return kernel[:-1], row, tf.identity(self.bias)

    def above(self, row, cache, weights):
        """row [N, W, C], cache: the padded rows before it."""
        half = self.size // 2
        row = tf.pad(row, [[0, 0], [half, half], [0, 0]])[:, None]
        before = [tf.zeros_like(row)] * (half - 1) if cache is None else [cache]
        window = tf.concat([*before, row], axis=1)
        return tf.nn.conv2d(window, weights[0], 1, "VALID")[:, 0], window[:, 1:]

    def step(self, pixel, above, cache, weights):
        """pixel [N, C], cache: the size // 2 pixels before it. For mask A, under which a pixel does not yet know all
        of itself, a pair: the pixel before, whole, and this one; cache: the pixels before the pair."""
        _, row, bias = weights
        if self.mask == "A":
            before, pixel = pixel
            cache = [tf.zeros_like(pixel)] * (self.size // 2 - 1) if cache is None else [cache]
            window = tf.concat([*cache, before, pixel], axis=1)
            return tf.nn.bias_add(window @ row, bias) + above, window[:, pixel.shape[1] : -pixel.shape[1]], None
        if self.size == 1:
            return tf.nn.bias_add(pixel @ row, bias), None, None
        before = [tf.zeros_like(pixel)] * (self.size // 2) if cache is None else [cache]
        window = tf.concat([*before, pixel], axis=1)
        return tf.nn.bias_add(window @ row, bias) + above, window[:, pixel.shape[1] :], pixel
