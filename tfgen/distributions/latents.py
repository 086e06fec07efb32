"""Distributions over latents: what a prior and a posterior are, so that one bound serves them all.

Rows are rows: k samples of an image are k rows of its features (`repeat`), so that nothing here counts samples.
"""

import abc
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import tensorflow as tf

from tfgen.ops import seeds


class Drawn(NamedTuple):
    """One draw of each row."""

    value: tf.Tensor | tuple[tf.Tensor, ...]  # z, float32 [N, D]; of several layers a tuple, the top first
    log_prob: tf.Tensor  # the log-probability of the value, [N] nats
    layers: tuple = ()  # of several layers: of each its distribution given the values above it, and its own Drawn


class Latents(abc.ABC):
    """A distribution over z for each of N rows, or one for all rows alike."""

    @abc.abstractmethod
    def draw(self, seed: tf.Tensor) -> Drawn:
        """A reparameterised draw of each row; row i depends on seed row i (int32 [N, 2]) alone."""

    @abc.abstractmethod
    def kl(self, prior: "Density", drawn: Drawn) -> list[tf.Tensor]:
        """KL(self || prior), [N] nats: in closed form where there is one, else estimated at what was drawn.

        Of several layers the share of each, given the values drawn above it.
        """

    @abc.abstractmethod
    def moments(self) -> dict[str, tf.Tensor]:
        """The "mean" and "stddev" of z, [N, D] each; nothing where they have no closed form."""


class Density(Latents):
    """Latents whose density is known everywhere, as that of a prior has to be."""

    @abc.abstractmethod
    def log_prob(self, value: tf.Tensor | tuple[tf.Tensor, ...]) -> tf.Tensor:
        """ln p(z) at values like those of `draw`: [N], nats."""


def _kl_by_sample(prior: Density, drawn: Drawn) -> list[tf.Tensor]:
    return [drawn.log_prob - prior.log_prob(drawn.value)]


class Gaussian(Density):
    """A normal distribution over vectors: z = mean + scale noise. Float32 whatever the precision of its parameters.

    Args:
      mean: [N, D], or [D] for all rows alike.
    """

    def __init__(self, mean: tf.Tensor):
        self._mean = tf.cast(mean, tf.float32)

    def mean(self) -> tf.Tensor:
        """[N, D]."""
        return self._mean

    @abc.abstractmethod
    def stddev(self) -> tf.Tensor:
        """The standard deviation of each dimension, [N, D]."""

    @abc.abstractmethod
    def log_volume(self) -> tf.Tensor:
        """ln |det scale|, [N]."""

    @abc.abstractmethod
    def _spread(self, noise: tf.Tensor) -> tf.Tensor:
        """scale noise."""

    @abc.abstractmethod
    def _noise(self, offset: tf.Tensor) -> tf.Tensor:
        """scale^-1 offset."""

    def draw(self, seed):
        noise = seeds.normal(seed, [self._mean.shape[-1]])
        return Drawn(self._mean + self._spread(noise), self._log_prob(noise))

    def log_prob(self, value):
        return self._log_prob(self._noise(value - self._mean))

    def _log_prob(self, noise):
        return -0.5 * tf.reduce_sum(noise**2 + math.log(2 * math.pi), axis=-1) - self.log_volume()

    def kl(self, prior, drawn):
        if not isinstance(prior, DiagonalGaussian):
            return _kl_by_sample(prior, drawn)
        # Kingma and Welling 2014, appendix B, for any scale, and for any mean and deviation of the prior.
        offset, spread = (self._mean - prior.mean()) / prior.stddev(), self.stddev() / prior.stddev()
        return [0.5 * tf.reduce_sum(offset**2 + spread**2 - 1.0, axis=-1) + prior.log_volume() - self.log_volume()]

    def moments(self):
        return {"mean": self.mean(), "stddev": self.stddev()}


class DiagonalGaussian(Gaussian):
    """N(mean, diag(stddev^2)), both [N, D], or [D] for all rows alike."""

    def __init__(self, mean: tf.Tensor, stddev: tf.Tensor):
        super().__init__(mean)
        self._stddev = tf.cast(stddev, tf.float32)

    def stddev(self):
        return self._stddev

    def log_volume(self):
        return tf.reduce_sum(tf.math.log(self._stddev), axis=-1)

    def kl_of_dimensions(self, prior: "DiagonalGaussian") -> tf.Tensor:
        """KL(self || prior) of each dimension, [N, D] nats."""
        offset, spread = (self._mean - prior.mean()) / prior.stddev(), self._stddev / prior.stddev()
        return 0.5 * (offset**2 + spread**2 - 1.0) - tf.math.log(spread)

    def _spread(self, noise):
        return self._stddev * noise

    def _noise(self, offset):
        return offset / self._stddev


