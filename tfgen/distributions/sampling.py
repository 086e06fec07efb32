"""Samples of tfp distributions whose row i depends on seed row i alone."""

import tensorflow as tf
import tensorflow_probability as tfp

from tfgen.ops import seeds

tfd = tfp.distributions


def standard_normal(dim: int) -> tfd.Distribution:
    """N(0, I) over vectors [dim], float32."""
    return tfd.Independent(tfd.Normal(tf.zeros([dim]), 1.0), 1)


def diagonal_normal(mean: tf.Tensor, stddev: tf.Tensor) -> tfd.Distribution:
    """N(mean, diag(stddev^2)) over vectors, float32 whatever the precision of the network that made the parameters."""
    return tfd.Independent(tfd.Normal(tf.cast(mean, tf.float32), tf.cast(stddev, tf.float32)), 1)


def sample(distribution: tfd.Distribution, seed: tf.Tensor, count: int | None = None) -> tf.Tensor:
    """One reparameterised draw of each row, [N, *event]; with `count`, as many, [count, N, *event].

    Args:
      distribution: a `tfd.Normal` or a `tfd.Independent` over one; batch shape [N] or [] (then N rows of the same).
      seed: int32 [N, 2].
      count: number of draws from the stream of each row.
    Raises:
      NotImplementedError: for a distribution that has no such sampler yet; it belongs here.
    """
    base = distribution.distribution if isinstance(distribution, tfd.Independent) else distribution
    if not isinstance(base, tfd.Normal):
        raise NotImplementedError(f"distribution: no per-row sampler for {type(base).__name__}; add it to this file")
    event = distribution.event_shape.as_list()
    if count is None:
        return base.loc + base.scale * seeds.normal(seed, event)
    noise = seeds.normal(seed, [count, *event])
    return base.loc + base.scale * tf.transpose(noise, [1, 0, *range(2, noise.shape.rank)])
