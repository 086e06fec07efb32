"""The nouns: what a model declares and what `core` makes of it, on models small enough to work out by hand."""

import numpy as np
import tensorflow as tf

from tfgen.ops import replicas


def test_gathered_rows_and_their_gradient_are_those_of_one_batch(mirrored):
    """A term of pairs, sum_j (x_i - x_j)^2 + x_j^2: every row is in the terms of every other, on both replicas."""
    rows = np.array([[0.5, -1.0], [2.0, 0.3], [-0.7, 1.1], [1.4, -0.2]], np.float32)

    def terms(own):
        every = replicas.gather_batch(own)
        return tf.reduce_sum((own[:, None] - every[None]) ** 2 + every[None] ** 2, axis=[1, 2])

    def step(own):
        with tf.GradientTape() as tape:
            tape.watch(own)
            term = terms(own)
        return term, tape.gradient(term, own)

    term, gradient = step(tf.constant(rows))  # outside of a strategy: one batch
    difference = rows[:, None] - rows[None]
    np.testing.assert_allclose(term, (difference**2 + rows[None] ** 2).sum((1, 2)), rtol=1e-5)
    np.testing.assert_allclose(gradient, 4 * difference.sum(1) + 2 * len(rows) * rows, rtol=1e-5)
    shares = mirrored.experimental_distribute_values_from_function(
        lambda context: tf.constant(rows[2 * context.replica_id_in_sync_group :][:2])
    )
    for mine, expected in zip(tf.function(mirrored.run)(step, args=(shares,)), (term, gradient), strict=True):
        np.testing.assert_allclose(tf.concat(mirrored.experimental_local_results(mine), 0), expected, rtol=1e-5)
