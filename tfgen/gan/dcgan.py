"""DCGAN: Alec Radford, Luke Metz, Soumith Chintala, 2016, "Unsupervised Representation Learning with Deep
Convolutional Generative Adversarial Networks", https://arxiv.org/abs/1511.06434 (section 3, figure 1)."""

import keras

from tfgen.gan.base import AdversarialModel

SLOPE = 0.2  # of every leaky ReLU (section 4)


def weights() -> keras.initializers.Initializer:
    """N(0, 0.02^2), section 4. A new one for each layer: one that is shared repeats its numbers."""
    return keras.initializers.RandomNormal(stddev=0.02)


def halvings(side: int) -> int:
    """How often a side is halved on the way to 4 .. 7 pixels; twice at least, so that there are hidden features."""
    count = 2
    while -(-side // 2 ** (count + 1)) >= 4:
        count += 1
    return count


def normalization() -> keras.layers.Layer:
    """Batch norm over the batch of all replicas."""
    return keras.layers.BatchNormalization(
        momentum=0.9, epsilon=1e-5, gamma_initializer=keras.initializers.RandomNormal(1.0, 0.02), synchronized=True
    )


def generator(image_shape: tuple[int, int, int], width: int) -> keras.Sequential:
    """Latents, projected and reshaped, through fractionally strided convolutions to an image in [-1, 1]."""
    height, columns, channels = image_shape
    ups = halvings(min(height, columns))
    start = (-(-height // 2**ups), -(-columns // 2**ups), width * 2 ** (ups - 1))
    layers = [
        keras.layers.Dense(start[0] * start[1] * start[2], use_bias=False, kernel_initializer=weights()),
        keras.layers.Reshape(start),
        normalization(),
        keras.layers.ReLU(),
    ]
    for i in reversed(range(ups - 1)):
        layers += [
            keras.layers.Conv2DTranspose(width * 2**i, 5, 2, "same", use_bias=False, kernel_initializer=weights()),
            normalization(),
            keras.layers.ReLU(),
        ]
    crop = ((0, start[0] * 2**ups - height), (0, start[1] * 2**ups - columns))
    layers += [
        keras.layers.Conv2DTranspose(channels, 5, 2, "same", kernel_initializer=weights()),
        keras.layers.Cropping2D(crop),
        keras.layers.Activation("tanh", dtype="float32"),
    ]
    return keras.Sequential(layers, name="generator")


def discriminator(image_shape: tuple[int, int, int], width: int) -> keras.Sequential:
    """Strided convolutions down to one logit."""
    layers = []
    for i in range(halvings(min(image_shape[:2]))):
        layers.append(keras.layers.Conv2D(width * 2**i, 5, 2, "same", use_bias=i == 0, kernel_initializer=weights()))
        if i > 0:
            layers.append(normalization())
        layers.append(keras.layers.LeakyReLU(SLOPE))
    return keras.Sequential(
        [*layers, keras.layers.Flatten(), keras.layers.Dense(1, kernel_initializer=weights())], name="discriminator"
    )


class DCGAN(AdversarialModel):
    """A GAN of convolutions, by the paper's guidelines.

    No pooling: strided convolutions down, fractionally strided ones up. Batch norm everywhere but at the generator's
    output and the discriminator's input. No fully connected hidden layer. ReLU in the generator and tanh at its end;
    leaky ReLU in the discriminator. Sides that are no power of two are cropped from the next larger grid.

    Args:
      image_shape: (H, W, C), both sides 8 to 64.
      levels: number of values of a pixel.
      latent_dim: dimensions of z ~ N(0, I) (the paper draws 100 numbers uniformly).
      width: features next to the image (128 in the paper's figure 1), doubled at every halving.
      objective: "non_saturating" or "minimax", see `losses.adversarial`.
      discriminator_steps: moves of the discriminator for each of the generator.

    Raises:
      ValueError: naming an argument that is out of range.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        levels: int = 256,
        latent_dim: int = 100,
        width: int = 64,
        objective: str = "non_saturating",
        discriminator_steps: int = 1,
    ):
        super().__init__(image_shape, levels, latent_dim, objective, discriminator_steps)
        if not all(8 <= side <= 64 for side in self.image_shape[:2]):
            raise ValueError(
                f"image_shape={self.image_shape}: DCGAN makes sides of 8 to 64; add resize:64, say, to the transforms"
            )
        if width < 1:
            raise ValueError(f"width={width}: must be at least 1")
        self.generator = generator(self.image_shape, width)
        self.discriminator = discriminator(self.image_shape, width)