class FullGaussian(Gaussian):
    """N(mean, scale scale'): mean [N, D], scale [N, D, D] lower triangular with a positive diagonal."""

    def __init__(self, mean: tf.Tensor, scale: tf.Tensor):
        super().__init__(mean)
        self._scale = tf.linalg.band_part(tf.cast(scale, tf.float32), -1, 0)

    def stddev(self):
        return tf.norm(self._scale, axis=-1)

    def log_volume(self):
        return tf.reduce_sum(tf.math.log(tf.linalg.diag_part(self._scale)), axis=-1)

    def _spread(self, noise):
        return tf.linalg.matvec(self._scale, noise)

    def _noise(self, offset):
        return tf.linalg.triangular_solve(self._scale, offset[..., None])[..., 0]


def standard_normal(dim: int) -> DiagonalGaussian:
    """N(0, I) over vectors [dim]."""
    return DiagonalGaussian(tf.zeros([dim]), tf.ones([dim]))


class Uniform(Density):
    """Uniform in [-1, 1]^D for all rows alike."""

    def __init__(self, dim: int):
        self._dim = dim

    def draw(self, seed):
        value = 2.0 * seeds.uniform(seed, [self._dim]) - 1.0
        return Drawn(value, self.log_prob(value))

    def log_prob(self, value):
        inside = tf.reduce_all(tf.abs(value) <= 1.0, axis=-1)
        return tf.where(inside, -self._dim * math.log(2.0), -math.inf)

    def kl(self, prior, drawn):
        return _kl_by_sample(prior, drawn)

    def moments(self):
        return {"mean": tf.zeros([self._dim]), "stddev": tf.fill([self._dim], 1.0 / math.sqrt(3.0))}


class Sphere(Density):
    """Uniform on the sphere of radius sqrt(D) for all rows alike; its density is by the sphere's area, and is that of
    every value's direction (White 2016, "Sampling Generative Networks", https://arxiv.org/abs/1609.04468)."""

    def __init__(self, dim: int):
        self._dim = dim

    def draw(self, seed):
        noise = seeds.normal(seed, [self._dim])
        value = noise * (math.sqrt(self._dim) * tf.math.rsqrt(tf.reduce_sum(noise**2, axis=-1, keepdims=True)))
        return Drawn(value, self.log_prob(value))

    def log_prob(self, value):
        half = 0.5 * self._dim
        log_area = math.log(2.0) + half * math.log(math.pi) - math.lgamma(half) + (half - 0.5) * math.log(self._dim)
        return tf.fill(tf.shape(value)[:1], -log_area)

    def kl(self, prior, drawn):
        return _kl_by_sample(prior, drawn)

    def moments(self):
        return {"mean": tf.zeros([self._dim]), "stddev": tf.ones([self._dim])}


class Flow(Latents):
    """Latents pushed through steps, each z -> (z', ln |det dz'/dz| [N]).

    Its density is known where it was drawn, which is all that a posterior needs: a step may have no inverse (planar,
    Rezende and Mohamed 2015), or a slow one (inverse autoregressive, Kingma et al. 2016).
    """

    def __init__(self, base: Latents, steps: Sequence[Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]]):
        self.base, self.steps = base, steps

    def draw(self, seed):
        value, log_prob, _ = self.base.draw(seed)
        for step in self.steps:
            value, log_det = step(value)
            log_prob -= log_det
        return Drawn(value, log_prob)

    def kl(self, prior, drawn):
        return _kl_by_sample(prior, drawn)

    def moments(self):
        return {}


class Mixture(Density):
    """Of K normals, the same for all rows: a Gaussian mixture, or the VampPrior with its q(z | pseudo-input).

    Which component a draw comes from has no gradient, so that it is a prior rather than a posterior to be learned.

    Args:
      logits: of the components' weights, [K].
      components: K rows of normals.
    """

    def __init__(self, logits: tf.Tensor, components: DiagonalGaussian):
        self.log_weights = tf.nn.log_softmax(tf.cast(logits, tf.float32))
        self.components = components

    def draw(self, seed):
        choice, noise = seeds.split(seed, 2)
        below = tf.cumsum(tf.exp(self.log_weights))
        # A share of the very sum: the last component takes no remainder that rounding left.
        chosen = tf.searchsorted(below[:-1], seeds.uniform(choice, []) * below[-1], side="right")
        mean, stddev = (tf.gather(one, chosen) for one in (self.components.mean(), self.components.stddev()))
        value = DiagonalGaussian(mean, stddev).draw(noise).value
        return Drawn(value, self.log_prob(value))

    def log_prob(self, value):
        return tf.reduce_logsumexp(self.log_weights + self.components.log_prob(value[..., None, :]), axis=-1)

    def kl(self, prior, drawn):
        return _kl_by_sample(prior, drawn)

    def moments(self):
        return {}


