"""The nouns: what a model declares and what `core` makes of it, on models small enough to work out by hand."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgen.core import GenerativeModel, Player, checkpoints
from tfgen.ops import replicas, seeds
from trainers import callbacks


class Toy(GenerativeModel):
    """Values x in R^3, a few weights, and the players that a test gives it."""

    def __init__(self, players, **parts):
        super().__init__((3,), None, "series")
        for name, part in parts.items():
            setattr(self, name, part)
        self._given = players
        self.make_variables()

    def players(self):
        return self._given(self)

    def signatures(self):
        return {}


def dense(units=1, start="ones"):
    layer = keras.layers.Dense(units, use_bias=False, kernel_initializer=start)
    layer.build((None, 3))
    return layer


def product(model, batch, name="dense"):
    """x w, [B]."""
    return getattr(model, name)(batch["series"])[:, 0]


def square(model):
    """One player that minimises (x w)^2 / 2."""
    return (Player("model", lambda batch, seed, training: {"half": product(model, batch) ** 2 / 2}, [model.dense]),)


def compiled(model, optimizer=lambda: keras.optimizers.SGD(1.0), **options):
    model.compile({player.name: optimizer() for player in model.players()}, **options)
    return model


def batch_of(rows, first=0, count=None):
    return {"series": tf.constant(rows[first : first + (count or len(rows))])}


def step(model, rows, mirrored=None):
    """A training step in a graph; under two replicas each takes half of the rows."""
    if mirrored is None:
        return tf.function(model.distribute_strategy.run)(model.train_step, args=(batch_of(rows),))
    half = len(rows) // 2
    shares = mirrored.experimental_distribute_values_from_function(
        lambda context: batch_of(rows, half * context.replica_id_in_sync_group, half)
    )
    return tf.function(mirrored.run)(model.train_step, args=(shares,))


ROWS = np.array([[0.5, -1.0, 0.1], [2.0, 0.3, 0.4], [-0.7, 1.1, 2.0], [1.4, -0.2, -0.6]], np.float32)


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


def test_the_norm_in_the_logs_is_that_of_the_mean_gradient(mirrored):
    """d/dw of the mean of (x w)^2 / 2 is the mean of x (x w); on two replicas it is of all rows, clipped or not."""
    expected = np.linalg.norm((ROWS * ROWS.sum(1, keepdims=True)).mean(0))
    assert abs(float(step(compiled(Toy(square, dense=dense())), ROWS)["gradient_norm"]) - expected) < 1e-5
    with mirrored.scope():
        model = compiled(Toy(square, dense=dense()), clip_norm=0.1)
    norms = mirrored.experimental_local_results(step(model, ROWS, mirrored)["gradient_norm"])
    np.testing.assert_allclose(norms, [expected] * 2, rtol=1e-5)
    moved = model.dense.kernel.numpy() - 1
    np.testing.assert_allclose(np.linalg.norm(moved), 0.1, rtol=1e-5)


def test_clipping_admits_tables_and_variables_without_a_gradient():
    """A batch that looks a row of a table up twice adds both gradients to it, and the norm is of the sum."""

    def players(model):
        def terms(batch, seed, training):
            return {"sum": tf.reduce_sum(model.table(tf.zeros([len(ROWS), 2], tf.int32)), axis=[1, 2])}

        return (Player("model", terms, [model.table, model.idle], objective=lambda terms: 0.5 * terms["sum"]),)

    table = keras.layers.Embedding(4, 3, embeddings_initializer="zeros")
    table.build()
    model = compiled(Toy(players, table=table, idle=dense()), clip_norm=0.25)
    norm = step(model, ROWS)["gradient_norm"]
    np.testing.assert_allclose(norm, np.sqrt(3), rtol=1e-6)  # 0.5 x 2 for each of the 3 features of row 0
    expected = np.zeros([4, 3])
    expected[0] = -0.25 / np.sqrt(3)
    np.testing.assert_allclose(model.table.embeddings, expected, rtol=1e-5)
    np.testing.assert_array_equal(model.idle.kernel, np.ones([3, 1]))


def test_an_overflow_on_one_replica_stops_the_move_on_both(mirrored):
    """In float16, 32768 x 10 is infinite: the rows of the second replica overflow, those of the first do not."""

    def players(model):
        def terms(batch, seed, training):
            half = tf.cast(batch["series"], tf.float16) @ tf.cast(model.dense.kernel.value, tf.float16)
            return {"product": tf.cast(half[:, 0], tf.float32)}

        return (Player("model", terms, [model.dense]),)

    with mirrored.scope():
        model = compiled(
            Toy(players, dense=dense()), lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(1.0))
        )
    optimizer = model.optimizers["model"]
    before = optimizer.dynamic_scale.numpy()
    step(model, np.array([[1e-3, 0, 0], [0, 0, 0], [10, 0, 0], [10, 0, 0]], np.float32), mirrored)
    for kernel in mirrored.experimental_local_results(model.dense.kernel.value):
        np.testing.assert_array_equal(kernel, np.ones([3, 1]))
    assert optimizer.dynamic_scale.numpy() == before / 2
    step(model, np.array([[1e-3, 0, 0], [0, 0, 0], [2e-3, 0, 0], [0, 0, 0]], np.float32), mirrored)
    for kernel in mirrored.experimental_local_results(model.dense.kernel.value):
        np.testing.assert_allclose(kernel[:, 0], [1 - 3e-3 / 4, 1, 1], rtol=1e-6)


def stateful(model):
    """(x w)^2 / 2, and after the move: the mean of it, what w has become, and the rows and seeds of all replicas."""

    def after_move(means, rows, seed):
        model.mean.assign(means["half"])
        model.moved.assign(model.dense.kernel)
        model.helper.rows.assign(replicas.gather_batch(rows["series"]))
        model.helper.seeds.assign(replicas.gather_batch(seed))

    def terms(batch, seed, training):
        half = product(model, batch) ** 2 / 2
        return {"half": half, "watched": tf.where(half > 100, float("nan"), half)}

    return (Player("model", terms, [model.dense], objective=lambda terms: terms["half"], after_move=after_move),)


def test_what_is_prepared_stands_beside_the_rows_and_has_no_gradient():
    """Of the term y p, y = x w and p = y prepared, the gradient is that of y alone; p is there after the move, too."""
    seen = {}

    def players(model):
        def after_move(means, rows, seed):
            model.kept.assign(rows["prepared"])

        def prepare(rows, seed, training):
            seen[training] = seed.shape
            return {"prepared": product(model, rows)}

        def terms(rows, seed, training):
            return {"squared": product(model, rows) * rows["prepared"]}

        return (Player("model", terms, [model.dense], prepare=prepare, after_move=after_move),)

    model = Toy(players, dense=dense())
    model.kept = state(model, [4])
    compiled(model, lambda: keras.optimizers.SGD(1.0))
    step(model, ROWS)
    y = ROWS.sum(1)  # the weights are ones
    np.testing.assert_allclose(model.kept, y, rtol=1e-5)
    np.testing.assert_allclose(1.0 - model.dense.kernel.numpy()[:, 0], (y[:, None] * ROWS).mean(0), rtol=1e-5)
    model.test_step({"series": tf.constant(ROWS)})
    assert set(seen) == {True, False}


class Helper:
    """A plain object that keeps variables of a model, where TensorFlow does not look for them."""

    def __init__(self, model):
        self.rows = state(model, [4, 3])
        self.seeds = state(model, [4, 2], "int32")


def state(model, shape, dtype="float32"):
    return model.add_weight(
        shape=shape, dtype=dtype, initializer="zeros", trainable=False, aggregation="only_first_replica"
    )


def toy_with_state(**options):
    model = Toy(stateful, dense=dense())
    model.mean, model.moved, model.helper = state(model, []), state(model, [3, 1]), Helper(model)
    return compiled(model, **options)


def test_after_a_move_a_player_sees_the_means_of_all_replicas_and_its_moved_weights(mirrored):
    one = toy_with_state()
    step(one, ROWS)
    with mirrored.scope():
        two = toy_with_state()
    step(two, ROWS, mirrored)
    np.testing.assert_allclose(one.mean, (ROWS.sum(1) ** 2 / 2).mean(), rtol=1e-5)
    assert (one.moved.numpy() == one.dense.kernel.numpy()).all() and (one.moved.numpy() != 1).any()
    np.testing.assert_array_equal(one.helper.rows, ROWS)
    for a, b in zip(one.variables, two.variables, strict=True):
        for copy in mirrored.experimental_local_results(b.value):
            np.testing.assert_allclose(a, copy, rtol=1e-5)
    assert len(np.unique(one.helper.seeds, axis=0)) == 4


def test_a_move_that_a_nan_stopped_changes_nothing():
    """Even where the term that is NaN is only watched, so that no gradient knows of it."""
    model = toy_with_state(average=0.5)
    step(model, ROWS)
    before = [variable.numpy() for variable in [*model.variables, *model.average.values]]
    for _ in range(5):
        with pytest.raises(tf.errors.InvalidArgumentError, match="term 'watched'"):
            step(model, 100 * ROWS)
    for value, variable in zip(before, [*model.variables, *model.average.values], strict=True):
        np.testing.assert_array_equal(value, variable.numpy())


def test_every_variable_is_in_the_checkpoint_wherever_it_is_kept(tmp_path):
    model, other = toy_with_state(), toy_with_state()
    step(model, ROWS)
    checkpoints.save(tmp_path, checkpoints.trackable(model, None, model.optimizers), 1, keep=1)
    assert checkpoints.restore(tmp_path, checkpoints.trackable(other, None, other.optimizers)) == 1
    for one, two in zip(model.variables, other.variables, strict=True):
        np.testing.assert_array_equal(one, two, err_msg=one.path)
    assert (other.helper.rows.numpy() == ROWS).all()


def test_what_two_players_move_is_declared():
    def players(shared=lambda model: [], second=lambda model: [model.dense]):
        def given(model):
            terms = {
                "first": lambda *_, **__: {"one": tf.zeros([2])},
                "second": lambda *_, **__: {"two": tf.zeros([2])},
            }
            return (
                Player("first", terms["first"], [model.dense]),
                Player("second", terms["second"], second(model), shared=shared(model)),
            )

        return given

    both = {"dense": dense(), "other": dense()}
    Toy(players(lambda model: [model.dense]), **both)
    with pytest.raises(ValueError, match="player 'second' of Toy moves dense.*kernel, as 'first' does"):
        Toy(players(), **both)
    with pytest.raises(ValueError, match="`shared` of all but the first, and nothing else"):
        Toy(players(lambda model: [model.other], lambda model: [model.other]), **both)


def noisy(model):
    """x w + a standard normal, of the row's seed; and whether the term is told that it is for training."""

    def terms(batch, seed, training):
        noisy = product(model, batch) + seeds.normal(seed, [])
        return {"noisy": noisy, "training": tf.fill(tf.shape(noisy), float(training))}

    return (Player("model", terms, [model.dense], objective=lambda terms: terms["noisy"]),)


