"""DCGAN: Alec Radford, Luke Metz, Soumith Chintala, 2016, "Unsupervised Representation Learning with Deep
Convolutional Generative Adversarial Networks", https://arxiv.org/abs/1511.06434 (section 3, figure 1)."""

import keras

from tfgen.core import arguments
from tfgen.gan.base import AdversarialModel
from tfgen.gan.networks import Generator, Linear, check_sides, halvings

SLOPE = 0.2  # of every leaky ReLU (section 4)
NORMALIZED = ("both", "generator", "none")
ACTIVATIONS = {
    "relu": keras.layers.ReLU,
    "leaky_relu": lambda: keras.layers.LeakyReLU(SLOPE),
    "tanh": lambda: keras.layers.Activation("tanh"),
}


def weights() -> keras.initializers.Initializer:
    """N(0, 0.02^2), section 4. A new one for each layer: one that is shared repeats its numbers."""
    return keras.initializers.RandomNormal(stddev=0.02)


def normalization() -> keras.layers.Layer:
    """Batch norm over the batch of all replicas."""
    return keras.layers.BatchNormalization(
        momentum=0.9, epsilon=1e-5, gamma_initializer=keras.initializers.RandomNormal(1.0, 0.02), synchronized=True
    )


def hidden_layer(units: int, linear: Linear, activation) -> list[keras.layers.Layer]:
    """A fully connected one, of which a DCGAN has none."""
    return [linear.dense(units), activation()] if units else []


class DCGAN(AdversarialModel):
    """A GAN of convolutions, by the paper's guidelines; each can be switched off, to see what it is for.

    No pooling: strided convolutions down, fractionally strided ones up. Batch norm everywhere but at the generator's
    output and the discriminator's input. No fully connected hidden layer. ReLU in the generator and tanh at its end;
    leaky ReLU in the discriminator. Sides that are no power of two are cropped from the next larger grid.

    Args:
      image_shape: (H, W, C), both sides 8 to 128.
      levels: number of values of a pixel.
      width: features next to the image (128 in the paper's figure 1), doubled at every halving.
      strided: whether convolutions have strides; else pictures are halved by pooling and doubled by repetition.
      normalized: whose features batch norm normalises: "both", "generator" or "none".
      hidden: units of a fully connected hidden layer of each player; 0: none.
      generator_activation, discriminator_activation: "relu", "leaky_relu" or "tanh".
      spectral_norm: of the discriminator (Miyato et al. 2018); the paper's is without.
      options: see `AdversarialModel`; the paper draws its 100 latents uniformly.

    Raises:
      ValueError: naming an argument that is out of range.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        levels: int = 256,
        width: int = 64,
        strided: bool = True,
        normalized: str = "both",
        hidden: int = 0,
        generator_activation: str = "relu",
        discriminator_activation: str = "leaky_relu",
        spectral_norm: bool = False,
        **options,
    ):
        super().__init__(image_shape, levels, **options)
        check_sides(self.image_shape, "DCGAN")
        arguments.check({"width": width, "hidden": hidden + 1})
        for name, value, known in (
            ("normalized", normalized, NORMALIZED),
            ("generator_activation", generator_activation, ACTIVATIONS),
            ("discriminator_activation", discriminator_activation, ACTIVATIONS),
        ):
            if value not in known:
                raise ValueError(f"{name}={value!r}: must be one of {', '.join(known)}")
        if self.penalties and normalized == "both":
            raise ValueError(
                f"penalties={self.penalties}: are of the gradient of each example's own logit, and batch norm mixes "
                "the examples; give normalized=generator, or none"
            )
        self.width, self.strided, self.normalized, self.hidden = width, strided, normalized, hidden
        ends = ACTIVATIONS[generator_activation], ACTIVATIONS[discriminator_activation]
        self.generator = Generator(self._generator(ends[0]))
        linear = Linear(weights, spectral_norm)
        self.discriminator = self.discriminator_on(self._features(ends[1], linear), linear)

    def _generator(self, activation) -> keras.Sequential:
        """Latents, projected and reshaped, through fractionally strided convolutions to an image in [-1, 1]."""
        height, columns, channels = self.image_shape
        ups = halvings(min(height, columns))
        start = (-(-height // 2**ups), -(-columns // 2**ups), self.width * 2 ** (ups - 1))

        def normalize():
            return [] if self.normalized == "none" else [normalization()]

        def up(filters, use_bias):
            if self.strided:
                options = {"use_bias": use_bias, "kernel_initializer": weights()}
                return [keras.layers.Conv2DTranspose(filters, 5, 2, "same", **options)]
            return [keras.layers.UpSampling2D(), Linear(weights).conv(filters, 5, use_bias=use_bias)]

        bias = self.normalized == "none"
        layers = [
            *hidden_layer(self.hidden, Linear(weights), activation),
            Linear(weights).dense(start[0] * start[1] * start[2], use_bias=bias),
            keras.layers.Reshape(start),
            *normalize(),
            activation(),
        ]
        for i in reversed(range(ups - 1)):
            layers += [*up(self.width * 2**i, bias), *normalize(), activation()]
        crop = ((0, start[0] * 2**ups - height), (0, start[1] * 2**ups - columns))
        layers += [
            *up(channels, True),
            keras.layers.Cropping2D(crop),
            keras.layers.Activation("tanh", dtype="float32"),
        ]
        return keras.Sequential(layers)

    def _features(self, activation, linear) -> keras.Sequential:
        """Strided convolutions down to what the logit is read off."""
        layers = []
        for i in range(halvings(min(self.image_shape[:2]))):
            normalized = i > 0 and self.normalized == "both"
            layers.append(linear.conv(self.width * 2**i, 5, 2 if self.strided else 1, use_bias=not normalized))
            layers += [] if self.strided else [keras.layers.AveragePooling2D(2, padding="same")]
            layers += [normalization()] if normalized else []
            layers.append(activation())
        return keras.Sequential([*layers, keras.layers.Flatten(), *hidden_layer(self.hidden, linear, activation)])
