"""What every model promises, tried on every row of `tests/zoo.py`.

The tests of a row follow each other in one process and share what they build, trace and train; then it is let go.
"""

import contextlib
import dataclasses
import functools
import inspect
import random

import keras
import numpy as np
import pytest
import tensorflow as tf

from export import saved_model, verify
from export.requests import example_request
from tests.zoo import ONLY_A_GRADIENT, ROWS, WITHOUT_GRADIENT
from tfgen import zoo
from tfgen.core import checkpoints
from tfgen.ops import seeds
from trainers import adam

QUICK = (
    "made",
    "time_series",
    "iwae",
    "autoencoder",
    "flow_of_numbers",
    "point_gan",
    "rbm",
    "denoising_chain",
    "gan_cls",
)  # one of each family
MARKED = [pytest.param(row, marks=[] if row in QUICK else [pytest.mark.slow]) for row in ROWS]


@pytest.fixture(scope="module", params=MARKED)
def row(request):
    yield request.param
    keras.backend.clear_session()  # it collects, too


@pytest.fixture(scope="module")
def model(row):
    """Of the row, built once; tests that change weights build their own."""
    return fresh(row)


@pytest.fixture(scope="module")
def served(model):
    """Every signature as it is served, traced once."""
    return saved_model.serve(model)


@pytest.fixture(scope="module")
def trained(row):
    """A model of the row after 5 and then 60 steps on one batch, with an average; what each part logged, by name."""
    model = compiled(fresh(row), average=0.9)
    batches = tf.data.Dataset.from_tensors(batch_for(model)).repeat()
    with plain_graphs():
        parts = [model.fit(batches, steps_per_epoch=steps, verbose=0).history for steps in (5, 60)]
    return model, {name: [history[name][0] for history in parts] for name in parts[0]}


@contextlib.contextmanager
def plain_graphs():
    """Graphs run as they are written: to optimise a training step takes longer than a few runs of it."""
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    yield
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False})


def fresh(row, seed=0):
    random.seed(seed)  # whence Keras takes its initialisers' seeds; TensorFlow would forget its kernels with its own
    name, arguments = ROWS[row]
    model = zoo.build(name, **arguments)
    # Away from the start, where biases are zero and many gradients vanish.
    for i, variable in enumerate(model.trainable_variables):
        variable.assign_add(0.3 * tf.random.stateless_normal(variable.shape, [seed, i]))
    return model


def compiled(model, make=lambda: adam.Adam(1e-2), **options):
    model.compile({player.name: make() for player in model.players()}, **options)
    return model


def batch_for(model, rows=4):
    """Values that every input of the model admits."""
    batch = {"label": tf.zeros([rows], tf.int32)}
    for name, spec in model.batch_spec.items():
        if spec.dtype == tf.string:
            batch[name] = tf.strings.join(["a text, ", tf.strings.as_string(tf.range(rows))])
            continue
        uniform = tf.random.stateless_uniform([rows, *spec.shape[1:]], [3, 4])
        batch[name] = tf.cast(uniform * model.limits.get(name, 1.0), spec.dtype)
    return batch


def test_every_model_has_a_row():
    assert {name for name, _ in ROWS.values()} == set(zoo.MODELS)


def test_every_family_has_a_quick_row():
    assert {zoo.find(ROWS[row][0]).family for row in QUICK} == {entry.family for entry in zoo.MODELS.values()}


def test_every_model_says_what_it_is():
    for name, entry in zoo.MODELS.items():
        assert entry.family in zoo.DENSITY and "http" in entry.paper
        arguments = set(zoo.arguments(name))
        assert {"image_shape", "levels"} <= arguments or {"length", "dims"} & arguments


def test_source_and_class_agree_on_the_arguments(row, model):
    arguments = list(inspect.signature(type(model).__init__).parameters.values())[1:]
    if arguments[-1].kind is inspect.Parameter.VAR_KEYWORD:
        handed_on = inspect.signature(type(model).__base__.__init__).parameters.values()
        arguments[-1:] = [one for one in handed_on if one.kind is inspect.Parameter.KEYWORD_ONLY]
    assert list(zoo.arguments(ROWS[row][0])) == [one.name for one in arguments]


