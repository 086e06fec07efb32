"""Which pixels a pixel is predicted from: the blind spot of the masked stack, and its absence in the gated one.

van den Oord et al. 2016, "Conditional Image Generation with PixelCNN Decoders", figure 1, right.
"""

import numpy as np
import tensorflow as tf

from tfgen.ops import seeds

NEEDS = ("network", "complete", "image")  # see studies/needs.py


def receptive_field(model, position: tuple[int, int], count: int = 8) -> np.ndarray:
    """Mean magnitude of the gradient of the logits at `position` by every pixel, float32 [H, W], over random pictures.

    Args:
      model: an autoregressive model of two stacks (it has a `network` of pictures in [-1, 1]).
      position: (row, column).
      count: random pictures.
    """
    pixels = seeds.uniform(seeds.seed_rows(count), model.image_shape) * 2.0 - 1.0
    condition = {name: tf.zeros([count, *spec.shape[1:]], spec.dtype) for name, spec in model.condition_spec.items()}
    with tf.GradientTape() as tape:
        tape.watch(pixels)
        logits = model.network(pixels, vector=model.vector(**condition))[:, position[0], position[1]]
        weights = seeds.normal(seeds.seed_rows(1), logits.shape[1:])  # not their plain sum, of which a softmax is free
        total = tf.reduce_sum(logits * weights)
    return tf.reduce_mean(tf.abs(tape.gradient(total, pixels)), axis=[0, 3]).numpy()


def picture(field: np.ndarray) -> np.ndarray:
    """A field as a gray picture uint8 [H, W, 1]: black is nothing at all, and the rest is on a logarithmic scale."""
    logs = np.log10(np.maximum(field, 1e-6 * field.max())) / 6.0 + 1.0
    top = max(logs.max(), 1e-9)
    return np.where(field > 0, 40 + 215 * logs / top, 0).round().astype(np.uint8)[..., None]
