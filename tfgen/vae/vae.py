"""VAE: Diederik P. Kingma, Max Welling, 2014, "Auto-Encoding Variational Bayes", https://arxiv.org/abs/1312.6114."""

import tensorflow as tf

from tfgen.core import arguments
from tfgen.distributions.latents import DiagonalGaussian, standard_normal
from tfgen.distributions.likelihoods import LIKELIHOODS
from tfgen.vae.base import LatentVariableModel
from tfgen.vae.networks import ARCHITECTURES

MIN_STDDEV = 1e-3  # of the posterior: keeps the KL and its gradient finite


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
