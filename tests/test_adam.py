"""The fused Adam against Keras's."""

import keras
import numpy as np
import tensorflow as tf

from trainers.adam import Adam


def trained(make, run=lambda function: function):
    """Variables and slots after five steps on gradients of many sizes, of a table also where few rows are read."""
    variables = [keras.Variable(tf.ones(shape)) for shape in ((3, 4), (5,), ())]
    optimizer = make(
        keras.optimizers.schedules.CosineDecay(0.1, 8), beta_1=0.4, beta_2=0.95, epsilon=1e-3, weight_decay=0.1
    )
    optimizer.build(variables)

    @run
    def step(i):
        sizes = 10.0 ** tf.range(-4.0, 2.0)
        gradients = [sizes[i + j] * tf.random.stateless_normal(v.shape, [i, j]) for j, v in enumerate(variables)]
        gradients[0] = tf.IndexedSlices(gradients[0][:2], tf.constant([2, 0]), tf.constant([3, 4]))
        optimizer.apply(gradients, variables)

    for i in range(4):
        step(tf.constant(i))
    return [variable.numpy() for variable in (*variables, *optimizer.variables)]


def test_fused_adam_is_the_one_of_keras():
    for run in (lambda function: function, tf.function):
        for one, other in zip(trained(Adam, run), trained(keras.optimizers.Adam, run), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


def test_fused_adam_on_two_replicas_is_the_one_of_keras(mirrored):
    moved = []
    for make in (Adam, keras.optimizers.Adam):
        with mirrored.scope():
            variable = keras.Variable(tf.ones([3]))
            optimizer = make(0.1)
            optimizer.build([variable])

        @tf.function
        def step(optimizer=optimizer, variable=variable):
            replica = tf.cast(tf.distribute.get_replica_context().replica_id_in_sync_group, tf.float32)
            optimizer.apply([tf.constant([1.0, -3.0, 0.5]) + replica], [variable])

        for _ in range(3):
            mirrored.run(step)
        moved.append(variable.numpy())
    np.testing.assert_allclose(*moved, rtol=1e-5)
    assert np.abs(moved[0] - 1.0).min() > 0.1
