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


def split(seed: tf.Tensor, streams: int) -> list[tf.Tensor]:
    """`streams` independent seeds int32 [N, 2] from one."""
    return tf.unstack(tf.bitcast(_bits(seed, (streams, 2)), tf.int32), axis=1)


def repeat(seed: tf.Tensor, times: int) -> tf.Tensor:
    """`times` independent seeds of each row, the repetitions N apart: int32 [N, 2] -> [times N, 2]."""
    return tf.concat(split(seed, times), axis=0)


def _bits(seed: tf.Tensor, shape: tuple[int, ...]) -> tf.Tensor:
    """Uniform uint32 [N, *shape]: for each row what `tf.random.stateless_uniform` draws with its seed by Philox, all
    rows at once, where a map over rows takes milliseconds a hundred rows."""
    size = math.prod(shape)
    blocks = -(-size // 4)  # a block of Philox is four numbers
    drawn = _blocks(seed, tf.cast(tf.range(blocks), tf.uint64))
    return tf.reshape(tf.reshape(drawn, [-1, 4 * blocks])[:, :size], [-1, *shape])


# A graph, for eagerly so many small ops cost a millisecond; one for all shapes, for tracing them costs hundreds.
@tf.function(autograph=False, input_signature=[tf.TensorSpec([None, 2], tf.int32), tf.TensorSpec([None], tf.uint64)])
def _blocks(seed: tf.Tensor, block: tf.Tensor) -> tf.Tensor:
    """The blocks of these numbers of each row's stream: uint32 [N, number of blocks, 4]."""
    words = tf.bitcast(tf.cast(seed, tf.int64), tf.uint64)  # [N, 2], with its sign
    # As TensorFlow makes a key and a counter of a seed: so that weak seeds are as good as any.
    counter = [half for word in tf.unstack(words, axis=1) for half in (word & LOW, _high(word))]
    key_0, key_1, counter_2, counter_3 = _philox(counter, [tf.constant(word, tf.uint64) for word in SCRAMBLE])
    block += tf.zeros_like(key_0)[:, None]
    counter = [block, tf.zeros_like(block), *(tf.zeros_like(block) + word[:, None] for word in (counter_2, counter_3))]
    drawn = _philox(counter, [key_0[:, None], key_1[:, None]])
    return tf.cast(tf.stack(drawn, axis=-1), tf.uint32)


LOW = 0xFFFFFFFF
SCRAMBLE = 0x3EC8F720, 0x02461E29  # TensorFlow's key for the scrambling of seeds
MULTIPLIERS, WEYL = (0xD2511F53, 0xCD9E8D57), (0x9E3779B9, 0xBB67AE85)


def _high(word: tf.Tensor) -> tf.Tensor:
    return tf.bitwise.right_shift(word, tf.constant(32, tf.uint64))


def _philox(counter: list[tf.Tensor], key: list[tf.Tensor]) -> list[tf.Tensor]:
    """Philox-4x32-10 (Salmon et al. 2011, "Parallel Random Numbers: As Easy as 1, 2, 3"): uint64 that hold 32 bits."""
    multipliers = [tf.constant(word, tf.uint64) for word in MULTIPLIERS]
    for i in range(10):
        products = [multiplier * word for multiplier, word in zip(multipliers, counter[::2], strict=True)]
        keys = [(word + tf.constant(i * weyl & LOW, tf.uint64)) & LOW for word, weyl in zip(key, WEYL, strict=True)]
        high = [_high(product) for product in products]
        counter = [high[1] ^ counter[1] ^ keys[0], products[1] & LOW, high[0] ^ counter[3] ^ keys[1], products[0] & LOW]
    return counter


def uniform(seed: tf.Tensor, shape) -> tf.Tensor:
    """Uniform float32 [N, *shape] strictly inside (0, 1), on a grid of 2^-23."""
    bits = _bits(seed, tuple(shape))
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
