"""A discrete and a continuous latent: Emilien Dupont, 2018, "Learning Disentangled Joint Continuous and Discrete
Representations", https://arxiv.org/abs/1804.00104, by the Gumbel-softmax of Eric Jang, Shixiang Gu, Ben Poole, 2017,
"Categorical Reparameterization with Gumbel-Softmax", https://arxiv.org/abs/1611.01144."""

import tensorflow as tf

from tfgen.core import arguments
from tfgen.distributions import likelihoods
from tfgen.distributions.latents import Layers, OneHot, RelaxedOneHot, standard_normal
from tfgen.ops import images
from tfgen.vae.base import LatentVariableModel
from tfgen.vae.networks import ARCHITECTURES, check, start_from_data
from tfgen.vae.posteriors import diagonal_gaussian


class JointVAE(LatentVariableModel):
    """A latent-variable model of a class and a vector, neither of which anyone labels.

    prior       p(c, z)     = 1/K N(z; 0, I)
    posterior   q(c, z | x) = Categorical(c; logits(x)) N(z; mean(x), diag(stddev(x)^2))
    likelihood  p(x | c, z), see `VAE`

    In training c is a relaxed one-hot vector, so that its draw has a gradient, and its KL that of the classes; all that
    is measured, validation included, is of hard draws and so a bound. Without Dupont's capacities: `free_bits` is what
    keeps each of the two in use.

    Args:
      image_shape: (H, W, C).
      levels: number of values of a pixel.
      classes: K.
      temperature: of the relaxation; the lower, the nearer to a class and the noisier the gradient.
      latent_dim, width, depth, architecture, likelihood, beta, free_bits, warmup_steps: see `VAE`.

    Raises:
      ValueError: naming an argument that is out of range.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        levels: int = 256,
        classes: int = 10,
        temperature: float = 0.67,
        latent_dim: int = 10,
        width: int = 32,
        depth: int = 2,
        architecture: str = "conv",
        likelihood: str = "",
        beta: float = 1.0,
        free_bits: float = 0.0,
        warmup_steps: int = 0,
    ):
        super().__init__(image_shape, levels, beta, free_bits, warmup_steps)
        arguments.check({"latent_dim": latent_dim, "width": width, "depth": depth})
        if classes < 2:
            raise ValueError(f"classes={classes}: must be at least 2")
        if not temperature > 0:
            raise ValueError(f"temperature={temperature}: must be above 0")
        check(architecture, depth, self.image_shape)
        height, width_, channels = self.image_shape
        self.classes, self.latent_dim, self.temperature = classes, latent_dim, temperature
        self.likelihood = likelihoods.choose(likelihood, levels)
        encoder, decoder = ARCHITECTURES[architecture]
        self.encoder = encoder(width, depth, classes + 2 * latent_dim)
        self.decoder = decoder(width, depth, (height, width_, channels * self.likelihood.parameters))

    def initialize(self, batch):
        """See `networks.start_from_data`."""
        pixels = images.to_symmetric(batch["image"], self.levels)
        start_from_data(self.encoder, self.decoder, pixels, self.likelihood.fitted(batch["image"], self.levels))

    def prior(self):
        return Layers(lambda: OneHot(tf.zeros([self.classes])), lambda c: standard_normal(self.latent_dim))

    def features(self, pixels, training=False):
        return self.encoder(pixels, training=training)

    def posterior(self, features, training=False):
        logits, mean, scale = tf.split(features, [self.classes, self.latent_dim, self.latent_dim], axis=-1)
        classes = RelaxedOneHot(logits, self.temperature) if training else OneHot(logits)
        return Layers(lambda: classes, lambda c: diagonal_gaussian(mean, scale))

    def decode(self, latents, seed=None, training=False):
        return self.likelihood(self.decoder(tf.concat(latents, axis=-1), training=training), self.levels)
