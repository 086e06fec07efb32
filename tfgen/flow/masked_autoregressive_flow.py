"""Masked autoregressive flow: George Papamakarios, Theo Pavlakou, Iain Murray, 2017, "Masked Autoregressive Flow for
Density Estimation", https://arxiv.org/abs/1705.07057; its steps bend as those of Jonathan Ho et al. 2019, "Flow++",
https://arxiv.org/abs/1902.00275, do."""

import keras
import numpy as np
import tensorflow as tf

from tfgen.core import GenerativeModel, Player, Signature, arguments
from tfgen.core.signature import SEED
from tfgen.distributions.latents import standard_normal
from tfgen.layers.masked_dense import AutoregressiveNetwork
from tfgen.ops import seeds


class Free(keras.layers.Layer):
    """The parameters of the first value, which depend on nothing: [N, 1] -> [N, 1, outputs], zeros at first."""

    def __init__(self, outputs: int):
        super().__init__()
        self.values = self.add_weight(shape=(outputs,), initializer="zeros", name="values")

    def call(self, x):
        return tf.zeros_like(x)[..., None] + self.values


class MixtureStep(keras.layers.Layer):
    """z_i = logit(sum_k pi_k sigmoid((x_i - mean_k) / scale_k)), all of them functions of x_0 .. x_{i-1}.

    It rises in x_i, bends as often as there are components, and is (x_i - mean) / scale with one alone: that of the
    paper. Flow++ has it (section 3.2) between two affine maps, that its means and scales make up for here.
    """

    SMALLEST_SCALE = 1e-3  # bounds the density
    HALVINGS = 40  # of an interval, until its ends are neighbours in float32

    def __init__(self, dims: int, mixtures: int, width: int, depth: int):
        super().__init__(dtype="float32")  # an inverse wants it; the network has the precision that was asked for
        self.dims, self.mixtures = dims, mixtures
        outputs = 3 * mixtures
        self.network = Free(outputs) if dims == 1 else AutoregressiveNetwork(dims, outputs, width, depth)

    def build(self, shape):
        self.built = True  # its network is built where it first runs: `make_variables`

    def _parameters(self, x):
        """log pi, means and scales, [N, D, K] each: the components begin beside each other, from -2 to 2."""
        logits, means, scales = tf.split(tf.cast(self.network(x), tf.float32), 3, axis=-1)
        spread = np.linspace(-2.0, 2.0, self.mixtures) if self.mixtures > 1 else np.zeros(1)
        return tf.nn.log_softmax(logits), means + spread, tf.nn.softplus(scales) + self.SMALLEST_SCALE

    def _map(self, x, log_weights, means, scales):
        """z and ln dz_i/dx_i, [N, D] each, by logarithms of both tails: neither rounds to 0 or 1."""
        standard = (x[..., None] - means) / scales
        below, above = tf.math.log_sigmoid(standard), tf.math.log_sigmoid(-standard)
        log_cdf, log_rest = (tf.reduce_logsumexp(log_weights + tail, axis=-1) for tail in (below, above))
        log_density = tf.reduce_logsumexp(log_weights + below + above - tf.math.log(scales), axis=-1)
        return log_cdf - log_rest, log_density - log_cdf - log_rest

    def call(self, x):
        """[N, D] -> z [N, D], and ln |det dz/dx|, [N]."""
        z, log_slopes = self._map(x, *self._parameters(x))
        return z, tf.reduce_sum(log_slopes, axis=-1)

    def inverse(self, z):
        """One value after the other: the parameters of x_i are right as soon as those before it are."""

        def one_more(i, x):
            return i + 1, self._solve(z, *self._parameters(x))

        return tf.while_loop(lambda i, x: i < self.dims, one_more, (0, tf.zeros_like(z)), parallel_iterations=1)[1]

    def _solve(self, z, *parameters):
        """x of z given the parameters, by halving: it lies among what each component alone would answer."""
        _, means, scales = parameters
        alone = means + scales * z[..., None]

        def halve(i, low, high):
            middle = (low + high) / 2.0
            beyond = self._map(middle, *parameters)[0] > z
            return i + 1, tf.where(beyond, low, middle), tf.where(beyond, middle, high)

        start = 0, tf.reduce_min(alone, axis=-1), tf.reduce_max(alone, axis=-1)
        _, low, high = tf.while_loop(lambda i, *_: i < self.HALVINGS, halve, start, parallel_iterations=1)
        return (low + high) / 2.0


