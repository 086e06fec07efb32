"""Posteriors q(z | x) of one layer of latents, from what a network knows of x: a diagonal Gaussian, and richer ones."""

import math
from collections.abc import Callable

import keras
import tensorflow as tf

from tfgen.distributions.latents import DiagonalGaussian, Flow, FullGaussian, Latents
from tfgen.layers.masked_dense import AutoregressiveNetwork

MIN_STDDEV = 1e-3  # keeps the KL and its gradient finite


def diagonal_gaussian(mean: tf.Tensor, scale: tf.Tensor) -> DiagonalGaussian:
    """N(mean, diag(stddev^2)) from numbers of any size, [N, D] each."""
    return DiagonalGaussian(mean, _positive(scale))


def normal_of(values: tf.Tensor) -> DiagonalGaussian:
    """`diagonal_gaussian` of what a network gives, [N, 2 D]."""
    return diagonal_gaussian(*tf.split(values, 2, axis=-1))


def given_the_last(network: Callable[[tf.Tensor], tf.Tensor]) -> Callable[..., DiagonalGaussian]:
    """A layer of a hierarchy: a normal of the one next to it, the last of those that are given."""
    return lambda *layers: normal_of(network(layers[-1]))


def _positive(scale: tf.Tensor) -> tf.Tensor:
    return tf.nn.softplus(tf.cast(scale, tf.float32)) + MIN_STDDEV


class Diagonal(keras.layers.Layer):
    """N(mean, diag(stddev^2)): Kingma and Welling 2014, eq. 9.

    Args:
      latent_dim: D.
      steps: of a flow, which it is not.
    """

    # Whether all its parameters are features, so that stopping their gradient stops it all.
    made_of_features = True

    def __init__(self, latent_dim: int, steps: int = 0):
        super().__init__()
        self.latent_dim = latent_dim
        self.size = 2 * latent_dim  # how many features it wants of the encoder

    def latents(self, features: tf.Tensor) -> Latents:
        """float32 [N, size] -> a row of q for each."""
        return normal_of(features)


class FullCovariance(keras.layers.Layer):
    """N(mean, L L'), L lower triangular: Kingma and Welling 2019, "An Introduction to Variational Autoencoders",
    https://arxiv.org/abs/1906.02691, section 2.5.1."""

    made_of_features = True

    def __init__(self, latent_dim: int, steps: int = 0):
        super().__init__()
        self.latent_dim = latent_dim
        self.size = 2 * latent_dim + latent_dim**2

    def latents(self, features):
        mean, scale, lower = tf.split(features, [self.latent_dim, self.latent_dim, self.latent_dim**2], axis=-1)
        lower = tf.reshape(tf.cast(lower, tf.float32), [-1, self.latent_dim, self.latent_dim])
        below = tf.linalg.band_part(lower, -1, 0) - tf.linalg.band_part(lower, 0, 0)
        return FullGaussian(mean, below + tf.linalg.diag(_positive(scale)))


class Planar(keras.layers.Layer):
    """A diagonal Gaussian pushed through planar flows whose parameters the encoder gives.

    f(z) = z + u tanh(w'z + b): Rezende and Mohamed 2015, "Variational Inference with Normalizing Flows",
    https://arxiv.org/abs/1505.05770, eq. 10 to 12; u is moved as in appendix A.1 so that w'u > -1 and f has an
    inverse, but for a constant by which w'u = 0 stays: where u is zero so is the flow.

    Args:
      latent_dim: D.
      steps: flows one after another.
    """

    made_of_features = True

    def __init__(self, latent_dim: int, steps: int):
        super().__init__()
        self.latent_dim, self.steps = latent_dim, steps
        self.size = 2 * latent_dim + steps * (2 * latent_dim + 1)

    def latents(self, features):
        features, dim = tf.cast(features, tf.float32), self.latent_dim
        mean, scale, *flows = tf.split(features, [dim, dim] + [dim, dim, 1] * self.steps, axis=-1)
        # Small, so that the flow begins near the identity.
        flows = [tuple(0.1 * part for part in flows[i : i + 3]) for i in range(0, len(flows), 3)]
        return Flow(diagonal_gaussian(mean, scale), [_planar(*flow) for flow in flows])


UNMOVED = math.log(math.e - 1.0)  # softplus of it is 1


def _planar(u, w, b):
    inner = tf.reduce_sum(w * u, axis=-1, keepdims=True)
    u += (tf.nn.softplus(inner + UNMOVED) - 1.0 - inner) * w / (tf.reduce_sum(w**2, axis=-1, keepdims=True) + 1e-6)

    def step(z):
        bent = tf.tanh(tf.reduce_sum(w * z, axis=-1, keepdims=True) + b)
        slope = 1.0 + (1.0 - bent**2) * tf.reduce_sum(w * u, axis=-1, keepdims=True)
        return z + u * bent, tf.math.log(tf.maximum(slope[:, 0], 1e-6))

    return step


class InverseAutoregressive(keras.layers.Layer):
    """A diagonal Gaussian pushed through inverse autoregressive flows.

    z' = gate z + (1 - gate) mean, gate = sigmoid(s), (mean, s) of z_<i and of a context that the encoder gives; the
    order of the dimensions turns round between two steps. Kingma et al. 2016, "Improved Variational Inference with
    Inverse Autoregressive Flow", https://arxiv.org/abs/1606.04934, algorithm 1 and eq. 13 to 15.

    Args:
      latent_dim: D.
      steps: flows one after another.
      width, depth: of the hidden layers of each.
      context: features of the image that every flow sees.
    """

    made_of_features = False
    OPEN = 1.5  # of s at the start: the gate of an LSTM that begins open, section 4

    def __init__(self, latent_dim: int, steps: int, width: int = 320, depth: int = 1, context: int = 64):
        super().__init__()
        self.latent_dim = latent_dim
        self.size = 2 * latent_dim + context
        self.context = context
        self.networks = [AutoregressiveNetwork(latent_dim, 2, width, depth) for _ in range(steps)]

    def latents(self, features):
        mean, scale, context = tf.split(features, [self.latent_dim, self.latent_dim, self.context], axis=-1)
        return Flow(diagonal_gaussian(mean, scale), [self._step(network, context) for network in self.networks])

    def _step(self, network, context):
        def step(z):
            mean, s = tf.unstack(tf.cast(network(z, context), tf.float32), axis=-1)
            log_gate = tf.math.log_sigmoid(s + self.OPEN)
            gate = tf.exp(log_gate)
            return tf.reverse(gate * z + (1.0 - gate) * mean, axis=[-1]), tf.reduce_sum(log_gate, axis=-1)

        return step


POSTERIORS = {"diagonal": Diagonal, "full": FullCovariance, "planar": Planar, "iaf": InverseAutoregressive}
