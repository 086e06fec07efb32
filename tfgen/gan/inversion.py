"""Latents whose picture is nearest to an image: Antonia Creswell, Anil A. Bharath, 2019, "Inverting the Generator of a
Generative Adversarial Network", https://arxiv.org/abs/1611.05644 (section III), by their mean squared error."""

from collections.abc import Callable
from typing import NamedTuple

import keras
import tensorflow as tf


class Inversion(NamedTuple):
    """What was found for each image."""

    latents: tf.Tensor  # float32 [N, D]
    mse_per_pixel: tf.Tensor  # of values in 0 .. 1, [N]


def invert(
    pixels: Callable[[tf.Tensor], tf.Tensor],
    target: tf.Tensor,
    start: tf.Tensor,
    steps: int = 300,
    learning_rate: float = 0.05,
) -> Inversion:
    """Gradient descent (Adam) on each row's latents, from several starts; the nearest of them counts.

    Args:
      pixels: latents float32 [M, D] -> float32 [M, H, W, C] in [-1, 1], differentiable: `model.pixels`, or of a loaded
        export `lambda z: loaded.signatures["generate"](latents=z)["pixels"]`.
      target: images float32 [N, H, W, C] in [-1, 1].
      start: float32 [N, R, D], R latents to start from for each image.
      steps: of the descent.
      learning_rate: of Adam, falling to 0 by a cosine.
    """
    rows, starts, dim = start.shape
    latents = tf.Variable(tf.reshape(start, [rows * starts, dim]))
    targets = tf.repeat(target, starts, axis=0)
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(learning_rate, steps))
    optimizer.build([latents])

    def errors():
        difference = tf.cast(pixels(latents), tf.float32) - targets
        return tf.reduce_mean(tf.square(0.5 * difference), axis=list(range(1, target.shape.rank)))

    @tf.function(autograph=False)
    def step():
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(errors())
        optimizer.apply(tape.gradient(total, [latents]), [latents])

    for _ in range(steps):
        step()
    error = tf.reshape(errors(), [rows, starts])
    best = tf.argmin(error, axis=1)
    found = tf.gather(tf.reshape(latents, [rows, starts, dim]), best, axis=1, batch_dims=1)
    return Inversion(found, tf.reduce_min(error, axis=1))