def test_a_model_has_the_verbs_of_its_entry_and_no_others(row, model):
    verbs = set().union(*(entry.verbs for entry in zoo.MODELS.values()))
    entry = zoo.find(ROWS[row][0])
    assert {verb for verb in verbs if hasattr(model, verb)} == set(entry.verbs)
    assert set(model.signatures()) == set(entry.signatures)


def test_same_seed_same_picture_and_rows_do_not_depend_on_their_batch(model, served):
    """Served and, but for what is compiled when called eagerly (see `-k by_steps`), live."""
    name = next((name for name in ("sample", "draw") if name in model.signatures()), None)
    if not name:
        pytest.skip("it draws no samples")
    signature = model.signatures()[name]
    request = example_request(model, signature, 3) | {"seed": tf.constant([[7, 1], [7, 2], [-5, 9]], tf.int32)}
    answer = served.functions[name](request) if signature.compiled else signature.function(**request)
    together = answer[model.example].numpy()
    assert together.dtype == model.batch_spec[model.example].dtype and together.shape == (3, *model.shape)
    assert not model.levels or together.max() < model.levels
    # Levels are the same bit for bit; real values may differ by the rounding of another order of sums.
    same = np.testing.assert_array_equal if model.levels else functools.partial(np.testing.assert_allclose, atol=1e-5)
    same(together, served.functions[name](request)[model.example].numpy())
    others = {name: tf.gather(value, [2, 0]) for name, value in request.items()}
    same(together[[2, 0]], served.functions[name](others)[model.example].numpy())
    assert (together[0] != together[1]).any()


def test_terms_are_finite_and_per_example(model):
    batch = batch_for(model)
    seed = seeds.seed_rows(4)
    for player in model.players():
        for training in (False, True):
            terms = player.terms(player.rows(batch, seed, training), seed, training)
            for name, value in {**terms, "objective": player.objective(terms)}.items():
                assert value.shape == (4,) and value.dtype == tf.float32, name
                assert np.isfinite(value).all(), name


def test_every_variable_of_a_player_gets_a_gradient(row, model):
    batch = batch_for(model, rows=8)
    for player in model.players():
        rows = player.rows(batch, seeds.seed_rows(8), True)
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(player.objective(player.terms(rows, seeds.seed_rows(8), True)))
        gradients = tape.gradient(loss, [variable.value for variable in player.variables])
        for variable, gradient in zip(player.variables, gradients, strict=True):
            largest = 0.0 if gradient is None else np.abs(gradient).max()
            assert (largest > 1e-7) != (variable.name in WITHOUT_GRADIENT.get(row, ())), variable.path


def test_players_own_all_variables_and_share_what_they_declare(model):
    owned = []
    for player in model.players():
        shared = {id(variable) for part in player.shared for variable in part.trainable_variables}
        owned += [id(variable) for variable in player.variables if id(variable) not in shared]
    assert sorted(owned) == sorted(id(variable) for variable in model.trainable_variables)


def test_only_own_variables_move(row, trained):
    model, _ = trained
    strategy_batch = batch_for(model)
    for player in model.players():
        before = {variable.path: variable.numpy() for variable in model.trainable_variables}
        model.distribute_strategy.run(lambda p=player: model._move(p, strategy_batch, seeds.seed_rows(4)))
        moved = {
            variable.path for variable in model.trainable_variables if (before[variable.path] != variable.numpy()).any()
        }
        still = WITHOUT_GRADIENT.get(row, ())
        assert moved == {variable.path for variable in player.variables if variable.name not in still}


def test_saved_and_restored_equal(row, trained, tmp_path):
    model, _ = trained
    checkpoints.save(tmp_path, checkpoints.trackable(model, model.average, model.optimizers), 65, keep=1)
    other = compiled(fresh(row, seed=1), average=0.9)
    trackable = checkpoints.trackable(other, other.average, other.optimizers)
    assert checkpoints.restore(tmp_path, trackable) == 65
    pairs = list(zip(model.variables, other.variables, strict=True))
    pairs += [
        pair
        for name in model.optimizers
        for pair in zip(model.optimizers[name].variables, other.optimizers[name].variables, strict=True)
    ]
    pairs += list(zip(model.average.values, other.average.values, strict=True))
    for one, two in pairs:
        np.testing.assert_array_equal(one.numpy(), two.numpy())
    assert int(other.step.numpy()) == 65


