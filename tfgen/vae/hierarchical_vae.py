"""Several stochastic layers: Yuri Burda, Roger Grosse, Ruslan Salakhutdinov, 2016, "Importance Weighted Autoencoders",
section 5 and figure 1, https://arxiv.org/abs/1509.00519."""

import keras

from tfgen.distributions import likelihoods
from tfgen.distributions.latents import BottomUp, Layers, standard_normal
from tfgen.ops import images
from tfgen.vae.base import LatentVariableModel
from tfgen.vae.networks import check_activation, check_layers, mlp_decoder, mlp_encoder, start_from_data
from tfgen.vae.posteriors import given_the_last, normal_of


class HierarchicalVAE(LatentVariableModel):
    """A latent-variable model of L layers, inferred from the image upwards, z_1 being the top.

    prior       p(z)     = N(z_1; 0, I) prod_l N(z_{l+1}; mean(z_l), diag(stddev(z_l)^2))
    posterior   q(z | x) = N(z_L; mean(x), ...) prod_l N(z_l; mean(z_{l+1}), diag(stddev(z_{l+1})^2))
    likelihood  p(x | z) = p(x | z_L), see `VAE`

    Args:
      image_shape: (H, W, C).
      levels: number of values of a pixel.
      latent_dims: dimensions of each layer, the top first; the paper has 50 and 100.
      widths: of the two hidden layers of the networks around each, the top first; the paper has 100 and 200.
      activation: of the hidden layers, by Keras's name; the paper's is tanh.
      likelihood, beta, free_bits, warmup_steps, samples: see `VAE`.

    Raises:
      ValueError: naming an argument that is out of range.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        levels: int = 256,
        latent_dims: tuple[int, ...] = (50, 100),
        widths: tuple[int, ...] = (100, 200),
        activation: str = "tanh",
        likelihood: str = "",
        beta: float = 1.0,
        free_bits: float = 0.0,
        warmup_steps: int = 0,
        samples: int = 1,
    ):
        super().__init__(image_shape, levels, beta, free_bits, warmup_steps, samples)
        check_layers(latent_dims, widths)
        check_activation(activation)
        self.likelihood = likelihoods.choose(likelihood, levels)
        height, width, channels = self.image_shape
        # The networks up to each layer but the bottom, and down to each but the top.
        self.up = [dense(width, 2 * dim, activation) for dim, width in zip(latent_dims[:-1], widths[:-1], strict=True)]
        self.down = [dense(width, 2 * dim, activation) for dim, width in zip(latent_dims[1:], widths[:-1], strict=True)]
        self.encoder = mlp_encoder(widths[-1], 2, 2 * latent_dims[-1], activation)
        shape = (height, width, channels * self.likelihood.parameters)
        self.decoder = mlp_decoder(widths[-1], 2, shape, activation)
        self.top = latent_dims[0]

    def initialize(self, batch):
        """See `networks.start_from_data`."""
        pixels = images.to_symmetric(batch["image"], self.levels)
        values = self.likelihood.fitted(batch["image"], self.levels)
        start_from_data(self.encoder, self.decoder, pixels, values)

    def prior(self):
        return Layers(lambda: standard_normal(self.top), *(given_the_last(network) for network in self.down))

    def features(self, pixels, training=False):
        return self.encoder(pixels, training=training)

    def posterior(self, features, training=False):
        return BottomUp(lambda: normal_of(features), *(given_the_last(network) for network in reversed(self.up)))

    def decode(self, latents, seed=None, training=False):
        return self.likelihood(self.decoder(latents[-1], training=training), self.levels)


def dense(width: int, outputs: int, activation: str) -> keras.Sequential:
    """Two hidden layers: [N, D] -> [N, outputs]."""
    return keras.Sequential([*(keras.layers.Dense(width, activation) for _ in range(2)), keras.layers.Dense(outputs)])
