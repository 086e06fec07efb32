"""VAE: Diederik P. Kingma, Max Welling, 2014, "Auto-Encoding Variational Bayes", https://arxiv.org/abs/1312.6114."""

import math

import keras
import tensorflow as tf

from tfgen.core import arguments
from tfgen.distributions.latents import DiagonalGaussian, standard_normal
from tfgen.distributions.likelihoods import LIKELIHOODS
from tfgen.vae.base import LatentVariableModel

MIN_STDDEV = 1e-3  # of the posterior: keeps the KL and its gradient finite


def mlp_encoder(width: int, depth: int, outputs: int) -> keras.Sequential:
    """Appendix C: fully connected layers, picture [N, H, W, C] -> [N, outputs]."""
    hidden = [keras.layers.Dense(width, "tanh") for _ in range(depth)]
    return keras.Sequential([keras.layers.Flatten(), *hidden, keras.layers.Dense(outputs)])


def mlp_decoder(width: int, depth: int, image_shape: tuple[int, int, int]) -> keras.Sequential:
    """Appendix C: fully connected layers, latents [N, D] -> [N, H, W, C]."""
    hidden = [keras.layers.Dense(width, "tanh") for _ in range(depth)]
    return keras.Sequential([*hidden, keras.layers.Dense(math.prod(image_shape)), keras.layers.Reshape(image_shape)])


def conv_encoder(width: int, depth: int, outputs: int) -> keras.Sequential:
    """`depth` convolutions of stride 2, each twice as wide as the last, then a hidden layer."""
    convs = [keras.layers.Conv2D(width * 2**i, 4, 2, "same", activation="gelu") for i in range(depth)]
    return keras.Sequential(
        [*convs, keras.layers.Flatten(), keras.layers.Dense(8 * width, "gelu"), keras.layers.Dense(outputs)]
    )


def conv_decoder(width: int, depth: int, image_shape: tuple[int, int, int]) -> keras.Sequential:
    """The encoder turned round: `depth` up-convolutions of stride 2, cropped to the picture."""
    height, width_, channels = image_shape
    rows, columns = -(-height // 2**depth), -(-width_ // 2**depth)
    widths = [width * 2**i for i in reversed(range(depth))]
    ups = [keras.layers.Conv2DTranspose(w, 4, 2, "same", activation="gelu") for w in [*widths[1:], width]]
    crop = ((0, rows * 2**depth - height), (0, columns * 2**depth - width_))
    return keras.Sequential(
        [
            keras.layers.Dense(8 * width, "gelu"),
            keras.layers.Dense(rows * columns * widths[0], "gelu"),
            keras.layers.Reshape((rows, columns, widths[0])),
            *ups,
            keras.layers.Conv2D(channels, 3, padding="same"),
            keras.layers.Cropping2D(crop),
        ]
    )


ARCHITECTURES = {"mlp": (mlp_encoder, mlp_decoder), "conv": (conv_encoder, conv_decoder)}


class VAE(LatentVariableModel):
    """A latent-variable model whose posterior is a diagonal Gaussian, learned together with it.

    prior       p(z)     = N(0, I)
    posterior   q(z | x) = N(mean(x), diag(stddev(x)^2))
    likelihood  p(x | z) = N(mean(z), diag(stddev(z)^2)) gathered into the pixel levels ("gaussian"),
                           or Bernoulli(mean(z)) for images of two levels ("bernoulli")

    Args:
      image_shape: (H, W, C).
      levels: number of values of a pixel.
      latent_dim: dimensions of z.
      width: features: of every hidden layer ("mlp"), of the outermost convolution ("conv").
      depth: hidden layers ("mlp") or convolutions of stride 2 ("conv"), in the encoder and in the decoder.
      architecture: "mlp" (the paper's) or "conv".
      likelihood: "gaussian" or "bernoulli"; if left out, bernoulli for two levels, else gaussian.
      beta, free_bits, warmup_steps: see `LatentVariableModel`.

    Raises:
      ValueError: naming an argument that is out of range.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        levels: int = 256,
        latent_dim: int = 32,
        width: int = 32,
        depth: int = 2,
        architecture: str = "conv",
        likelihood: str = "",
        beta: float = 1.0,
        free_bits: float = 0.0,
        warmup_steps: int = 0,
    ):
        super().__init__(image_shape, levels, beta, free_bits, warmup_steps)
        likelihood = likelihood or ("bernoulli" if levels == 2 else "gaussian")
        for name, value, table in (
            ("architecture", architecture, ARCHITECTURES),
            ("likelihood", likelihood, LIKELIHOODS),
        ):
            if value not in table:
                raise ValueError(f"{name}={value!r}: must be one of {sorted(table)}")
        arguments.check({"latent_dim": latent_dim, "width": width, "depth": depth})
        height, width_, channels = self.image_shape
        if architecture == "conv" and 2 ** (depth - 1) >= min(height, width_):
            raise ValueError(f"depth={depth}: a {height}x{width_} image cannot be halved that often")
        self.latent_dim = latent_dim
        self.likelihood = LIKELIHOODS[likelihood]
        self.likelihood(tf.zeros([0, height, width_, channels * self.likelihood.parameters]), levels)  # checks levels
        encoder, decoder = ARCHITECTURES[architecture]
        self.encoder = encoder(width, depth, 2 * latent_dim)
        self.decoder = decoder(width, depth, (height, width_, channels * self.likelihood.parameters))

    def prior(self):
        return standard_normal(self.latent_dim)

    def features(self, pixels, training=False):
        return self.encoder(pixels, training=training)

    def posterior(self, features, training=False):
        mean, scale = tf.split(features, 2, axis=-1)
        return DiagonalGaussian(mean, tf.nn.softplus(tf.cast(scale, tf.float32)) + MIN_STDDEV)

    def decode(self, latents, seed=None, training=False):
        return self.likelihood(self.decoder(latents, training=training), self.levels)