def test_fit_lowers_the_loss_of_a_single_player(row, trained):
    model, losses = trained
    if len(model.players()) > 1 or row in ONLY_A_GRADIENT:
        pytest.skip("the loss of a game, or of chains that go on, need not fall")
    first, last = losses["loss"]
    assert last < first


def test_served_equals_live(row, model, served, plain_tensorflow, tmp_path):
    """Every signature, in a process without Keras, TFP or tfgen, by the session loader: integers bit for bit.

    Without the compiled twins, which such a loader does not see (`test_export.py`)."""
    path = tmp_path / "m" / "1"
    served = dataclasses.replace(served, compiled={})
    requests, answers = saved_model.write(model, served, path, path, {"model": row})
    verify.compare(plain_tensorflow(path, requests), answers)


def test_merging_padding_and_splitting_a_batch_changes_no_row(model, served):
    for name, signature in model.signatures().items():
        function = served.functions[name]
        request = example_request(model, signature, 5)
        whole = function(request)
        parts = [function({key: value[part] for key, value in request.items()}) for part in (slice(0, 2), slice(2, 5))]
        padded = function({key: tf.concat([value, value[:1], value[:1]], 0) for key, value in request.items()})
        for key, value in whole.items():
            split = tf.concat([part[key] for part in parts], 0)
            for other in (split, padded[key][:5]):
                if value.dtype.is_floating:
                    np.testing.assert_allclose(value, other, rtol=1e-5, atol=1e-5, err_msg=f"{name}/{key}")
                else:
                    np.testing.assert_array_equal(value, other, err_msg=f"{name}/{key}")


def test_two_replicas_step_as_one(row, mirrored):
    """Plain gradient descent, which shows a gradient's scale; with an average. Eagerly, which needs no graphs."""
    two_replicas_step_as_one(row, mirrored, lambda: keras.optimizers.SGD(2e-3), lambda step: step)


@pytest.mark.slow
@pytest.mark.parametrize("row_of_a_family", ["made", "vae_total_correlation_vamp", "point_gan"])
def test_two_replicas_clip_as_one(row_of_a_family, mirrored):
    """In graphs, by Adam, its gradients clipped: none of which knows of a model, so one of each family is enough."""
    two_replicas_step_as_one(row_of_a_family, mirrored, lambda: adam.Adam(1e-3), tf.function, clip_norm=0.5)


def two_replicas_step_as_one(row, mirrored, make, graph, clip_norm=None):
    """The same rows and noise on two replicas of B make the same steps as on one of 2 B."""
    one = compiled(fresh(row), make, clip_norm=clip_norm, average=0.9)
    start = [variable.numpy() for variable in one.trainable_variables]
    with mirrored.scope():
        two = compiled(fresh(row), make, clip_norm=clip_norm, average=0.9)
    batch = batch_for(one, rows=8 * one.examples_per_row)
    half = 4 * one.examples_per_row

    def share(context):
        first = context.replica_id_in_sync_group * half
        return {name: value[first : first + half] for name, value in batch.items()}

    shares = mirrored.experimental_distribute_values_from_function(share)
    step_one = graph(lambda: one.distribute_strategy.run(one.train_step, args=(batch,)))
    step_two = graph(lambda: mirrored.run(two.train_step, args=(shares,)))
    for _ in range(2):
        step_one()
        step_two()
    moved = max(np.abs(a.numpy() - b).max() for a, b in zip(one.trainable_variables, start, strict=True))
    assert moved > 1e-3  # a hundred times what may differ
    pairs = [*zip(one.variables, two.variables, strict=True), *zip(one.average.values, two.average.values, strict=True)]
    for a, b in pairs:
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-4, atol=1e-5, err_msg=a.name)