def test_validation_noise_differs_by_batch_and_is_the_same_each_time_and_on_two_replicas(mirrored):
    """Seven equal rows in batches of 4 and 3; the 3 are dealt out unevenly."""
    data = tf.data.Dataset.from_tensors({"series": tf.zeros([3])}).repeat(7).batch(4)
    one = compiled(Toy(noisy, dense=dense()), lambda: keras.optimizers.SGD(0.0))
    figure = one.evaluate(data, verbose=0, return_dict=True)
    assert set(figure) == {"noisy", "training", "loss"} and figure["training"] == 0.0
    assert one.evaluate(data, verbose=0, return_dict=True) == figure
    one.step.assign(5)  # the weights are the same, so the figure is
    assert one.evaluate(data, verbose=0, return_dict=True) == figure
    noise = np.concatenate([seeds.normal(seeds.step_rows(0, batch, -1, rows), []) for batch, rows in ((1, 4), (2, 3))])
    assert len(np.unique(noise)) == 7
    np.testing.assert_allclose(figure["noisy"], noise.mean(), rtol=1e-5)
    with mirrored.scope():
        two = compiled(Toy(noisy, dense=dense()), lambda: keras.optimizers.SGD(0.0))
    np.testing.assert_allclose(two.evaluate(data, verbose=0, return_dict=True)["noisy"], figure["noisy"], rtol=1e-5)


