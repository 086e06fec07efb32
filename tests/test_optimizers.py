"""Options of each player's optimizer and the course of its learning rate, against their formulas."""

import dataclasses
import json
import math
import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.test_core import ROWS, Toy, batch_of, dense, product, square
from tfgen.core import Player
from trainers import callbacks, optimizers
from trainers import config as configs
from trainers.config import TrainConfig

CONFIG = TrainConfig(model="dcgan", steps=10, learning_rate=0.5, optimizer="sgd")


def game(model):
    """Two players; the first moves twice in a step."""

    def half(name):
        return lambda batch, seed, training: {f"{name}_half": product(model, batch, name) ** 2 / 2}

    return (
        Player("critic", half("dense"), [model.dense], updates=2),
        Player("generator", half("other"), [model.other]),
    )


def made(config, players=square):
    """A model and its optimizers."""
    model = Toy(players, dense=dense(), other=dense())
    model.compile(optimizers.make(config, model))
    return model


@pytest.mark.parametrize(
    "options, rate",
    [
        ({}, lambda t: 1.0),
        ({"schedule": "cosine"}, lambda t: 0.5 * (1 + math.cos(math.pi * t / 10))),
        ({"schedule": "linear"}, lambda t: 1 - t / 10),
        ({"schedule": "linear", "decay_from": 4}, lambda t: min(1, (10 - t) / 6)),
        (
            {"schedule": "cosine", "decay_from": 6},
            lambda t: 1.0 if t < 6 else 0.5 * (1 + math.cos(math.pi * (t - 6) / 4)),
        ),
        ({"warmup": 4}, lambda t: min(1, (t + 1) / 4)),
    ],
)
def test_schedules_go_by_training_steps_for_every_player(options, rate):
    """Whatever the moves: the optimizer that moves twice in a step has the rate of the one that moves once."""
    model = made(dataclasses.replace(CONFIG, players={"generator": options, "critic": options}), game)
    for step in (0, 1, 3, 4, 5, 7, 9):
        model.step.assign(step)
        for optimizer in model.optimizers.values():
            optimizer.iterations.assign(2 * step)
        expected = {name: 0.5 * rate(step) for name in ("critic_learning_rate", "generator_learning_rate")}
        assert model.learning_rates == pytest.approx(expected, abs=1e-6)


def moved(config, gradients):
    """Where a weight of 1 goes under these gradients."""
    weight = keras.Variable([1.0])
    model = Toy(square, dense=dense())
    optimizer = optimizers.make(config, model)["model"]
    optimizer.build([weight])
    for gradient in gradients:
        optimizer.apply([tf.constant([gradient])], [weight])
    return float(weight.numpy()[0])


def test_every_option_reaches_the_rule_of_its_optimizer():
    """Two steps of each rule, written out; decay is taken off before the step."""
    one, two = 0.3, -0.2
    adam = dataclasses.replace(CONFIG, optimizer="adam", beta_1=0.6, beta_2=0.7, weight_decay=0.1, learning_rate=0.01)
    w, m, v = 1.0, 0.0, 0.0
    for t, g in ((1, one), (2, two)):
        w -= w * 0.1 * 0.01
        m, v = 0.6 * m + 0.4 * g, 0.7 * v + 0.3 * g * g
        w -= 0.01 * (m / (1 - 0.6**t)) / (math.sqrt(v / (1 - 0.7**t)) + 1e-7)
    assert moved(adam, [one, two]) == pytest.approx(w, abs=1e-5)
    w, v, momentum = 1.0, 0.0, 0.0
    for g in (one, two):
        v = 0.8 * v + 0.2 * g * g
        momentum = 0.5 * momentum + 0.5 * g / math.sqrt(v + 1e-7)
        w -= momentum
    rms = dataclasses.replace(CONFIG, optimizer="rmsprop", rho=0.8, momentum=0.5)
    assert moved(rms, [one, two]) == pytest.approx(w, abs=1e-5)
    w, momentum = 1.0, 0.0
    for g in (one, two):
        momentum = 0.4 * momentum - 0.5 * g
        w += momentum
    assert moved(dataclasses.replace(CONFIG, momentum=0.4), [one, two]) == pytest.approx(w, abs=1e-6)


def test_players_have_options_of_their_own_over_the_common_ones():
    given = configs.parse_players(
        "critic.optimizer=rmsprop, critic.rho=0.8,generator.learning_rate=1e-4,generator.warmup=3"
    )
    assert given == {"critic": {"optimizer": "rmsprop", "rho": 0.8}, "generator": {"learning_rate": 1e-4, "warmup": 3}}
    config = dataclasses.replace(CONFIG, players=given, precision="mixed_float16")
    configs.check(config)
    made_of = made(config, game).optimizers
    critic, generator = (made_of[name].inner_optimizer for name in ("critic", "generator"))
    assert isinstance(critic, keras.optimizers.RMSprop) and critic.rho == 0.8
    assert isinstance(generator, keras.optimizers.SGD)
    np.testing.assert_allclose([critic.learning_rate, generator.learning_rate], [0.5, 1e-4 / 3], rtol=1e-6)


@pytest.mark.parametrize(
    "text, message",
    [
        ("generator.learnin_rate=1", "'learnin_rate' is no option of a player .did you mean 'learning_rate'"),
        ("generator.learning_rate=fast", "players: generator.learning_rate='fast' must be a number"),
        ("generator.learning_rate=-1", r"players: generator.learning_rate=-1.0: must be above 0"),
        (
            "generator.optimizer=rmsporp",
            "players: generator.optimizer='rmsporp': must be one of .*did you mean 'rmsprop'",
        ),
        ("generator.steps=3", "'steps' is no option of a player"),
        ("learning_rate=3", "'learning_rate=3' must be player.option=value"),
        ("generator.decay_from=3", "players: generator.decay_from=3: wants --schedule=cosine or linear"),
    ],
)
def test_bad_options_of_players_are_named(text, message):
    with pytest.raises(ValueError, match=message):
        configs.check(dataclasses.replace(CONFIG, players=configs.parse_players(text)))


def test_a_player_that_the_model_has_not_is_named():
    config = dataclasses.replace(CONFIG, players={"genrator": {"learning_rate": 1.0}})
    with pytest.raises(ValueError, match=r"no player 'genrator' \(did you mean 'generator'\?\); there are critic, gen"):
        made(config, game)


def test_rates_and_norms_are_in_the_logs_with_their_units(tmp_path):
    """At the end of two epochs of two steps, for each player; the norm is the epoch's mean."""
    model = made(dataclasses.replace(CONFIG, schedule="linear", learning_rate=1e-3), game)
    data = tf.data.Dataset.from_tensors(batch_of(np.repeat(ROWS, 2, 0))).repeat()
    logs = callbacks.Logs(tmp_path, 0, types.SimpleNamespace(images_per_second=0.0))
    model.fit(data, steps_per_epoch=2, epochs=2, verbose=0, callbacks=[logs])
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    for name in ("critic", "generator"):
        np.testing.assert_allclose([line[f"{name}_learning_rate"] for line in lines], [8e-4, 6e-4], rtol=1e-5)
    norm = np.linalg.norm((ROWS * ROWS.sum(1, keepdims=True)).mean(0))
    assert lines[0]["critic_gradient_norm"] == pytest.approx(norm, rel=0.01)
    assert model.units["critic_learning_rate"] == "per step" and model.units["generator_gradient_norm"] == "nats"
