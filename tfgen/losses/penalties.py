"""Penalties on the gradient of a discriminator's logit by the pixels, [B] each.

They are made of a `move` (see `tfgen/gan/base.py`): its `real` and `fake` images, `judge(pixels)` -> logits [B], and
`noise`, seed rows by name. The derivative is that of each example's own logit, so no normalisation may mix examples.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from tfgen.ops import seeds


class Penalty(NamedTuple):
    """A penalty of one paper.

    Args:
      term: of a move -> [B].
      weight: the paper's.
    """

    term: Callable
    weight: float


def squared_norm(logits: Callable[[tf.Tensor], tf.Tensor], pixels: tf.Tensor) -> tf.Tensor:
    """|d logit / d pixels|^2 over all pixels of each example: functions [B, ...] -> [B], at `pixels` [B, ...]."""
    with tf.GradientTape() as tape:
        tape.watch(pixels)
        total = tf.reduce_sum(logits(pixels))
    gradient = tf.reshape(tape.gradient(total, pixels), [tf.shape(pixels)[0], -1])
    return tf.reduce_sum(tf.square(gradient), axis=-1)


def off_one(squares: tf.Tensor) -> tf.Tensor:
    """(norm - 1)^2 of squared norms; with a gradient where they are zero."""
    return tf.square(tf.sqrt(squares + 1e-12) - 1.0)


def _uniform(move, name: str, shape: list[int]) -> tf.Tensor:
    """Of each example, with as many trailing axes of one as its pixels have."""
    drawn = seeds.uniform(move.noise[name], shape)
    return tf.reshape(drawn, [-1, *shape, *[1] * (move.real.shape.rank - 1 - len(shape))])


def r1(move) -> tf.Tensor:
    """Half of the squared norm at the real images."""
    return 0.5 * squared_norm(move.judge, move.real)


def r2(move) -> tf.Tensor:
    """Half of the squared norm at the fake images."""
    return 0.5 * squared_norm(move.judge, tf.stop_gradient(move.fake))


def gradient_penalty(move) -> tf.Tensor:
    """(norm - 1)^2 at a place between a real image and a fake one, drawn uniformly for each pair."""
    alpha = _uniform(move, "between", [])
    return off_one(squared_norm(move.judge, move.real + alpha * (tf.stop_gradient(move.fake) - move.real)))


def dragan(move) -> tf.Tensor:
    """(norm - 1)^2 near the real images: noise is uniform up to half of the image's standard deviation, as in the
    authors' code (which has that of the batch; the paper has normal noise)."""
    noise = seeds.uniform(move.noise["between"], move.real.shape[1:])
    spread = tf.math.reduce_std(move.real, axis=list(range(1, move.real.shape.rank)), keepdims=True)
    return off_one(squared_norm(move.judge, move.real + 0.5 * spread * noise))


PENALTIES = {
    # Mescheder et al. 2018, "Which Training Methods for GANs do actually Converge?", https://arxiv.org/abs/1801.04406,
    # eq. 9 and 10.
    "r1": Penalty(r1, 10.0),
    "r2": Penalty(r2, 10.0),
    # Gulrajani et al. 2017, "Improved Training of Wasserstein GANs", https://arxiv.org/abs/1704.00028, eq. 3.
    "gradient_penalty": Penalty(gradient_penalty, 10.0),
    # Kodali et al. 2017, "On Convergence and Stability of GANs", https://arxiv.org/abs/1705.07215, section 2.3.
    "dragan": Penalty(dragan, 10.0),
}