def test_the_clipping_threshold_is_that_of_the_gradient_before_float16_scales_it():
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(1.0))
    model = compiled(Toy(square, dense=dense()), lambda: optimizer, clip_norm=0.1)
    norm = step(model, ROWS)["gradient_norm"]
    np.testing.assert_allclose(norm, np.linalg.norm((ROWS * ROWS.sum(1, keepdims=True)).mean(0)), rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(model.dense.kernel.numpy() - 1), 0.1, rtol=1e-4)


def normalised(model):
    """(1 - y)^2 of the first value y after batch norm."""

    def terms(batch, seed, training):
        return {"square": (1.0 - model.norm(batch["series"], training=training)[:, 0]) ** 2}

    return (Player("model", terms, [model.norm]),)


def test_an_average_has_batch_statistics_and_validation_and_use_are_with_them():
    """Three steps by the recursion d a + (1 - d) w, d = min(decay, (1 + t) / (10 + t)), and a validation by numpy."""
    norm = keras.layers.BatchNormalization(momentum=0.5, epsilon=0.0)
    norm.build((None, 3))
    model = compiled(Toy(normalised, norm=norm), lambda: keras.optimizers.SGD(0.1), average=0.15)
    variables = [norm.gamma, norm.beta, norm.moving_mean, norm.moving_variance]
    expected = [variable.numpy() for variable in variables]
    for t in range(3):
        step(model, ROWS)
        d = min(0.15, (1 + t) / (10 + t))
        expected = [d * e + (1 - d) * v.numpy() for e, v in zip(expected, variables, strict=True)]
    last = [variable.numpy() for variable in variables]
    with model.averaged():
        for value, variable in zip(expected, variables, strict=True):
            np.testing.assert_allclose(variable.numpy(), value, rtol=1e-5)
    data = tf.data.Dataset.from_tensors(batch_of(ROWS))
    figure = model.evaluate(data, verbose=0, return_dict=True, callbacks=[callbacks.AveragedValidation()])["square"]
    gamma, beta, mean, variance = (value[0] for value in expected)
    values = (ROWS[:, 0] - mean) / np.sqrt(variance) * gamma + beta
    np.testing.assert_allclose(figure, ((1 - values) ** 2).mean(), rtol=1e-5)
    for value, variable in zip(last, variables, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)
