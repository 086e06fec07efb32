"""Priors p(z) over one layer of latents: N(0, I), and those that are learned."""

import keras
import tensorflow as tf

from tfgen.distributions.latents import AutoregressiveGaussian, Density, Mixture, standard_normal
from tfgen.layers.masked_dense import AutoregressiveNetwork
from tfgen.vae.posteriors import MIN_STDDEV, UNMOVED, diagonal_gaussian


class StandardNormal(keras.layers.Layer):
    """N(0, I): Kingma and Welling 2014."""

    def __init__(self, latent_dim: int, components: int, image_shape: tuple[int, int, int]):
        super().__init__()
        self.latent_dim = latent_dim

    def latents(self, model) -> Density:
        """p(z), of the model whose prior it is."""
        return standard_normal(self.latent_dim)


class GaussianMixture(keras.layers.Layer):
    """sum_k weight_k N(mean_k, diag(stddev_k^2)), all learned: the mixture of Gaussians of Tomczak and Welling 2018,
    section 4.1 (there of equal weights).

    Args:
      components: K.
    """

    def __init__(self, latent_dim: int, components: int, image_shape: tuple[int, int, int]):
        super().__init__()
        start = keras.initializers.RandomNormal(1.0)  # as far apart as draws of N(0, I)
        self.logits = self.add_weight(shape=(components,), initializer="zeros", name="logits")
        self.mean = self.add_weight(shape=(components, latent_dim), initializer=start, name="mean")
        self.scale = self.add_weight(shape=(components, latent_dim), initializer="ones", name="scale")

    def latents(self, model):
        return Mixture(tf.convert_to_tensor(self.logits), diagonal_gaussian(self.mean.value, self.scale.value))


class VampPrior(keras.layers.Layer):
    """1/K sum_k q(z | u_k), the posteriors of pseudo-inputs that are learned: Tomczak and Welling 2018, "VAE with a
    VampPrior", https://arxiv.org/abs/1705.07120, eq. 9.

    Args:
      components: K.
      image_shape: of a pseudo-input; its pixels are tanh of what is learned.
    """

    def __init__(self, latent_dim: int, components: int, image_shape: tuple[int, int, int]):
        super().__init__()
        start = keras.initializers.RandomNormal(-1.0, 1.0)  # dark on the whole, each in its own way
        self.pseudo_inputs = self.add_weight(shape=(components, *image_shape), initializer=start, name="pseudo_inputs")

    def latents(self, model):
        posterior = model.posterior(model.features(tf.tanh(self.pseudo_inputs.value)))
        return Mixture(tf.zeros([self.pseudo_inputs.shape[0]]), posterior)


class Autoregressive(keras.layers.Layer):
    """prod_i N(z_i; mean(z_<i), stddev(z_<i)^2) by a masked network: Chen et al. 2017, "Variational Lossy Autoencoder",
    https://arxiv.org/abs/1611.02731, section 3.2."""

    def __init__(self, latent_dim: int, components: int, image_shape: tuple[int, int, int]):
        super().__init__()
        self.latent_dim = latent_dim
        self.network = AutoregressiveNetwork(latent_dim, 2, width=8 * latent_dim)

    def latents(self, model):
        def conditionals(z):
            mean, scale = tf.unstack(tf.cast(self.network(z), tf.float32), axis=-1)
            return mean, tf.nn.softplus(scale + UNMOVED) + MIN_STDDEV  # N(0, 1) at the start

        return AutoregressiveGaussian(self.latent_dim, conditionals)


PRIORS = {"normal": StandardNormal, "mixture": GaussianMixture, "vamp": VampPrior, "autoregressive": Autoregressive}
