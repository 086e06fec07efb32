"""Time series of real values: the causal stack of WaveNet (van den Oord et al. 2016, https://arxiv.org/abs/1609.03499)
with a mixture of normals for each step (Bishop 1994, "Mixture Density Networks")."""

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from tfgen.core import GenerativeModel, Player, Signature, arguments
from tfgen.core.signature import SEED
from tfgen.distributions.autoregressive import inverse_cdf
from tfgen.layers.causal import Pointwise, linear
from tfgen.layers.dilated import DilatedStack, dilations, later
from tfgen.ops import seeds

tfd = tfp.distributions


class StepNetwork(keras.layers.Layer):
    """What came before -> parameters of the next step, for whole series (`call`) and one step at a time."""

    def __init__(self, dims: int, width: int, depth: int, mixtures: int):
        super().__init__()
        self.first = Pointwise(width)
        self.stack = DilatedStack(width, width, dilations(depth, 1))
        self.hidden, self.last = Pointwise(width), Pointwise(mixtures * (1 + 2 * dims))

    def build(self, shape):
        self.built = True  # its layers are built where they first run: `make_variables`

    def call(self, inputs):
        """[N, T, dims + actions], each already one step late -> [N, T, mixtures (1 + 2 dims)]."""
        h = self.stack(self.first(inputs))
        return self.last(tf.nn.relu(self.hidden(tf.nn.relu(h))))

    def stepper(self):
        """A function (inputs [N, .], queues, t) -> parameters [N, .], queues; make it outside of the loop."""
        weights, conditions = self.stack.prepare(), self.stack.conditions(None)
        first, hidden, last = (layer.prepare() for layer in (self.first, self.hidden, self.last))

        def step(inputs, queues, t):
            skips, queues = self.stack.step(linear(inputs, *first), queues, t, weights, conditions)
            h = tf.nn.relu(linear(tf.nn.relu(skips), *hidden))
            return linear(h, *last), queues

        return step