class AutoregressiveGaussian(Density):
    """p(z) = prod_i N(z_i; mean_i(z_<i), stddev_i(z_<i)^2), the same for all rows (Chen et al. 2017, "Variational Lossy
    Autoencoder", section 3.2: as a prior it is what an inverse autoregressive flow is as a posterior).

    Args:
      dim: of z.
      conditionals: z [N, D] -> mean and standard deviation [N, D], both at i of z_<i alone.
    """

    def __init__(self, dim: int, conditionals: Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]):
        self.dim, self.conditionals = dim, conditionals

    def draw(self, seed):
        noise = seeds.normal(seed, [self.dim])

        def step(i, value):
            mean, stddev = self.conditionals(value)
            return i + 1, tf.where(tf.range(self.dim) == i, mean + stddev * noise, value)

        loop = (0, tf.zeros_like(noise))
        _, value = tf.while_loop(lambda i, _: i < self.dim, step, loop, parallel_iterations=1)
        return Drawn(value, self.log_prob(value))

    def log_prob(self, value):
        return DiagonalGaussian(*self.conditionals(value)).log_prob(value)

    def kl(self, prior, drawn):
        return _kl_by_sample(prior, drawn)

    def moments(self):
        return {}


class OneHot(Density):
    """One of K classes, as a one-hot vector: of each row by its logits [N, K], or [K] for all rows alike."""

    def __init__(self, logits: tf.Tensor):
        self.log_probs = tf.nn.log_softmax(tf.cast(logits, tf.float32))

    def draw(self, seed):
        value = tf.one_hot(tf.argmax(self.log_probs + _gumbel(seed, self.log_probs), axis=-1), self.log_probs.shape[-1])
        return Drawn(value, self.log_prob(value))

    def log_prob(self, value):
        return tf.reduce_sum(tf.where(value > 0, value * self.log_probs, 0.0), axis=-1)

    def kl(self, prior, drawn):
        if not isinstance(prior, OneHot):
            return _kl_by_sample(prior, drawn)
        return [tf.reduce_sum(tf.exp(self.log_probs) * (self.log_probs - prior.log_probs), axis=-1)]

    def moments(self):
        probs = tf.exp(self.log_probs)
        return {"mean": probs, "stddev": tf.sqrt(probs * (1.0 - probs))}


class SideBySide(Density):
    """Vectors that have nothing to do with each other, as one: [N, D_1 + D_2 + ...].

    Args:
      parts: densities of vectors, each with the number of its dimensions, [D].
    """

    def __init__(self, *parts: tuple[Density, int]):
        self.parts, self.sizes = zip(*parts, strict=True)

    def draw(self, seed):
        drawn = [part.draw(own) for part, own in zip(self.parts, seeds.split(seed, len(self.parts)), strict=True)]
        log_prob = tf.add_n([tf.broadcast_to(one.log_prob, tf.shape(seed)[:1]) for one in drawn])
        return Drawn(tf.concat([one.value for one in drawn], axis=-1), log_prob)

    def log_prob(self, value):
        values = tf.split(value, self.sizes, axis=-1)
        return tf.add_n([part.log_prob(own) for part, own in zip(self.parts, values, strict=True)])

    def kl(self, prior, drawn):
        return _kl_by_sample(prior, drawn)

    def moments(self):
        return {}


class RelaxedOneHot(OneHot):
    """A `OneHot` whose draws are soft, so that they have a gradient: softmax((logits + Gumbel noise) / temperature).

    Jang, Gu and Poole 2017, "Categorical Reparameterization with Gumbel-Softmax", https://arxiv.org/abs/1611.01144,
    eq. 2. Its KL is that of the classes, as in the paper's experiments; so what is trained on it is no bound on the
    likelihood, and what is reported has to be of hard draws.
    """

    def __init__(self, logits: tf.Tensor, temperature: float):
        super().__init__(logits)
        self.temperature = temperature

    def draw(self, seed):
        value = tf.nn.softmax((self.log_probs + _gumbel(seed, self.log_probs)) / self.temperature)
        return Drawn(value, self.log_prob(value))


def _gumbel(seed: tf.Tensor, like: tf.Tensor) -> tf.Tensor:
    return -tf.math.log(-tf.math.log(seeds.uniform(seed, [like.shape[-1]])))


