"""Ladder VAE: Casper Kaae Sønderby, Tapani Raiko, Lars Maaløe, Søren Kaae Sønderby, Ole Winther, 2016,
"Ladder Variational Autoencoders", https://arxiv.org/abs/1602.02282."""

import keras

from tfgen.distributions import likelihoods
from tfgen.distributions.latents import DiagonalGaussian, Layers, standard_normal
from tfgen.ops import images
from tfgen.vae.base import LatentVariableModel
from tfgen.vae.networks import Centre, check_layers, mlp_decoder, start_from_data
from tfgen.vae.posteriors import given_the_last, normal_of


class LadderVAE(LatentVariableModel):
    """A hierarchy whose posterior corrects the prior on the way down, by what the image says to each layer.

    prior       p(z)     = N(z_1; 0, I) prod_l N(z_{l+1}; mean_p(z_l), diag(stddev_p(z_l)^2))
    posterior   q(z | x) = prod_l of the product, normalised, of that same p(z_l | z_{l-1}) and of a normal that a
                           deterministic way up from the image gives (eq. 9 to 11: precisions add up); the top is that
                           normal alone
    likelihood  p(x | z) = p(x | z_L), see `VAE`

    The paper's warm-up is `warmup_steps`. Without its batch normalisation, and with tanh where it has leaky rectifiers.

    Args:
      image_shape: (H, W, C).
      levels: number of values of a pixel.
      latent_dims: dimensions of each layer, the top first; the paper has 4, 8, 16, 32 and 64.
      widths: of the hidden layer on the way to each, up and down; the paper has 64, 64, 128, 256 and 512.
      likelihood, beta, free_bits, warmup_steps, samples: see `VAE`.

    Raises:
      ValueError: naming an argument that is out of range.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        levels: int = 256,
        latent_dims: tuple[int, ...] = (4, 8, 16, 32, 64),
        widths: tuple[int, ...] = (64, 64, 128, 256, 512),
        likelihood: str = "",
        beta: float = 1.0,
        free_bits: float = 0.0,
        warmup_steps: int = 0,
        samples: int = 1,
    ):
        super().__init__(image_shape, levels, beta, free_bits, warmup_steps, samples)
        check_layers(latent_dims, widths)
        self.likelihood = likelihoods.choose(likelihood, levels)
        height, width, channels = self.image_shape
        self.top = latent_dims[0]
        self.up = [keras.Sequential([Centre(), keras.layers.Flatten(), hidden(widths[-1])])]  # the bottom first
        self.up += [keras.Sequential([hidden(width)]) for width in widths[-2::-1]]
        self.says = [keras.layers.Dense(2 * dim) for dim in latent_dims]  # the top first
        self.down = [
            keras.Sequential([hidden(width), keras.layers.Dense(2 * dim)])
            for dim, width in zip(latent_dims[1:], widths[:-1], strict=True)
        ]
        self.decoder = mlp_decoder(widths[-1], 1, (height, width, channels * self.likelihood.parameters))

    def initialize(self, batch):
        """See `networks.start_from_data`."""
        pixels = images.to_symmetric(batch["image"], self.levels)
        values = self.likelihood.fitted(batch["image"], self.levels)
        start_from_data(self.up[0], self.decoder, pixels, values)

    def prior(self):
        return Layers(lambda: standard_normal(self.top), *(given_the_last(network) for network in self.down))

    def features(self, pixels, training=False):
        """What the way up says of each layer, the top first."""
        deterministic = [pixels]
        for network in self.up:
            deterministic.append(network(deterministic[-1]))
        return [says(d) for says, d in zip(self.says, deterministic[:0:-1], strict=True)]

    def posterior(self, features, training=False):
        top, *lower = (normal_of(said) for said in features)

        def corrected(said, network):
            return lambda *above: product(said, given_the_last(network)(*above))

        return Layers(lambda: top, *(corrected(*pair) for pair in zip(lower, self.down, strict=True)))

    def decode(self, latents, seed=None, training=False):
        return self.likelihood(self.decoder(latents[-1], training=training), self.levels)


def hidden(width: int) -> keras.layers.Layer:
    return keras.layers.Dense(width, "tanh")


def product(one: DiagonalGaussian, other: DiagonalGaussian) -> DiagonalGaussian:
    """The normalised product of two normal densities: precisions add up (eq. 9 and 10)."""
    a, b = one.stddev() ** -2, other.stddev() ** -2
    return DiagonalGaussian((a * one.mean() + b * other.mean()) / (a + b), (a + b) ** -0.5)
