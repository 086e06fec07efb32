"""Sampling for networks that see the values before position i as one sum, W_1 x_1 + ... + W_{i-1} x_{i-1}."""

from collections.abc import Callable

import tensorflow as tf

from tfgen.ops import images


def fill(
    image: tf.Tensor,
    known: tf.Tensor,
    uniforms: tf.Tensor,
    draw: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    levels: int,
    weights: tf.Tensor,
    logits: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
) -> tf.Tensor:
    """Draws the unknown values in order and keeps the known ones; each value, in [-1, 1], is added to the sum once.

    Args:
      image, known, uniforms: [N, H, W, C], uint8, bool and float32 in (0, 1).
      draw: logits [N, levels], uniform [N] -> level [N].
      levels: number of values of a pixel.
      weights: W, float32 [H W C, S].
      logits: position i and the sum so far [N, S] -> logits [N, levels].
    """
    count = tf.shape(image)[0] if image.shape[0] is None else image.shape[0]
    positions = weights.shape[0]
    given = images.to_symmetric(image, levels)
    given, known, uniforms = (tf.transpose(tf.reshape(t, [-1, positions])) for t in (given, known, uniforms))

    def step(i, total, values):
        drawn = images.to_symmetric(draw(logits(i, total), uniforms[i]), levels)
        value = tf.where(known[i], given[i], drawn)
        return i + 1, total + value[:, None] * weights[i], tf.concat([values[1:], value[None]], axis=0)

    start = 0, tf.zeros([count, weights.shape[1]]), tf.zeros([positions, count])
    _, _, values = tf.while_loop(
        lambda i, *_: i < positions, step, start, maximum_iterations=positions, parallel_iterations=1
    )
    return tf.reshape(images.from_symmetric(tf.transpose(values), levels), [-1, *image.shape[1:]])
