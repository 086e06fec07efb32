"""Residual GANs: Ishaan Gulrajani, Faruk Ahmed, Martin Arjovsky, Vincent Dumoulin, Aaron Courville, 2017, "Improved
Training of Wasserstein GANs", https://arxiv.org/abs/1704.00028 (appendix F), whose networks Miyato et al. 2018 share;
and without any normalisation, as Yiwen Huang, Aaron Gokaslan, Volodymyr Kuleshov, James Tompkin, 2024, "The GAN is
dead; long live the GAN! A Modern Baseline GAN", https://arxiv.org/abs/2501.05441 (section 3) have them."""

import keras
import tensorflow as tf

from tfgen.core import arguments
from tfgen.gan.base import AdversarialModel
from tfgen.gan.dcgan import normalization
from tfgen.gan.networks import Generator, Linear, check_sides, halvings

MOST = 8  # times the width next to the picture


class Residual(keras.layers.Layer):
    """shortcut(x) + conv(act(norm(conv(act(norm(x)))))), the picture doubled or halved on the way, or neither.

    Without normalisation the last convolution starts at zero, as Huang et al. 2024 have it, and activations are leaky.

    Args:
      filters: of what comes out.
      linear: makes the convolutions.
      resize: "up", "down" or "".
      normalized: whether there is batch norm.
      zero: whether the last convolution starts at zero.
    """

    def __init__(self, filters: int, linear: Linear, resize: str, normalized: bool, zero: bool):
        super().__init__()
        self.filters, self.linear, self.resize = filters, linear, resize
        self.norms = [normalization() for _ in range(2)] if normalized else []
        self.first = linear.conv(filters, 3)
        self.last = Linear(keras.initializers.Zeros).conv(filters, 3) if zero else linear.conv(filters, 3)
        self.up, self.down = keras.layers.UpSampling2D(), keras.layers.AveragePooling2D(2, padding="same")

    def build(self, shape):
        self.shortcut = self.linear.conv(self.filters, 1) if self.resize or shape[-1] != self.filters else None
        self.built = True

    def call(self, x, training=False):
        y = self._active(x, 0, training)
        y = self.first(self.up(y) if self.resize == "up" else y, training=training)
        y = self.last(self._active(y, 1, training), training=training)
        x = self.up(x) if self.resize == "up" else x
        x = x if self.shortcut is None else self.shortcut(x, training=training)
        return self.down(x + y) if self.resize == "down" else x + y

    def _active(self, x, position, training):
        x = self.norms[position](x, training=training) if self.norms else x
        return tf.nn.leaky_relu(x, 0.2)


class ResNetGAN(AdversarialModel):
    """A GAN of residual networks; the discriminator has no batch norm, so that penalties may be on each example.

    Deviations: leaky rectified units everywhere (Gulrajani et al. have none that leak), features doubled with each
    halving up to eight times; of Huang et al. neither the grouped convolutions nor the inverted bottlenecks.

    Args:
      image_shape: (H, W, C), both sides 8 to 128.
      levels: number of values of a pixel.
      width: features next to the image.
      normalized: whether the generator has batch norm; without, both players are those of Huang et al.
      spectral_norm: of the discriminator (Miyato et al. 2018).
      options: see `AdversarialModel`.

    Raises:
      ValueError: naming an argument that is out of range.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        levels: int = 256,
        width: int = 64,
        normalized: bool = True,
        spectral_norm: bool = False,
        **options,
    ):
        super().__init__(image_shape, levels, **options)
        check_sides(self.image_shape, "a ResNetGAN")
        arguments.check({"width": width})
        height, columns, channels = self.image_shape
        ups = halvings(min(height, columns))
        widths = [width * min(2**i, MOST) for i in range(ups)]
        rows, columns_ = -(-height // 2**ups), -(-columns // 2**ups)
        plain = Linear(keras.initializers.HeNormal)
        self.generator = Generator(
            keras.Sequential(
                [
                    plain.dense(rows * columns_ * widths[-1]),
                    keras.layers.Reshape((rows, columns_, widths[-1])),
                    *(Residual(w, plain, "up", normalized, zero=not normalized) for w in reversed(widths)),
                    *([normalization()] if normalized else []),
                    keras.layers.LeakyReLU(0.2),
                    plain.conv(channels, 3),
                    keras.layers.Cropping2D(((0, rows * 2**ups - height), (0, columns_ * 2**ups - columns))),
                    keras.layers.Activation("tanh", dtype="float32"),
                ]
            )
        )
        linear = Linear(keras.initializers.HeNormal, spectral_norm)
        zero = not normalized and not spectral_norm
        body = keras.Sequential(
            [
                linear.conv(widths[0], 3),
                *(Residual(w, linear, "down", False, zero) for w in widths),
                keras.layers.LeakyReLU(0.2),
                keras.layers.Flatten(),
            ]
        )
        self.discriminator = self.discriminator_on(body, linear)
