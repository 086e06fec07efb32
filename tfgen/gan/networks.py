"""What the generators and discriminators of the family are put together from."""

from collections.abc import Callable

import keras
import tensorflow as tf

from tfgen.layers.spectral_norm import SpectralNormalization

SLOPE = 0.2  # of every leaky ReLU


def halvings(side: int) -> int:
    """How often a side is halved on the way to 4 .. 7 pixels; twice at least, so that there are hidden features."""
    count = 2
    while -(-side // 2 ** (count + 1)) >= 4:
        count += 1
    return count


def check_sides(image_shape: tuple[int, int, int], name: str) -> None:
    """Holds the sides of a picture against what networks of convolutions here are made for.

    Raises:
      ValueError: naming the shape.
    """
    if not all(8 <= side <= 128 for side in image_shape[:2]):
        raise ValueError(
            f"image_shape={image_shape}: {name} makes sides of 8 to 128; add resize:64, say, to the transforms"
        )


def halving(linear: "Linear", image_shape: tuple[int, int, int], width: int) -> keras.Sequential:
    """A picture -> features [N, F]: convolutions of stride 2 down to 4 .. 7 pixels, without any norm of their own."""
    layers = []
    for i in range(halvings(min(image_shape[:2]))):
        layers += [linear.conv(width * 2**i, 5, 2), keras.layers.LeakyReLU(SLOPE)]
    return keras.Sequential([*layers, keras.layers.Flatten()])


class Linear:
    """Makes dense layers and convolutions.

    Args:
      initializer: makes one for each kernel: one that is shared repeats its numbers.
      spectral: whether their kernels are spectrally normalised.
    """

    def __init__(self, initializer: Callable[[], keras.initializers.Initializer], spectral: bool = False):
        self.initializer, self.spectral = initializer, spectral

    def dense(self, units: int, use_bias: bool = True) -> keras.layers.Layer:
        """[N, F] -> [N, units]."""
        return self._made(keras.layers.Dense, use_bias, units)

    def conv(self, filters: int, size: int, strides: int = 1, use_bias: bool = True) -> keras.layers.Layer:
        """[N, H, W, F] -> [N, H / strides, W / strides, filters]."""
        return self._made(keras.layers.Conv2D, use_bias, filters, size, strides, "same")

    def _made(self, kind, use_bias, *sizes):
        bias = use_bias and not self.spectral
        layer = kind(*sizes, use_bias=bias, kernel_initializer=self.initializer())
        return SpectralNormalization(layer, use_bias) if self.spectral else layer


class Generator(keras.layers.Layer):
    """A network of latents, and of the condition's vector beside them if there is one."""

    def __init__(self, body: keras.layers.Layer):
        super().__init__(name="generator")
        self.body = body

    def build(self, *shapes):
        self.built = True  # its layers are built where they first run: `make_variables`

    def call(self, latents, vector=None, training=False):
        return self.body(latents if vector is None else tf.concat([latents, vector], axis=-1), training=training)


class Discriminator(keras.layers.Layer):
    """{"logits": [N, 1], "features": [N, F]} of an image, and with "auxiliary" the logits of its "classes".

    Args:
      body: image -> features [N, F].
      linear: makes what reads off the features.
      conditional: a way in `base.CONDITIONS`, or "".
      num_classes: size of the condition's vector.
      bias: of the logits; where only their differences count it would never move.
    """

    def __init__(self, body: keras.layers.Layer, linear: Linear, conditional: str, num_classes: int, bias: bool):
        super().__init__(name="discriminator")
        self.body, self.conditional = body, conditional
        self.logits = linear.dense(1, use_bias=bias)
        if conditional == "projection":
            self.project = Projection(linear)
        if conditional == "auxiliary":
            self.classes = linear.dense(num_classes)

    def build(self, *shapes):
        self.built = True

    def call(self, pixels, vector=None, training=False):
        if self.conditional == "concatenation":
            planes = tf.reshape(vector, [-1, *[1] * (pixels.shape.rank - 2), vector.shape[-1]])
            planes = tf.broadcast_to(planes, [*tf.unstack(tf.shape(pixels)[:-1]), vector.shape[-1]])
            pixels = tf.concat([pixels, tf.cast(planes, pixels.dtype)], axis=-1)
        features = self.body(pixels, training=training)
        outputs = {"logits": self.logits(features, training=training), "features": features}
        if self.conditional == "projection":
            outputs["logits"] += self.project(features, vector, training=training)
        if self.conditional == "auxiliary":
            outputs["classes"] = self.classes(features, training=training)
        return outputs


class Projection(keras.layers.Layer):
    """y' V features: Takeru Miyato, Masanori Koyama, 2018, "cGANs with Projection Discriminator",
    https://arxiv.org/abs/1802.05637, eq. 4."""

    def __init__(self, linear: Linear):
        super().__init__()
        self.linear = linear

    def build(self, features_shape, vector_shape):
        self.embedding = self.linear.dense(features_shape[-1], use_bias=False)
        self.built = True

    def call(self, features, vector, training=False):
        return tf.reduce_sum(self.embedding(vector, training=training) * features, axis=-1, keepdims=True)
