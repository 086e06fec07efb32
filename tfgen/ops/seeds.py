"""Stateless random numbers, a stream for each row.

A seed is int32 [N, 2], one row per example. Row i of every function here depends on seed row i alone, whatever it is
batched with, which is what lets a server merge, pad and split requests. Integer Philox bits are the same eagerly, in a
graph and served; floats are made from them here and nowhere else.
"""

import tensorflow as tf


def seed_rows(count: int, seed: int = 0) -> tf.Tensor:
    """`count` seeds int32 [count, 2] for a person or a client: row i is [seed, i]."""
    return tf.stack([tf.fill([count], seed), tf.range(count)], axis=1)


def step_rows(seed: int, step: tf.Tensor, stream: int, count: tf.Tensor, replica: tf.Tensor | int, replicas: int):
    """Seeds int32 [count, 2] of one training step: the rows of this replica out of those of the global batch.

    They are a function of (seed, step, stream, position in the global batch): two replicas of B rows draw what one
    replica of 2 B rows draws, and a resumed run draws what the uninterrupted one does.
    """
    key = tf.random.fold_in(tf.constant([seed, stream], tf.int32), tf.cast(step, tf.int32))
    rows = tf.random.stateless_uniform([replicas * count, 2], key, minval=None, maxval=None, dtype=tf.int32)
    return rows[replica * count : (replica + 1) * count]


# A map over rows costs milliseconds where it is not in a graph. A function that has met two numbers of rows answers
# with an unknown number in a graph: the callers below say it again, for loops over the answer need it.
_by_rows = tf.function(autograph=False, reduce_retracing=True)


def split(seed: tf.Tensor, streams: int) -> list[tf.Tensor]:
    """`streams` independent seeds int32 [N, 2] from one."""
    seed = tf.convert_to_tensor(seed)
    return tf.unstack(tf.ensure_shape(_split(seed, streams), [seed.shape[0], streams, 2]), axis=1)


@_by_rows
def _split(seed, streams):
    return tf.map_fn(lambda row: tf.random.split(row, streams), seed, fn_output_signature=tf.int32)


@_by_rows
def _bits(seed: tf.Tensor, shape) -> tf.Tensor:
    """Uniform uint32 [N, *shape]."""

    def row(key):
        return tf.random.stateless_uniform(shape, key, minval=None, maxval=None, dtype=tf.uint32, alg="philox")

    return tf.map_fn(row, seed, fn_output_signature=tf.TensorSpec(shape, tf.uint32))


def uniform(seed: tf.Tensor, shape) -> tf.Tensor:
    """Uniform float32 [N, *shape] strictly inside (0, 1), on a grid of 2^-23."""
    seed, shape = tf.convert_to_tensor(seed), tuple(shape)
    bits = tf.ensure_shape(_bits(seed, shape), [seed.shape[0], *shape])
    return (tf.cast(tf.bitwise.right_shift(bits, tf.constant(9, tf.uint32)), tf.float32) + 0.5) * 2.0**-23


def normal(seed: tf.Tensor, shape) -> tf.Tensor:
    """Standard normal float32 [N, *shape], by the inverse of its distribution function."""
    return tf.math.ndtri(uniform(seed, shape))
