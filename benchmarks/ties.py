"""Whether values are what their conditionals draw, and by how much they are not."""

import numpy as np
import tensorflow as tf

TIE = 1e-4  # of probability: what another order of sums may move the edge of a level by


def distances(logits, image, uniforms) -> np.ndarray:
    """How far each uniform lies outside of its value's share of the distribution function: 0 where the value is the
    inverse CDF of its own conditional."""
    cumulative = tf.cumsum(tf.nn.softmax(tf.cast(logits, tf.float32)), axis=-1).numpy()
    edges = np.concatenate([np.zeros_like(cumulative[..., :1]), cumulative], axis=-1)
    value, uniforms = np.asarray(image).astype(int)[..., None], np.asarray(uniforms)
    lower, upper = (np.take_along_axis(edges, value + above, axis=-1)[..., 0] for above in (0, 1))
    uniforms = uniforms * cumulative[..., -1]  # as `inverse_cdf` takes it
    return np.maximum(np.maximum(lower - uniforms, uniforms - upper), 0.0)