class TimeSeries(GenerativeModel):
    """p(x | a) = prod_t sum_k pi_k N(x_t; x_{t-1} + mean_k, diag(stddev_k^2)), given all x and actions a before t.

    The action of time t bears on x_{t+1} and what follows. Values are normalised by the mean and the deviation of the
    first batch (one that is constant in it keeps its own unit); densities are those of the values as they came. No
    deviation of a step falls below `SMALLEST_STDDEV` of that unit, so that ln p stays finite on values that can be
    predicted exactly: there it rises to -ln(SMALLEST_STDDEV sqrt(2 pi)) = 6.0 nats a value above that of the unit.

    Args:
      length: T, steps of a series.
      dims: D, values of a step.
      action_dims: A, values of an action; 0 without actions.
      width: features.
      depth: layers, dilated 1, 2, 4, ...; a step sees the 2^depth steps before it.
      mixtures: normals in the mixture.

    log_prob(series): exact ln p, nats, [N]. sample(seed), complete(series, known, seed), simulate(prefix, steps, seed).
    With actions all want action=float32 [N, T, A] too.

    Raises:
      ValueError: naming an argument that is out of range.
    """

    SMALLEST_STDDEV = 1e-3  # in normalised units

    def __init__(
        self, length: int, dims: int, action_dims: int = 0, width: int = 64, depth: int = 5, mixtures: int = 5
    ):
        super().__init__((length, dims), None, "series")
        arguments.check({"width": width, "depth": depth, "mixtures": mixtures})
        if action_dims < 0:
            raise ValueError(f"action_dims={action_dims}: must not be negative (0: no actions)")
        self.dims, self.action_dims, self.mixtures = dims, action_dims, mixtures
        self.mean = self.add_weight(shape=(dims,), initializer="zeros", trainable=False, name="mean")
        self.stddev = self.add_weight(shape=(dims,), initializer="ones", trainable=False, name="stddev")
        self.network = StepNetwork(dims, width, depth, mixtures)

    @property
    def condition_spec(self) -> dict[str, tf.TensorSpec]:
        """The actions, if there are any."""
        if not self.action_dims:
            return {}
        return {"action": tf.TensorSpec([None, self.shape[0], self.action_dims], tf.float32, name="action")}

    def initialize(self, batch):
        """Takes mean and deviation of the values from the first batch."""
        series = batch["series"]
        mean, variance = tf.nn.moments(series, axes=[0, 1])
        constant = tf.reduce_max(series, axis=[0, 1]) == tf.reduce_min(series, axis=[0, 1])
        self.mean.assign(mean)
        self.stddev.assign(tf.where(constant, 1.0, tf.sqrt(variance) + 1e-6))

    def _normal(self, series):
        return (series - self.mean) / self.stddev

    def _parameters(self, values, last):
        """Logits [..., K], means and deviations [..., K, D] of a step in normalised units, `last` the step before."""
        values = tf.cast(values, tf.float32)
        logits, means, scales = tf.split(values, [self.mixtures, *[self.mixtures * self.dims] * 2], axis=-1)
        shape = [-1, *values.shape[1:-1], self.mixtures, self.dims]
        stddevs = tf.nn.softplus(tf.reshape(scales, shape)) + self.SMALLEST_STDDEV
        return logits, tf.reshape(means, shape) + last[..., None, :], stddevs

    def log_prob(self, series: tf.Tensor, action: tf.Tensor | None = None) -> tf.Tensor:
        """ln p(series | action), exact: float32 [N, T, D] -> [N], nats (of a density: it may be positive)."""
        x = self._normal(series)
        last = later(x, 1)
        inputs = last if action is None else tf.concat([last, later(action, 1)], axis=-1)
        logits, means, stddevs = self._parameters(self.network(inputs), last)
        mixture = tfd.MixtureSameFamily(tfd.Categorical(logits=logits), tfd.MultivariateNormalDiag(means, stddevs))
        steps = tf.reduce_sum(mixture.log_prob(x), axis=1)
        return steps - tf.cast(tf.shape(series)[1], tf.float32) * tf.reduce_sum(tf.math.log(self.stddev))

    def sample(self, seed: tf.Tensor, action: tf.Tensor | None = None) -> tf.Tensor:
        """One series of each seed row: int32 [N, 2] -> float32 [N, T, D]."""
        series = tf.zeros([tf.shape(seed)[0], *self.shape])
        return self.complete(series, tf.zeros(tf.shape(series)[:2], tf.bool), seed, action)

    def simulate(self, prefix: tf.Tensor, steps: int, seed: tf.Tensor, action: tf.Tensor | None = None) -> tf.Tensor:
        """What comes after a prefix: float32 [N, P, D] -> [N, steps, D].

        Args:
          prefix: what is known; P may be any number, 0 too.
          steps: to simulate; P + steps may be more than the length of the training series.
          seed: int32 [N, 2].
          action: float32 [N, P + steps, A]; the last one bears on nothing.
        """
        known = prefix.shape[1]
        if self.action_dims and (action is None or action.shape[1] != known + steps):
            got = None if action is None else action.shape[1]
            raise ValueError(f"action: {got} steps, but prefix and simulation have {known + steps} together")
        series = tf.pad(prefix, [[0, 0], [0, steps], [0, 0]])
        mask = tf.broadcast_to(tf.range(known + steps) < known, tf.shape(series)[:2])
        return self.complete(series, mask, seed, action)[:, known:]

    def complete(
        self, series: tf.Tensor, known: tf.Tensor, seed: tf.Tensor, action: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Draws the unknown steps in order, each given all before it; the known ones stay bit for bit.

        Args:
          series: float32 [N, T, D]; what it holds where `known` is False is not looked at.
          known: bool [N, T].
          seed: int32 [N, 2].
          action: float32 [N, T, A], of a model with actions.
        """
        count, steps = tf.shape(series)[0], series.shape[1]
        uniforms = tf.transpose(seeds.uniform(seed, [steps, 1 + self.dims]), [1, 0, 2])
        known = tf.transpose(known)
        given = tf.transpose(self._normal(series), [1, 0, 2])
        actions = tf.zeros([steps, count, 0]) if action is None else tf.transpose(action, [1, 0, 2])
        network = self.network.stepper()

        def step(t, last, acted, queues, drawn):
            values, queues = network(tf.concat([last, acted], axis=-1), queues, t)
            x = tf.where(known[t][:, None], given[t], self.step_of(values, last, uniforms[t]))
            return t + 1, x, actions[t], queues, tf.tensor_scatter_nd_update(drawn, [[t]], x[None])

        *_, drawn = tf.while_loop(
            lambda t, *_: t < steps,
            step,
            (
                0,
                tf.zeros([count, self.dims]),
                tf.zeros([count, actions.shape[-1]]),
                self.network.stack.queues(count),
                tf.zeros([steps, count, self.dims]),
            ),
            maximum_iterations=steps,
            parallel_iterations=1,
        )
        drawn = tf.transpose(drawn, [1, 0, 2]) * self.stddev + self.mean
        return tf.where(tf.transpose(known)[..., None], series, drawn)

    def step_of(self, values: tf.Tensor, last: tf.Tensor, uniforms: tf.Tensor) -> tf.Tensor:
        """A step [N, D] in normalised units, from the network's answer, the step before, and uniforms [N, 1 + D]."""
        logits, means, stddevs = self._parameters(values, last)
        component = inverse_cdf(logits, uniforms[:, 0])
        mean, stddev = (tf.gather(values, component, axis=1, batch_dims=1) for values in (means, stddevs))
        return mean + stddev * tf.math.ndtri(uniforms[:, 1:])

    def players(self):
        return (Player("model", self._terms, parts=[self]),)

    def _terms(self, batch, seed, training):
        return {"negative_log_prob": -self.log_prob(**{name: batch[name] for name in self.batch_spec})}

    def signatures(self):
        series = self.batch_spec["series"]
        known = tf.TensorSpec(series.shape[:2], tf.bool, name="known")
        return {
            "log_prob": Signature(
                lambda **inputs: {"log_prob": self.log_prob(**inputs)},
                {"series": series} | self.condition_spec,
                "Exact ln p(series), nats, of a density.",
            ),
            "sample": Signature(
                lambda **inputs: {"series": self.sample(**inputs)},
                {"seed": SEED} | self.condition_spec,
                "One series of each seed row.",
            ),
            "simulate": Signature(
                lambda **inputs: {"series": self.complete(**inputs)},
                {"series": series, "known": known, "seed": SEED} | self.condition_spec,
                "The series with its unknown steps drawn, the known ones kept.",
            ),
        }
