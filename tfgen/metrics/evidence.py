"""ln p(x) of a latent-variable model, as closely as it can be had: by samples of the prior or of a posterior, by
annealing from one to the other, and by quadrature.

All of them take plain functions of z, so that they can be held against a model whose ln p(x) is known.
"""

import math
from collections.abc import Callable

import numpy as np
import tensorflow as tf

LogDensity = Callable[[tf.Tensor], tf.Tensor]  # z float32 [R, D] -> [R], nats


def bounds_in_k(log_weights: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The bound of k importance weights and its standard error, [N] each, from K weights of each x, [K, N].

    It is the mean over the K // k groups of k. Of a single group the error is that of the mean weight over the mean
    weight, which says too little where one weight outweighs all others: see `effective_samples`.
    """
    groups = len(log_weights) // k
    parts = log_weights[: groups * k].reshape([groups, k, -1]).astype(np.float64)
    bounds = _log_mean(parts, axis=1)
    if groups > 1:
        return bounds.mean(axis=0), bounds.std(axis=0, ddof=1) / math.sqrt(groups)
    weights = np.exp(parts[0] - bounds)
    return bounds[0], weights.std(axis=0, ddof=1) / math.sqrt(k)


def effective_samples(log_weights: np.ndarray) -> np.ndarray:
    """(sum of the weights)^2 / sum of their squares, of [K, N]: [N], 1 .. K."""
    weights = np.exp(log_weights.astype(np.float64) - log_weights.max(axis=0))
    return weights.sum(axis=0) ** 2 / np.square(weights).sum(axis=0)


def _log_mean(values: np.ndarray, axis: int) -> np.ndarray:
    top = values.max(axis=axis, keepdims=True)
    return np.squeeze(top, axis) + np.log(np.exp(values - top).mean(axis=axis))


def temperatures(count: int) -> np.ndarray:
    """0 = b_0 < ... < b_count = 1, close together at both ends: Wu et al. 2017, "On the Quantitative Analysis of
    Decoder-Based Generative Models", https://arxiv.org/abs/1611.04273, section 4.1 (a sigmoid over -4 .. 4)."""
    sigmoid = 1.0 / (1.0 + np.exp(-np.linspace(-4.0, 4.0, count + 1)))
    return ((sigmoid - sigmoid[0]) / (sigmoid[-1] - sigmoid[0])).astype(np.float32)


def annealed_importance(
    log_prior: LogDensity,
    log_likelihood: LogDensity,
    z: tf.Tensor,
    betas: np.ndarray,
    seed: tf.Tensor | int,
    groups: int,
    steps: tf.Tensor,
    leapfrogs: int = 10,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Weights whose mean is p(x): Neal 2001, "Annealed Importance Sampling", https://arxiv.org/abs/physics/9803008.

    From a draw of p(z), chains go through p(z) p(x | z)^b for each temperature b, with one move of Hamiltonian Monte
    Carlo that leaves it as it is (Neal 2011, "MCMC Using Hamiltonian Dynamics", https://arxiv.org/abs/1206.1901).

    Args:
      z: draws of the prior [R, D], a chain each; chain r is of the x with the number r modulo `groups`.
      betas: 0 .. 1, [T + 1].
      seed: of the momenta and of what is accepted.
      groups: how many x there are.
      steps: lengths of a leapfrog, [T, groups]. Where they are 0 they are found on the way, by what is accepted; then
        the weights are those of a chain that looks back, and biased. So run twice: the second time with what was found,
        another seed, and other z.
      leapfrogs: of a move.
    Returns:
      The log-weights [R], the lengths [T, groups], and the share of moves that was accepted [T].
    """
    chains, count = z.shape[0] // groups, len(betas) - 1
    betas = tf.constant(betas)

    def scored(z, beta):
        with tf.GradientTape() as tape:
            tape.watch(z)
            prior, likelihood = log_prior(z), log_likelihood(z)
            density = prior + beta * likelihood
        return density, tape.gradient(density, z), likelihood

    def move(t, z, log_weight, step, used, accepted):
        beta = betas[t + 1]
        density, gradient, likelihood = scored(z, beta)
        log_weight += (beta - betas[t]) * likelihood
        step = tf.where(steps[t] > 0.0, steps[t], step)
        length = tf.tile(step, [chains])[:, None]
        momentum = tf.random.stateless_normal(tf.shape(z), [seed, t])

        def leap(i, place, speed, gradient, _):
            speed += 0.5 * length * gradient
            place += length * speed
            reached, gradient, _ = scored(place, beta)
            return i + 1, place, speed + 0.5 * length * gradient, gradient, reached

        # A loop, for a graph of every leap takes longer to build than to run.
        loop = (0, z, momentum, gradient, density)
        _, place, speed, _, reached = tf.while_loop(lambda i, *_: i < leapfrogs, leap, loop, parallel_iterations=1)
        gained = reached - density + 0.5 * tf.reduce_sum(momentum**2 - speed**2, axis=-1)
        uniform = tf.random.stateless_uniform(tf.shape(gained), [seed, count + t])
        yes = tf.math.log(uniform) < gained  # of a NaN: no
        z = tf.where(yes[:, None], place, z)
        share = tf.reduce_mean(tf.reshape(tf.cast(yes, tf.float32), [chains, groups]), axis=0)
        used, accepted = used.write(t, step), accepted.write(t, tf.reduce_mean(share))
        return t + 1, z, log_weight, step * tf.exp(0.2 * (share - ACCEPTED)), used, accepted

    arrays = [tf.TensorArray(tf.float32, count, element_shape=shape) for shape in ([groups], [])]
    start = (0, z, tf.zeros([z.shape[0]]), tf.fill([groups], FIRST_STEP), *arrays)
    _, _, log_weight, _, used, accepted = tf.while_loop(lambda t, *_: t < count, move, start, parallel_iterations=1)
    return log_weight, used.stack(), accepted.stack()


ACCEPTED = 0.7  # share of moves that the length of a leapfrog aims at; Neal 2011, section 4.4, has .65
FIRST_STEP = 0.1


def quadrature(log_joint: Callable[[np.ndarray], np.ndarray], half_width: float = 6.0) -> tuple[float, float]:
    """ln of the integral of exp(log_joint) over z of two dimensions, in -half_width .. half_width, and how far that is
    from the same at half the resolution.

    The midpoint rule over cells of COARSE, of those within NATS of the largest and their neighbours, which are parted
    until that changes the value by less than ENOUGH.

    Args:
      log_joint: z float32 [M, 2] -> [M], nats.
    """
    side = round(2 * half_width / COARSE)
    middles = (np.arange(side) + 0.5) * COARSE - half_width
    cells = np.stack(np.meshgrid(middles, middles, indexing="ij"), axis=-1)
    coarse = np.asarray(log_joint(cells.reshape([-1, 2]).astype(np.float32)), np.float64).reshape([side, side])
    kept = np.pad(coarse > coarse.max() - NATS, 1)
    kept = np.any([kept[1 + i : side + 1 + i, 1 + j : side + 1 + j] for i in (-1, 0, 1) for j in (-1, 0, 1)], axis=0)

    def parted(parts: int) -> float:
        offsets = ((np.arange(parts) + 0.5) / parts - 0.5) * COARSE
        within = np.stack(np.meshgrid(offsets, offsets, indexing="ij"), axis=-1).reshape([1, -1, 2])
        points = (cells[kept][:, None] + within).reshape([-1, 2]).astype(np.float32)
        return _log_integral(np.asarray(log_joint(points), np.float64), COARSE / parts)

    value, before, parts = _log_integral(coarse[kept], COARSE), np.inf, 1
    while abs(value - before) > ENOUGH and parts < MOST_PARTS:
        parts *= 2
        value, before = parted(parts), value
    return value, abs(value - before)


COARSE, NATS = 0.1, 20.0
ENOUGH, MOST_PARTS = 1e-3, 16


def _log_integral(values: np.ndarray, width: float) -> float:
    """Of the logarithms at the middles of squares."""
    return float(_log_mean(values, axis=0)) + math.log(len(values)) + 2 * math.log(width)
