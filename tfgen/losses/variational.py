"""The evidence lower bound and its neighbours, as functions of prior, posterior and likelihood.

Kingma and Welling 2014, "Auto-Encoding Variational Bayes", https://arxiv.org/abs/1312.6114, eq. 3 and 7;
Burda, Grosse and Salakhutdinov 2016, "Importance Weighted Autoencoders", https://arxiv.org/abs/1509.00519, eq. 8.
"""

import math
from typing import NamedTuple

import tensorflow as tf
import tensorflow_probability as tfp

tfd = tfp.distributions


class ELBO(NamedTuple):
    """The two terms of the bound, each [B] in nats."""

    reconstruction: tf.Tensor  # -ln p(image | latents)
    kl: tf.Tensor  # KL(q(latents | image) || p(latents))

    @property
    def value(self) -> tf.Tensor:
        """The bound itself, [B] nats: at most ln p(image) in expectation."""
        return -(self.reconstruction + self.kl)


def elbo(prior, posterior, likelihood, image: tf.Tensor, latents: tf.Tensor) -> ELBO:
    """The evidence lower bound with one sample `latents` [B, ...] of the posterior.

    Args:
      prior, posterior: tfp distributions over latents.
      likelihood: p(image | latents), anything with `log_prob(image)` [B].
    """
    return ELBO(reconstruction=-likelihood.log_prob(image), kl=kl_divergence(posterior, prior, latents))


def kl_divergence(posterior, prior, latents: tf.Tensor) -> tf.Tensor:
    """KL(posterior || prior), [B] nats: the closed form where tfp has one, else ln q(z) - ln p(z) at `latents`."""
    try:
        return tfd.kl_divergence(posterior, prior)
    except NotImplementedError:
        return posterior.log_prob(latents) - prior.log_prob(latents)


def log_weight(prior, posterior, log_likelihood: tf.Tensor, latents: tf.Tensor) -> tf.Tensor:
    """ln p(image | z) + ln p(z) - ln q(z | image), nats, at z = `latents` [k, B, D], the first term given: [k, B]."""
    return log_likelihood + prior.log_prob(latents) - posterior.log_prob(latents)


def importance_bound(log_weights: tf.Tensor) -> tf.Tensor:
    """ln of the mean of k importance weights: [k, B] -> [B] nats. It rises with k, from the ELBO to ln p(image)."""
    return tf.reduce_logsumexp(log_weights, axis=0) - math.log(log_weights.shape[0])
