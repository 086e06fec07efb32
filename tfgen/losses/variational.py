"""The evidence lower bound and its neighbours, as functions of prior, posterior and likelihood.

Kingma and Welling 2014, "Auto-Encoding Variational Bayes", https://arxiv.org/abs/1312.6114, eq. 3 and 7;
Burda, Grosse and Salakhutdinov 2016, "Importance Weighted Autoencoders", https://arxiv.org/abs/1509.00519, eq. 8.
"""

import math
from typing import NamedTuple

import tensorflow as tf


class ELBO(NamedTuple):
    """The terms of the bound, each [B] in nats."""

    reconstruction: tf.Tensor  # -ln p(image | latents)
    kl_of_layers: list[tf.Tensor]  # KL(q(latents | image) || p(latents)), its share in each layer, the top first

    @property
    def kl(self) -> tf.Tensor:
        """KL(q(latents | image) || p(latents)) of all layers, [B] nats."""
        return tf.add_n(self.kl_of_layers)

    @property
    def value(self) -> tf.Tensor:
        """The bound itself, [B] nats: at most ln p(image) in expectation."""
        return -(self.reconstruction + self.kl)


def elbo(prior, posterior, decode, image: tf.Tensor, seed: tf.Tensor) -> ELBO:
    """The evidence lower bound with one sample of the posterior.

    Args:
      prior: p(z), latents of known density.
      posterior: q(z | image), latents of a row for each image.
      decode: z -> the likelihood p(image | z).
      image: uint8 [B, H, W, C].
      seed: int32 [B, 2].
    """
    drawn = posterior.draw(seed)
    return ELBO(-decode(drawn.value).log_prob(image), posterior.kl(prior, drawn))


def log_weight(prior, posterior, decode, image: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """ln p(image | z) + ln p(z) - ln q(z | image) at a z drawn from q, [N] nats; arguments as for `elbo`.

    k samples of an image are k rows (`latents.repeat`). The mean of exp of it over samples is p(image).
    """
    drawn = posterior.draw(seed)
    return decode(drawn.value).log_prob(image) + prior.log_prob(drawn.value) - drawn.log_prob


def importance_bound(log_weights: tf.Tensor) -> tf.Tensor:
    """ln of the mean of k importance weights: [k, B] -> [B] nats. It rises with k, from the ELBO to ln p(image)."""
    return tf.reduce_logsumexp(log_weights, axis=0) - math.log(log_weights.shape[0])
