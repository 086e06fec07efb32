"""Stateless random numbers, a stream for each row.

A seed is int32 [N, 2], one row per example. Row i of every function here depends on seed row i alone, whatever it is
batched with, which is what lets a server merge, pad and split requests. Integer Philox bits are the same eagerly, in a
graph and served; floats are made from them here and nowhere else.
"""

import math

import tensorflow as tf

PHILOX = tf.random.Algorithm.PHILOX.value


def seed_rows(count: int, seed: int = 0) -> tf.Tensor:
    """`count` seeds int32 [count, 2] for a person or a client: row i is [seed, i]."""
    return tf.stack([tf.fill([count], seed), tf.range(count)], axis=1)


def step_rows(seed: int, step: tf.Tensor | int, stream: int, count: tf.Tensor) -> tf.Tensor:
    """Seeds int32 [count, 2] of one step, for the batch of all replicas.

    They are a function of (seed, step, stream, position in that batch): two replicas of B rows, each with its part,
    draw what one replica of 2 B rows draws, and a resumed run draws what the uninterrupted one does.
    """
    key = tf.random.fold_in(tf.constant([seed, stream], tf.int32), tf.cast(step, tf.int32))
    return tf.random.stateless_uniform([count, 2], key, minval=None, maxval=None, dtype=tf.int32)


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


def uniform_at(seed: int, stream: tuple[int, int, int], first: tf.Tensor, count: tf.Tensor, shape) -> tf.Tensor:
    """Uniform float32 [count, *shape] in [0, 1) for the rows at the positions first .. first + count - 1.

    The row at a position is a function of (seed, stream, position, shape), however many are drawn at once: Philox is
    counted, so that one op may begin at any row. (Salmon et al. 2011, "Parallel Random Numbers: As Easy as 1, 2, 3".)

    Args:
      seed: of 64 bits.
      stream: three small numbers, below 2^16, that tell draws at the same position apart.
      first: int64, from 0.
    """
    size = math.prod(shape)
    blocks = -(-size // 4)  # a block of Philox is four numbers
    high = stream[0] << 32 | stream[1] << 16 | stream[2]
    counter = tf.stack([tf.cast(first * blocks, tf.uint64), tf.constant(high, tf.uint64)])
    key = tf.cast(tf.constant([seed], tf.int64), tf.uint64)
    draws = tf.raw_ops.StatelessRandomUniformV2(
        shape=[count, 4 * blocks], key=key, counter=counter, alg=PHILOX, dtype=tf.float32
    )
    return tf.reshape(draws[:, :size], [count, *shape])
