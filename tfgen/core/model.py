"""GenerativeModel: everything that all models do, written once. A model declares, this class acts."""

import abc
import contextlib
from collections.abc import Callable
from typing import NamedTuple

import keras
import tensorflow as tf

from tfgen.core.average import Average
from tfgen.core.player import Player
from tfgen.core.signature import Signature
from tfgen.ops import replicas, seeds


def _count(batch) -> tf.Tensor:
    """How many examples a batch has."""
    return tf.shape(tf.nest.flatten(batch)[0])[0]


class Diagnosis(NamedTuple):
    """What a model finds of itself.

    Args:
      figures: for the logs, by name: a number, or a list of them.
      warnings: what is wrong, by what it is about, each a sentence that says what to try.
    """

    figures: dict[str, float | list[float]]
    warnings: dict[str, str]


class GenerativeModel(keras.Model, abc.ABC):
    """A model of images uint8 [N, H, W, C], or of other examples, with levels 0 .. levels - 1.

    A model declares what goes in (`batch_spec`), how it learns (`players`) and what it serves (`signatures`); training,
    data checks and export read those three. Training is `fit` on a data set of {"image": ..., "label": ...}, under any
    synchronous strategy.

    Args:
      shape: of an example: (H, W, C) of an image, (T,) of audio, (T, D) of a series, (D,) of a point.
      levels: number of values of a pixel or sample, 2 .. 256; None where values are real.
      example: what an example is called where it goes in and comes out.
      num_classes: 0, or the number of labels that the model is conditioned on; its verbs then want label=int32 [N].
    """

    def __init__(self, shape: tuple[int, ...], levels: int | None, example: str = "image", num_classes: int = 0):
        super().__init__()
        self.example, self.shape, self.levels, self.num_classes = example, tuple(shape), levels, num_classes
        if min(shape) < 1:
            raise ValueError(f"{example}_shape={shape!r}: every side must be at least 1")
        if levels is not None and not 2 <= levels <= 256:
            raise ValueError(f"levels={levels}: a pixel or sample has 2 to 256 levels")
        if example == "image":
            if len(shape) != 3:
                raise ValueError(f"image_shape={shape!r}: must be (height, width, channels)")
            self.image_shape = self.shape
        self.average: Average | None = None
        self._seed = 0
        self._clip_norm = None
        self._optimizers: dict[str, keras.optimizers.Optimizer] = {}
        self._means: dict[str, keras.metrics.Mean] = {}

    # batch -> None: sets weights from data, once, before the first step; of models whose paper asks for it.
    initialize: Callable[[dict[str, tf.Tensor]], None] | None = None

    # batch -> `Diagnosis`: what to tell of a validation batch beside its terms; of models that have something to tell.
    diagnose: Callable[[dict[str, tf.Tensor]], Diagnosis] | None = None

    # Terms that are logged by the step too.
    terms_by_step: tuple[str, ...] = ()

    # What a model declares.

    @property
    def batch_spec(self) -> dict[str, tf.TensorSpec]:
        """What goes in, by name: examples, and what they are conditioned on. A model that needs more adds to it."""
        dtype = tf.uint8 if self.levels else tf.float32
        return {self.example: tf.TensorSpec([None, *self.shape], dtype, name=self.example)} | self.condition_spec

    @property
    def condition_spec(self) -> dict[str, tf.TensorSpec]:
        """What the model is conditioned on, by name: the label if there are classes. A model may add to it."""
        return {"label": tf.TensorSpec([None], tf.int32, name="label")} if self.num_classes else {}

    @property
    def limits(self) -> dict[str, int]:
        """The exclusive upper bound of an integer input, and of the bytes of a text, by name; data and served requests
        are held to it."""
        limits = {self.example: self.levels, "label": self.num_classes}
        return {name: limit for name, limit in limits.items() if limit}

    @abc.abstractmethod
    def players(self) -> tuple[Player, ...]:
        """How it learns: the players, in the order of their moves."""

    @abc.abstractmethod
    def signatures(self) -> dict[str, Signature]:
        """What it serves, by name."""

    # Conditions.

    def condition(self, batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """The part of a batch that the model is conditioned on: what its verbs want beside their other arguments."""
        return {name: batch[name] for name in self.condition_spec}

    def vector(self, label: tf.Tensor | None = None) -> tf.Tensor | None:
        """The condition as a vector for a network: one-hot float32 [N, num_classes]; None without a label."""
        return None if label is None else tf.one_hot(label, self.num_classes)

    # Variables and data.

    def make_variables(self) -> None:
        """Makes every variable, by playing each player's terms on an empty-handed batch. Call under the scope."""
        self.step = self.add_weight(
            shape=(), dtype="int64", trainable=False, name="step", initializer="zeros", aggregation="only_first_replica"
        )
        batch = {name: tf.zeros([2, *spec.shape[1:]], spec.dtype) for name, spec in self.batch_spec.items()}
        self._units, owners = {}, {}
        for player in self.players():
            seed = seeds.seed_rows(2)
            terms = player.terms(player.rows(batch, seed, False), seed, training=False)
            self._units |= {name: player.units.get(name, "nats") for name in terms}
            self._units |= {player.named("loss"): player.units.get("loss", "nats")}
            if not player.variables:
                raise ValueError(f"player {player.name!r} of {type(self).__name__} has no variables to move")
            shared = {id(variable) for part in player.shared for variable in part.trainable_variables}
            for variable in player.variables:
                owner = owners.setdefault(id(variable), player.name)
                if (owner != player.name) != (id(variable) in shared):
                    raise ValueError(
                        f"player {player.name!r} of {type(self).__name__} moves {variable.path}, as {owner!r} does: "
                        "what several move has to be in `shared` of all but the first, and nothing else"
                    )
        self.built = True

    @property
    def units(self) -> dict[str, str]:
        """The unit of every value in the logs, by name."""
        per_player = {"gradient_norm": "nats", "learning_rate": "per step"}
        return self._units | {
            player.named(name): unit for player in self.players() for name, unit in per_player.items()
        }

    @property
    def averaged_variables(self) -> list[keras.Variable]:
        """What an average of the weights is over: they, and the batch statistics that belong to them."""
        statistics = [v for v in self.non_trainable_variables if v.name in ("moving_mean", "moving_variance")]
        return [*self.trainable_variables, *statistics]

    def check(self, element_spec: dict[str, tf.TensorSpec], limits: dict[str, int]) -> None:
        """Holds a data set's batches, and the limits of its integers, against the model's, before any training.

        Raises:
          ValueError: naming the input, what came, and what would be right.
        """
        for name, wanted in self.batch_spec.items():
            if name not in element_spec:
                raise ValueError(f"the data set gives {sorted(element_spec)}, but {type(self).__name__} needs {name!r}")
            given = element_spec[name]
            if given.dtype != wanted.dtype or not given.shape[1:].is_compatible_with(wanted.shape[1:]):
                raise ValueError(
                    f"{name}: the data set gives {given.dtype.name} {given.shape[1:]} per example, but "
                    f"{type(self).__name__} was built for {wanted.dtype.name} {wanted.shape[1:]}; leave the shape out "
                    "of --hparams" + (", or add a resize, grayscale or color transform" * (name == "image"))
                )
        levels, labels = limits.get(self.example, 0), limits.get("label", 0)
        if "label" in self.batch_spec and labels > self.limits["label"]:
            raise ValueError(
                f"num_classes: the data set has {labels} classes, but {type(self).__name__} was built for "
                f"{self.limits['label']}; leave num_classes out of --hparams"
            )
        if "text" in self.batch_spec and limits["text"] > self.limits["text"]:
            raise ValueError(
                f"text_bytes: the data set has texts of {limits['text'] - 1} bytes, but {type(self).__name__} was "
                f"built for {self.limits['text'] - 1}; leave text_bytes out of --hparams"
            )
        if self.levels and levels > self.levels:
            raise ValueError(
                f"levels: the data set has {self.example}s of {levels} levels, but {type(self).__name__} was built for "
                f"{self.levels}; leave levels out of --hparams" + (", or binarize the data" * (self.levels == 2))
            )

    # Training.

    def compile(
        self,
        optimizers: dict[str, keras.optimizers.Optimizer],
        *,
        seed: int = 0,
        clip_norm: float | None = None,
        average: float | None = None,
        steps_per_execution: int = 1,
    ) -> None:
        """Gives each player its optimizer. Call under the strategy's scope, after `make_variables`.

        Args:
          optimizers: one for each player, by name; made for it alone, without clipping of its own (which would clip
            before the sum over replicas).
          seed: of all noise in training.
          clip_norm: largest global norm of a player's gradient, taken after the sum over replicas.
          average: decay of an exponential moving average of all trainable weights and their batch statistics.
          steps_per_execution: training steps run between two returns to Python.
        """
        super().compile(optimizer=None)
        players = {player.name: player for player in self.players()}
        if set(optimizers) != set(players):
            raise ValueError(f"optimizers={sorted(optimizers)}: {type(self).__name__} has the players {list(players)}")
        for name, player in players.items():
            optimizers[name].build(player.variables)
        self._optimizers = dict(optimizers)
        self._seed = seed
        self._clip_norm = clip_norm
        self._steps_at_once = steps_per_execution
        self.average = Average(self.averaged_variables, average) if average else None
        norms = [player.named("gradient_norm") for player in players.values()]
        self._means = {name: keras.metrics.Mean(name=name) for name in [*self._units, *norms]}

    @property
    def optimizers(self) -> dict[str, keras.optimizers.Optimizer]:
        return dict(self._optimizers)

    @property
    def learning_rates(self) -> dict[str, float]:
        """The learning rate of every player's next move, by its name in the logs."""
        return {
            player.named("learning_rate"): float(self._optimizers[player.name].learning_rate)
            for player in self.players()
        }

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return list(self._means.values())

    @property
    def examples_per_row(self) -> int:
        """How many examples a training step wants for each row of a batch: those of its most frequent player."""
        return max(player.updates for player in self.players())

    @contextlib.contextmanager
    def averaged(self):
        """Within it the model has its averaged weights, if it keeps an average."""
        if self.average:
            self.average.swap()
        try:
            yield
        finally:
            if self.average:
                self.average.swap()

    def train_step(self, batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Plays one round: every player moves `updates` times.

        Returns each term's mean over this replica's batch, and the norm of each player's gradient over all replicas.
        The examples are dealt out in strides: the i-th move sees the same ones however many replicas share them.
        """
        deal = self.examples_per_row
        logs = {}
        for position, player in enumerate(self.players()):
            for move in range(player.updates):
                rows = {name: value[move::deal] for name, value in batch.items()}
                logs |= self._move(player, rows, self._noise(rows, stream=deal * position + move))
        with tf.control_dependencies(list(logs.values())):  # a step that a NaN stopped does not count
            if self.average:
                self.average.update(self.step.value)
            self.step.value.assign_add(1)
        return logs

    def test_step(self, batch: dict[str, tf.Tensor], number: tf.Tensor | int = 0) -> dict[str, tf.Tensor]:
        """Every player's terms on data it does not learn from.

        `number` counts the batches of a validation: each has noise of its own, and the same in every validation, so
        that two figures differ by their weights alone.
        """
        # The last batch may be dealt out unevenly: a row's noise goes by its place in the batch of all replicas.
        counts = replicas.gather_batch(_count(batch)[None])
        before = tf.reduce_sum(counts[: tf.distribute.get_replica_context().replica_id_in_sync_group])
        logs = {}
        for position, player in enumerate(self.players()):
            noise = seeds.step_rows(self._seed, number, -1 - position, tf.reduce_sum(counts))
            seed = noise[before : before + _count(batch)]
            logs |= self._score(player, player.rows(batch, seed, False), seed, training=False)
        return {name: tf.reduce_mean(value) for name, value in logs.items()}

    def _noise(self, rows, stream: int) -> tf.Tensor:
        """The seeds of this replica's rows in a move: every replica has as many."""
        replica, count = tf.distribute.get_replica_context(), _count(rows)
        noise = seeds.step_rows(self._seed, self.step.value, stream, replica.num_replicas_in_sync * count)
        return noise[replica.replica_id_in_sync_group * count :][:count]

    def _score(self, player: Player, rows, seed, training: bool) -> dict[str, tf.Tensor]:
        terms = player.terms(rows, seed, training=training)
        # A NaN stops the step before any weight has moved, with the name of the term.
        terms = {name: tf.debugging.check_numerics(value, f"term '{name}'") for name, value in terms.items()}
        return terms | {player.named("loss"): player.objective(terms)}

    def _move(self, player: Player, rows, seed) -> dict[str, tf.Tensor]:
        optimizer = self._optimizers[player.name]
        replica = tf.distribute.get_replica_context()
        variables, rows = player.variables, player.rows(rows, seed, True)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([variable.value for variable in variables])
            terms = self._score(player, rows, seed, training=True)
            terms = {name: tf.reduce_mean(value) for name, value in terms.items()}
            # The mean over the whole batch is the sum over replicas of these shares.
            loss = optimizer.scale_loss(terms[player.named("loss")] / replica.num_replicas_in_sync)
        gradients = tape.gradient(loss, [variable.value for variable in variables])
        variables = [v for v, gradient in zip(variables, gradients, strict=True) if gradient is not None]
        # Dense: rows of a table that a batch names twice would count twice in the norm.
        gradients = [tf.convert_to_tensor(gradient) for gradient in gradients if gradient is not None]
        # A move that a NaN stopped, on any replica, changes nothing.
        with tf.control_dependencies(list(terms.values())):
            gradients, means = tf.nest.map_structure(tf.identity, (gradients, terms))
        # Before anything looks at them: an optimizer of float16 takes one replica's word that all are finite.
        gradients = replica.all_reduce(tf.distribute.ReduceOp.SUM, gradients)
        scale = optimizer.scale_loss(tf.constant(1.0))
        norm = tf.linalg.global_norm(gradients)
        if self._clip_norm:
            gradients, _ = tf.clip_by_global_norm(gradients, self._clip_norm * scale, use_norm=norm)
        # The optimizer sums over replicas once more.
        optimizer.apply([gradient / replica.num_replicas_in_sync for gradient in gradients], variables)
        if player.after_move:
            means = replica.all_reduce(tf.distribute.ReduceOp.MEAN, means)
            with tf.control_dependencies(list(means.values())):
                player.after_move(means, rows, seed)
        return terms | {player.named("gradient_norm"): norm / scale}

    # Keras's `fit` with an inner loop of our own: its own breaks under several workers and, with several steps in one
    # execution, under several replicas. `strategy.run` in a `tf.range` of steps works under every strategy.

    def evaluate(self, *args, **kwargs):
        """`keras.Model.evaluate`, with the same noise each time."""
        self._validated = 0  # batches
        return super().evaluate(*args, **kwargs)

    def fit(self, x, *, steps_per_epoch: int, **kwargs):
        """`keras.Model.fit` on an endless data set; an epoch is the steps between two validations."""
        # Keras counts executions: told of several steps in one, it would also cut validation to one batch in as many.
        executions = -(-steps_per_epoch // self._steps_at_once)
        self._epoch_steps, self._epoch_left = steps_per_epoch, 0
        return super().fit(x, steps_per_epoch=executions, shuffle=False, **kwargs)

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        if not self.built or not self._optimizers:
            raise ValueError("call make_variables() and compile(...) under strategy.scope() before fit or evaluate")

    def make_train_function(self, force=False):
        if self.train_function is None or force:
            loop = self._make_loop(self.train_step, list(self._means))

            def function(iterator):
                self._epoch_left = self._epoch_left or self._epoch_steps
                steps = min(self._steps_at_once, self._epoch_left)
                self._epoch_left -= steps
                return loop(iterator, tf.constant(steps))

            self.train_function = function
        return self.train_function

    def make_test_function(self, force=False):
        if self.test_function is None or force:
            loop = self._make_loop(self.test_step, list(self._units))

            def function(iterator):
                self._validated += 1
                return loop(iterator, tf.constant(1), tf.constant(self._validated))

            self.test_function = function
        return self.test_function

    def _make_loop(self, step, names):
        """A function (iterator, steps, *arguments of `step`) -> the mean of each of `names` so far."""
        strategy = self.distribute_strategy

        # AutoGraph finds nothing to convert in a model, and looks through all that it calls.
        @tf.autograph.experimental.do_not_convert
        def replica_step(batch, *arguments):
            count = tf.cast(_count(batch), tf.float32)
            for name, value in step(batch, *arguments).items():
                # What has no value adds nothing: the terms of a replica that got no example of the last batch, and the
                # gradient that float16 could not hold. (A term that is NaN has stopped the step.)
                counts = (count > 0) & tf.math.is_finite(value)
                self._means[name].update_state(tf.where(counts, value, 0.0), tf.where(counts, count, 0.0))

        # A step is a graph as it is written: to look through all its functions for Python that is to become a part of
        # the graph takes autograph seconds.
        @tf.function(autograph=False)
        def loop(iterator, steps, *arguments):
            def body(i):
                strategy.run(replica_step, args=(next(iterator), *arguments))
                return (i + 1,)

            tf.while_loop(lambda i: i < steps, body, (0,), parallel_iterations=1)

        read = tf.function(lambda: {name: self._means[name].result() for name in names}, autograph=False)

        def function(iterator, steps, *arguments):
            loop(iterator, steps, *arguments)
            return read()

        return function