class Hierarchy(Density):
    """p(z_1) p(z_2 | z_1) p(z_3 | z_1, z_2) ..., from the top down, as a prior or as a ladder's posterior; also any z
    of several parts. `log_prob` wants densities of the layers."""

    @abc.abstractmethod
    def given(self, values: tuple[tf.Tensor, ...]) -> list[Latents]:
        """The distribution of each layer given the values above it."""

    def log_prob(self, value):
        return tf.add_n([one.log_prob(z) for one, z in zip(self.given(value), value, strict=True)])

    def kl(self, prior, drawn):
        if not isinstance(prior, Hierarchy):
            return _kl_by_sample(prior, drawn)
        pairs = zip(drawn.layers, prior.given(drawn.value), strict=True)
        return [tf.add_n(layer.kl(above, own)) for (layer, own), above in pairs]

    def moments(self):
        return {}


class Layers(Hierarchy):
    """A hierarchy of layers each of which is a function of the values above it, of () for the first."""

    def __init__(self, *layers: Callable[..., Latents]):
        self._layers = layers

    def given(self, values):
        return [layer(*values[:i]) for i, layer in enumerate(self._layers)]

    def draw(self, seed):
        values, layers = (), []
        for layer, own_seed in zip(self._layers, seeds.split(seed, len(self._layers)), strict=True):
            latents = layer(*values)
            layers.append((latents, latents.draw(own_seed)))
            values += (layers[-1][1].value,)
        return Drawn(values, tf.add_n([drawn.log_prob for _, drawn in layers]), tuple(layers))


class Walked(tuple):
    """The values of a hierarchy, the top first, and the states that a walk down it came through."""

    states: list


class Walk(Hierarchy):
    """A hierarchy in which a state goes down from layer to layer and takes in what is drawn: a walk sees every network
    once, and who is given the values next need not walk again.

    Args:
      start: number of rows -> the state above the first layer.
      layers: each a function of the state above it.
      steps: as many functions (state, value of the layer) -> the state below it.
    """

    def __init__(self, start: Callable, layers: Sequence[Callable[..., Latents]], steps: Sequence[Callable]):
        self._start, self._layers, self._steps = start, layers, steps

    def states(self, values: tuple[tf.Tensor, ...]) -> list:
        """Above each layer, and below the last."""
        if isinstance(values, Walked):
            return values.states
        states = [self._start(tf.shape(values[0])[0])]
        for step, value in zip(self._steps, values, strict=True):
            states.append(step(states[-1], value))
        return states

    def given(self, values):
        return [layer(state) for layer, state in zip(self._layers, self.states(values), strict=False)]

    def draw(self, seed):
        states, layers = [self._start(tf.shape(seed)[0])], []
        own_seeds = seeds.split(seed, len(self._layers))
        for layer, step, own_seed in zip(self._layers, self._steps, own_seeds, strict=True):
            latents = layer(states[-1])
            layers.append((latents, latents.draw(own_seed)))
            states.append(step(states[-1], layers[-1][1].value))
        values = Walked(drawn.value for _, drawn in layers)
        values.states = states
        return Drawn(values, tf.add_n([drawn.log_prob for _, drawn in layers]), tuple(layers))


class BottomUp(Latents):
    """q(z_L | x) q(z_{L-1} | z_L) ... q(z_1 | z_2): a posterior that is drawn from the layer next to the image upwards
    (Burda et al. 2016, eq. 1). Its values are in the order of `Layers`, the top first.

    Args:
      layers: each a function of the value below it, the lowest first, of ().
    """

    def __init__(self, *layers: Callable[..., Latents]):
        self._layers = layers

    def draw(self, seed):
        below, layers = (), []
        for layer, own_seed in zip(self._layers, seeds.split(seed, len(self._layers)), strict=True):
            latents = layer(*below)
            layers.insert(0, (latents, latents.draw(own_seed)))
            below = (layers[0][1].value,)
        log_prob = tf.add_n([drawn.log_prob for _, drawn in layers])
        return Drawn(tuple(drawn.value for _, drawn in layers), log_prob, tuple(layers))

    def kl(self, prior, drawn):
        """A layer's share is at what was drawn, but for the top's: what lies below that it does not depend on."""
        (latents, own), *lower = drawn.layers
        top, *others = prior.given(drawn.value)
        shares = [_kl_by_sample(above, own) for (_, own), above in zip(lower, others, strict=True)]
        return [tf.add_n(share) for share in [latents.kl(top, own), *shares]]

    def moments(self):
        return {}


def repeat(tree, times: int):
    """Every row of a tree of tensors `times` times, its repetitions N apart: [N, ...] -> [times N, ...]."""
    return tf.nest.map_structure(lambda x: tf.tile(x, [times] + [1] * (x.shape.rank - 1)), tree)
