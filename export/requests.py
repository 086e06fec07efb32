"""Requests that exercise a signature: for warm-up, for verification, and for pictures."""

import numpy as np
import tensorflow as tf

from tfgen.ops import seeds

TEXTS = ("a small red circle on the left", "there is a large blue square at the top", "a yellow bird")


def texts(count: int, limit: int) -> list[str]:
    """So many sentences, of fewer than `limit` bytes."""
    return [TEXTS[i % len(TEXTS)][: limit - 1] for i in range(count)]


def example_request(model, signature, count: int, batch: dict[str, np.ndarray] | None = None) -> dict[str, tf.Tensor]:
    """One valid request of `count` rows. An input that `batch` has is taken from it; the rest is made up by its kind.

    A height and width that are free are those of training. `seed` rows count up; a bool masks the upper half as known;
    floats are standard normal; integers are uniform below the model's limit; texts are sentences.
    """
    request = {}
    for name, spec in signature.inputs.items():
        sizes = model.batch_spec[name].shape if None in spec.shape[1:] else spec.shape
        shape = [count, *sizes[1:]]
        if name == "seed":
            value = seeds.seed_rows(count)
        elif batch and name in batch:
            value = tf.convert_to_tensor(batch[name][:count], spec.dtype)
        elif spec.dtype == tf.bool:
            rows = tf.reshape(tf.range(shape[1]) < (shape[1] + 1) // 2, [1, -1, *[1] * (len(shape) - 2)])
            value = tf.broadcast_to(rows, shape)
        elif spec.dtype == tf.string:
            value = tf.constant(texts(count, model.limits[name]))
        elif spec.dtype.is_floating:
            value = seeds.normal(seeds.seed_rows(count, seed=1), shape[1:])
        else:
            uniform = seeds.uniform(seeds.seed_rows(count, seed=1), shape[1:])
            value = tf.cast(uniform * model.limits[name], spec.dtype)
        request[name] = value
    return request