class MaskedAutoregressiveFlow(GenerativeModel):
    """ln p(x) = ln N(f(x); 0, I) + ln |det df/dx| of points: exact, f made of steps that are autoregressive.

    Every step has its own network and takes the values in the other order than the one before it. With mixtures=1 it
    is the MAF of the paper but for batch normalisation; more make each conditional density multimodal by itself, as in
    the paper's MAF MoG, and give a point of one dimension a flow of its own. Values are normalised by the mean and the
    deviation of the first batch; densities are those of the values as they came.

    Args:
      dims: D, values of a point.
      width, depth: of the hidden layers of each network, which a point of one dimension has none of.
      steps: of the flow.
      mixtures: components of each step, logistic.

    log_prob(point): exact ln p of float32 [N, D], nats, [N]. sample(seed): int32 [N, 2] -> float32 [N, D].

    Raises:
      ValueError: naming an argument that is out of range.
    """

    def __init__(self, dims: int, width: int = 64, depth: int = 2, steps: int = 2, mixtures: int = 8):
        super().__init__((dims,), None, "point")
        arguments.check({"width": width, "depth": depth, "steps": steps, "mixtures": mixtures})
        self.mean = self.add_weight(shape=(dims,), initializer="zeros", trainable=False, name="mean")
        self.stddev = self.add_weight(shape=(dims,), initializer="ones", trainable=False, name="stddev")
        self.steps = [MixtureStep(dims, mixtures, width, depth) for _ in range(steps)]

    def initialize(self, batch):
        """Takes mean and deviation of the values from the first batch."""
        mean, variance = tf.nn.moments(batch["point"], axes=[0])
        self.mean.assign(mean)
        self.stddev.assign(tf.where(variance > 0.0, tf.sqrt(variance), 1.0))

    def to_latents(self, point: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """f: float32 [N, D] -> z [N, D], and ln |det df/dpoint|, [N]."""
        x, log_det = (point - self.mean) / self.stddev, -tf.reduce_sum(tf.math.log(self.stddev))
        for step in self.steps:
            x, its_log_det = step(x)
            x, log_det = x[:, ::-1], log_det + its_log_det
        return x, log_det

    def from_latents(self, z: tf.Tensor) -> tf.Tensor:
        """The inverse of f: [N, D] -> [N, D]."""
        for step in reversed(self.steps):
            z = step.inverse(z[:, ::-1])
        return z * self.stddev + self.mean

    def log_prob(self, point: tf.Tensor) -> tf.Tensor:
        """ln p(point), exact: float32 [N, D] -> [N], nats (of a density: it may be positive)."""
        z, log_det = self.to_latents(point)
        return standard_normal(self.shape[0]).log_prob(z) + log_det

    def sample(self, seed: tf.Tensor) -> tf.Tensor:
        """The point of a z ~ N(0, I) for each seed row: int32 [N, 2] -> float32 [N, D]."""
        return self.from_latents(seeds.normal(seed, self.shape))

    def players(self):
        return (Player("model", self._terms, parts=[self]),)

    def _terms(self, batch, seed, training):
        return {"negative_log_prob": -self.log_prob(batch["point"])}

    def signatures(self):
        return {
            "log_prob": Signature(
                lambda point: {"log_prob": self.log_prob(point)},
                {"point": self.batch_spec["point"]},
                "Exact ln p(point), nats, of a density.",
            ),
            "sample": Signature(
                lambda seed: {"point": self.sample(seed)}, {"seed": SEED}, "One point of each seed row."
            ),
        }
