"""Networks of pictures that give pictures, and a discriminator of their patches. All are convolutional: they take any
size that their halvings divide."""

import keras
import tensorflow as tf

from tfgen.ops import seeds

SLOPE = 0.2  # of leaky ReLUs


def weights() -> keras.initializers.Initializer:
    """N(0, 0.02^2), of both papers. A new one for each layer: one that is shared repeats its numbers."""
    return keras.initializers.RandomNormal(stddev=0.02)


def conv(filters: int, size: int, strides: int = 1, padding: str = "same", use_bias: bool = True):
    return keras.layers.Conv2D(filters, size, strides, padding, use_bias=use_bias, kernel_initializer=weights())


def up(filters: int, size: int, use_bias: bool = True):
    """A convolution of stride 1/2."""
    return keras.layers.Conv2DTranspose(filters, size, 2, "same", use_bias=use_bias, kernel_initializer=weights())


def instance_norm() -> keras.layers.Layer:
    """Each feature of each picture by its own mean and variance over the places: Dmitry Ulyanov, Andrea Vedaldi, Victor
    Lempitsky, 2016, "Instance Normalization: The Missing Ingredient for Fast Stylization"."""
    return keras.layers.GroupNormalization(groups=-1, epsilon=1e-5)


class UNet(keras.layers.Layer):
    """An encoder and a decoder of `depth` halvings, with skips between the layers that are of one size (Isola et al.
    2017, section 3.2.1 and appendix 6.1.1): [N, H, W, C] -> [N, H, W, channels] in [-1, 1].

    Args:
      channels: of what comes out.
      width: features after the first halving, doubled up to 8 times as many.
      depth: halvings, 2 or more; the sides must be multiples of 2^depth.
      dropout: share of the features that are dropped in the first three layers of the decoder, each row by its own
        seed; the sampler drops them, too: it is the only noise there is.
    """

    def __init__(self, channels: int, width: int, depth: int, dropout: float):
        super().__init__(name="generator")
        self.dropout = dropout
        widths = [min(2**i, 8) * width for i in range(depth)]
        # None at the first, and none at the last, where one place would have only its own mean.
        self.downs = [conv(filters, 4, 2, use_bias=i in (0, depth - 1)) for i, filters in enumerate(widths)]
        self.down_norms = [instance_norm() for _ in widths[1:-1]]
        self.ups = [up(filters, 4, use_bias=False) for filters in reversed(widths[:-1])]
        self.up_norms = [instance_norm() for _ in self.ups]
        self.last = up(channels, 4)

    def build(self, *shapes):
        self.built = True  # its layers are built where they first run: `make_variables`

    def call(self, pixels, seed):
        skips, value = [], pixels
        for i, down in enumerate(self.downs):
            value = down(value if i == 0 else tf.nn.leaky_relu(value, SLOPE))
            if 0 < i < len(self.downs) - 1:
                value = self.down_norms[i - 1](value)
            skips.append(value)
        streams = seeds.split(seed, 3) if self.dropout else []
        for i, (layer, norm) in enumerate(zip(self.ups, self.up_norms, strict=True)):
            value = norm(layer(tf.nn.relu(value)))
            if i < len(streams):
                value = dropped(value, self.dropout, streams[i])
            value = tf.concat([value, skips[-2 - i]], axis=-1)
        return tf.tanh(tf.cast(self.last(tf.nn.relu(value)), tf.float32))


def dropped(value: tf.Tensor, rate: float, seed: tf.Tensor) -> tf.Tensor:
    """Dropout of [N, H, W, F], each row by its own seed."""
    sizes = [
        static or dynamic for static, dynamic in zip(value.shape[1:], tf.unstack(tf.shape(value)[1:]), strict=True)
    ]
    kept = seeds.uniform(seed, sizes) >= rate
    return tf.where(kept, value / (1.0 - rate), tf.zeros([], value.dtype))


class ResNetGenerator(keras.layers.Layer):
    """Halvings, residual blocks, as many doublings (Justin Johnson, Alexandre Alahi, Li Fei-Fei, 2016; Zhu et al. 2017,
    appendix 7.2, of two): [N, H, W, C] -> [N, H, W, channels] in [-1, 1]. The sides must be multiples of 2^halvings."""

    def __init__(self, channels: int, width: int, blocks: int, halvings: int):
        super().__init__(name="generator")
        self.first = [Reflected(width, 7), instance_norm()]
        widths = [2**i * width for i in range(halvings + 1)]
        self.downs = [(conv(wider, 3, 2, use_bias=False), instance_norm()) for wider in widths[1:]]
        self.blocks = [
            (Reflected(widths[-1], 3), instance_norm(), Reflected(widths[-1], 3), instance_norm())
            for _ in range(blocks)
        ]
        self.ups = [(up(narrower, 3, use_bias=False), instance_norm()) for narrower in widths[-2::-1]]
        self.last = Reflected(channels, 7, use_bias=True)

    def build(self, *shapes):
        self.built = True

    def call(self, pixels):
        value = pixels
        for layer, norm in (self.first, *self.downs):
            value = tf.nn.relu(norm(layer(value)))
        for first, first_norm, second, second_norm in self.blocks:
            value += second_norm(second(tf.nn.relu(first_norm(first(value)))))
        for layer, norm in self.ups:
            value = tf.nn.relu(norm(layer(value)))
        return tf.tanh(tf.cast(self.last(value), tf.float32))


class Reflected(keras.layers.Layer):
    """A convolution of an odd size over a picture that goes on beyond its border as in a mirror."""

    def __init__(self, filters: int, size: int, use_bias: bool = False):
        super().__init__()
        self.conv = conv(filters, size, padding="valid", use_bias=use_bias)
        self.border = size // 2

    def build(self, *shapes):
        self.built = True

    def call(self, value):
        rim = [self.border, self.border]
        return self.conv(tf.pad(value, [[0, 0], rim, rim, [0, 0]], "REFLECT"))


class PatchGAN(keras.layers.Layer):
    """The logits [N, h, w, 1] of "this patch is real" (Isola et al. 2017, section 3.2.2): convolutions of 4x4 that see
    16, 34 or 70 pixels with 1, 2 or 3 halvings, without a norm in the first."""

    def __init__(self, width: int, halvings: int):
        super().__init__(name="discriminator")
        widths = [min(2**i, 8) * width for i in range(1, halvings + 1)]
        strides = [2] * (halvings - 1) + [1]
        self.first = conv(width, 4, 2)
        self.hidden = [
            (conv(filters, 4, stride, use_bias=False), instance_norm())
            for filters, stride in zip(widths, strides, strict=True)
        ]
        self.last = conv(1, 4)

    def build(self, *shapes):
        self.built = True

    def call(self, pixels):
        value = tf.nn.leaky_relu(self.first(pixels), SLOPE)
        for layer, norm in self.hidden:
            value = tf.nn.leaky_relu(norm(layer(value)), SLOPE)
        return tf.cast(self.last(value), tf.float32)
