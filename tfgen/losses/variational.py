"""The evidence lower bound and its neighbours, as functions of prior, posterior and likelihood.

Kingma and Welling 2014, "Auto-Encoding Variational Bayes", https://arxiv.org/abs/1312.6114, eq. 3 and 7;
Burda, Grosse and Salakhutdinov 2016, "Importance Weighted Autoencoders", https://arxiv.org/abs/1509.00519, eq. 8.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from tfgen.ops import replicas, seeds


class ELBO(NamedTuple):
    """The terms of the bound, each [B] in nats, and where they were taken."""

    reconstruction: tf.Tensor  # -ln p(image | latents)
    kl_of_layers: list[tf.Tensor]  # KL(q(latents | image) || p(latents)), its share in each layer, the top first
    drawn: tuple  # what was drawn of the posterior: latents.Drawn

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
    return ELBO(-decode(drawn.value).log_prob(image), posterior.kl(prior, drawn), drawn)


class Weight(NamedTuple):
    """An importance weight of a z drawn from q(z | image), in its three parts, each [N] in nats."""

    likelihood: tf.Tensor  # ln p(image | z)
    prior: tf.Tensor  # ln p(z)
    posterior: tf.Tensor  # ln q(z | image)

    @property
    def value(self) -> tf.Tensor:
        """Its logarithm, [N] nats. The mean over samples of exp of it is p(image)."""
        return self.likelihood + self.prior - self.posterior


def weight(prior, posterior, decode, image: tf.Tensor, seed: tf.Tensor) -> Weight:
    """The importance weight of a draw of the posterior for each row; arguments as for `elbo`.

    k samples of an image are k rows (`latents.repeat`).
    """
    drawn = posterior.draw(seed)
    return Weight(decode(drawn.value).log_prob(image), prior.log_prob(drawn.value), drawn.log_prob)


def doubly_reparameterised_weight(
    prior, posterior, frozen, decode, image: tf.Tensor, seed: tf.Tensor, k: int
) -> Weight:
    """`weight`, by whose gradient `importance_bound` has that of Tucker et al. 2019, "Doubly Reparameterized Gradient
    Estimators for Monte Carlo Objectives", https://arxiv.org/abs/1810.04152, eq. 8 for the posterior: unbiased too, of
    smaller variance.

    The score of the posterior is left out, and what reaches it through z is weighted by its share w / sum of w once
    more: by its square in all.

    Args:
      frozen: the posterior with no gradient to its parameters, but to the z whose density is asked of it.
      k: samples of each image; the rows of a sample are together, as `latents.repeat` has them.
    """
    shares = []  # of each row in the weights of its image: known when the gradient asks for it

    @tf.custom_gradient
    def weighted(z):
        return tf.identity(z), lambda gradient: shares[0][:, None] * gradient

    z = weighted(posterior.draw(seed).value)
    made = Weight(decode(z).log_prob(image), prior.log_prob(z), frozen.log_prob(z))
    by_image = tf.reshape(tf.stop_gradient(made.value), [k, -1])
    shares.append(tf.reshape(tf.nn.softmax(by_image, axis=0), [-1]))
    return made


def importance_bound(log_weights: tf.Tensor) -> tf.Tensor:
    """ln of the mean of k importance weights: [k, B] -> [B] nats. It rises with k, from the ELBO to ln p(image)."""
    return tf.reduce_logsumexp(log_weights, axis=0) - math.log(log_weights.shape[0])


def importance_bound_in_chunks(
    log_weights: Callable[[tf.Tensor], tf.Tensor], seed: tf.Tensor, k: int, at_once: int
) -> tf.Tensor:
    """`importance_bound` with k weights of each row, of which so many are made at a time: [B] nats.

    Args:
      log_weights: seeds int32 [at_once B, 2], those of all rows for one weight after the other -> [at_once B] nats.
      seed: int32 [B, 2].
      at_once: how many of the k are made together.
    Raises:
      ValueError: where at_once does not divide k.
    """
    if k < 1 or k % at_once:
        raise ValueError(f"k={k}: must be a positive multiple of at_once={at_once}")

    def bound(chunk):
        rows = tf.map_fn(lambda row: tf.random.fold_in(row, chunk), seed)
        weights = log_weights(seeds.repeat(rows, at_once))
        return importance_bound(tf.reshape(weights, [at_once, -1]))

    bounds = tf.map_fn(bound, tf.range(k // at_once), fn_output_signature=tf.float32, parallel_iterations=1)
    return importance_bound(tf.ensure_shape(bounds, [k // at_once, None]))


def total_correlation(posterior, value: tf.Tensor) -> tf.Tensor:
    """ln q(z) - sum_d ln q(z_d) at each z, [B] nats: its mean is KL(q(z) || prod_d q(z_d)), the total correlation of
    the aggregated posterior, estimated from the batch of all replicas (Chen et al. 2018, "Isolating Sources of
    Disentanglement in Variational Autoencoders", https://arxiv.org/abs/1802.04942, eq. 2 and 5).

    The paper weighs for the size of the data set, which adds a constant here and changes no gradient; so what is logged
    is that of the batch, which is smaller than that of the data.

    Args:
      posterior: a diagonal Gaussian of each image.
      value: [B, D], drawn from it.
    """
    mean, stddev = replicas.gather_batch(posterior.mean()), replicas.gather_batch(posterior.stddev())
    noise = (value[:, None] - mean) / stddev
    each = -0.5 * (noise**2 + math.log(2 * math.pi)) - tf.math.log(stddev)  # ln q(z_d | x_j), [B, all, D]
    count = tf.math.log(tf.cast(tf.shape(mean)[0], tf.float32))
    joint = tf.reduce_logsumexp(tf.reduce_sum(each, axis=-1), axis=1) - count
    return joint - tf.reduce_sum(tf.reduce_logsumexp(each, axis=1) - count, axis=-1)
