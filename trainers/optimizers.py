"""The optimizer of every player, with its options and the course of its learning rate."""

import math

import keras
import tensorflow as tf

from tfgen import zoo
from trainers import config as configs
from trainers.adam import Adam
from trainers.config import TrainConfig


class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate by training steps: Keras counts an optimizer's moves, and a player may move twice in a step.

    It rises linearly over the first `warmup` steps; from step `decay_from` on "cosine" (Loshchilov and Hutter 2017,
    "SGDR", eq. 5, without restarts) and "linear" fall to 0 at step `steps`.

    Args:
      options: learning_rate, schedule, decay_from, warmup and steps are looked at.
      step: variable that counts training steps.
    """

    def __init__(self, options: TrainConfig, step: tf.Variable):
        self._options, self._step = options, step

    def __call__(self, moves) -> tf.Tensor:
        options, step = self._options, tf.cast(self._step.read_value(), tf.float32)
        rate = tf.constant(options.learning_rate)
        if options.warmup:
            rate *= tf.minimum(1.0, (step + 1.0) / options.warmup)
        if options.schedule != "constant":
            done = tf.clip_by_value((step - options.decay_from) / (options.steps - options.decay_from), 0.0, 1.0)
            rate *= 1.0 - done if options.schedule == "linear" else 0.5 * (1.0 + tf.cos(math.pi * done))
        return rate


def make(config: TrainConfig, model) -> dict[str, keras.optimizers.Optimizer]:
    """One for each player of a model with variables, by name. Call under the strategy's scope.

    Raises:
      ValueError: where `config.players` names a player that the model has not.
    """
    names = [player.name for player in model.players()]
    for name in config.players:
        if name not in names:
            hint = f"{zoo.closest(name, names)}; there are {', '.join(names)}"
            raise ValueError(f"players: {config.model} has no player {name!r}{hint}")
    return {name: _optimizer(configs.of_player(config, name), model.step.value) for name in names}


def _optimizer(options: TrainConfig, step: tf.Variable) -> keras.optimizers.Optimizer:
    rate, decay = Schedule(options, step), options.weight_decay or None
    if options.optimizer == "adam":
        optimizer = Adam(rate, beta_1=options.beta_1, beta_2=options.beta_2, weight_decay=decay)
    elif options.optimizer == "rmsprop":
        optimizer = keras.optimizers.RMSprop(rate, options.rho, options.momentum, weight_decay=decay)
    else:
        optimizer = keras.optimizers.SGD(rate, options.momentum, weight_decay=decay)
    return keras.optimizers.LossScaleOptimizer(optimizer) if options.precision == "mixed_float16" else optimizer
