"""A likelihood whose pixels depend on the pixels before them: p(x) = prod_i p(x_i | x_1 .. x_{i-1}).

The order is the raster scan of the picture, and within a pixel R, then G given R, then B given both
(van den Oord, Kalchbrenner and Kavukcuoglu 2016, "Pixel Recurrent Neural Networks", eq. 1 and 2).
"""

import dataclasses
import math
from collections.abc import Callable

import tensorflow as tf
import tensorflow_probability as tfp

from tfgen.distributions.likelihoods import Likelihood
from tfgen.ops import seeds

tfd = tfp.distributions


FIRST_PIXELS = ("model", "uniform")


@dataclasses.dataclass(frozen=True)
class Draw:
    """How a value is drawn from its softmax; as it stands, unless told otherwise.

    Args:
      temperature: divides the logits; below 1 likely values become likelier.
      nucleus: only the most likely values are drawn from, as many as together reach this probability (Holtzman et al.
        2020, "The Curious Case of Neural Text Degeneration").
      first_pixel: of a sample: "model", or "uniform" for any of the levels alike, which the model goes on from.
    """

    temperature: float = 1.0
    nucleus: float = 1.0
    first_pixel: str = "model"

    def __post_init__(self):
        if not self.temperature > 0:
            raise ValueError(f"temperature={self.temperature}: must be above 0 (1 leaves the model as it is)")
        if not 0 < self.nucleus <= 1:
            raise ValueError(f"nucleus={self.nucleus}: must lie in (0, 1] (1 leaves the model as it is)")
        if self.first_pixel not in FIRST_PIXELS:
            raise ValueError(f"first_pixel={self.first_pixel!r}: must be one of {', '.join(FIRST_PIXELS)}")

    def __str__(self):
        if self == Draw():
            return "exact (temperature 1, nucleus 1)"
        first = ", the first pixel uniform" if self.first_pixel == "uniform" else ""
        return f"not of the model itself but at temperature {self.temperature:g}, nucleus {self.nucleus:g}{first}"

    def __call__(self, logits: tf.Tensor, uniform: tf.Tensor) -> tf.Tensor:
        """[N, levels], [N] -> level uint8 [N]."""
        if self.temperature != 1:
            # The likeliest level at 0 and the others below it: nothing is infinite on the way to temperature 0.
            logits = tf.cast(logits, tf.float32)
            logits = (logits - tf.reduce_max(logits, axis=-1, keepdims=True)) / max(self.temperature, 1e-30)
        if self.nucleus != 1:
            probs = tf.nn.softmax(tf.cast(logits, tf.float32))
            ranked = tf.sort(probs, direction="DESCENDING")
            kept = tf.cumsum(ranked, axis=-1, exclusive=True) < self.nucleus
            smallest = tf.reduce_min(tf.where(kept, ranked, 1.0), axis=-1, keepdims=True)
            logits = tf.where(probs >= smallest, logits, -math.inf)
        return tf.cast(inverse_cdf(logits, uniform), tf.uint8)


EXACT = Draw()


class Autoregressive(Likelihood):
    """A softmax over the levels of every channel of every pixel, given those before it.

    Args:
      logits: a causal network, uint8 [N, H, W, C] -> [N, H, W, C, levels]: logits of position i see positions < i only.
      shape: of an example, (H, W, C) of an image.
      fill: a faster way to do what `fill_plainly` does, if there is one.
      log_prob: a shorter way to the sum of the conditionals' log-probabilities, if there is one.
    """

    shows_sample = True

    def __init__(
        self,
        logits: Callable[[tf.Tensor], tf.Tensor],
        shape: tuple[int, ...],
        fill: Callable[[tf.Tensor, tf.Tensor, tf.Tensor, Draw], tf.Tensor] | None = None,
        log_prob: Callable[[tf.Tensor], tf.Tensor] | None = None,
    ):
        self.logits = logits
        self.shape = tuple(shape)
        self.fill = fill or self.fill_plainly
        self._log_prob = log_prob or (lambda image: self.conditionals(image).log_prob(tf.cast(image, tf.int32)))

    def conditionals(self, image: tf.Tensor) -> tfd.Distribution:
        """p(x_i | x_<i) of all positions at once (teacher forcing): one event per image."""
        return tfd.Independent(tfd.Categorical(logits=tf.cast(self.logits(image), tf.float32)), len(self.shape))

    def log_prob(self, image):
        return self._log_prob(image)

    def sample(self, seed, draw: Draw = EXACT):
        image = tf.zeros([tf.shape(seed)[0], *self.shape], tf.uint8)
        return self.complete(image, tf.zeros_like(image, tf.bool), seed, draw)

    def show(self, seed=None):
        return self.sample(seed)

    def moments(self):
        return {}

    def complete(self, image: tf.Tensor, known: tf.Tensor, seed: tf.Tensor, draw: Draw = EXACT) -> tf.Tensor:
        """Draws the unknown values in order, each given all before it; the known ones stay bit for bit.

        Args:
          image: uint8 [N, H, W, C]; what it holds where `known` is False is not looked at.
          known: bool [N, H, W, C].
          seed: int32 [N, 2].
          draw: how a value is drawn from its logits.
        Returns:
          uint8 [N, H, W, C]. A known value after an unknown one is kept but does not bend the draw before it.
        """
        return self.fill(image, known, seeds.uniform(seed, self.shape), draw)

    def fill_plainly(self, image: tf.Tensor, known: tf.Tensor, uniforms: tf.Tensor, draw: Draw = EXACT) -> tf.Tensor:
        """Runs the whole network once for every value; a value is drawn from its logits with its uniform."""
        positions = math.prod(self.shape)
        uniforms = tf.reshape(uniforms, [-1, positions])
        known = tf.reshape(known, [-1, positions])
        image = tf.where(known, tf.reshape(image, [-1, positions]), tf.constant(0, tf.uint8))

        def step(i, image):
            logits = self.logits(tf.reshape(image, [-1, *self.shape]))
            logits = tf.reshape(logits, [-1, positions, logits.shape[-1]])[:, i]
            value = tf.where(known[:, i], image[:, i], draw(logits, uniforms[:, i]))
            here = tf.range(positions) == i
            return i + 1, tf.where(here, value[:, None], image)

        _, image = tf.while_loop(lambda i, _: i < positions, step, (0, image), parallel_iterations=1)
        return tf.reshape(image, [-1, *self.shape])


def inverse_cdf(logits: tf.Tensor, uniform: tf.Tensor) -> tf.Tensor:
    """The level at which the distribution function of a softmax passes `uniform`: [N, levels], [N] -> int32 [N]."""
    cumulative = tf.cumsum(tf.nn.softmax(tf.cast(logits, tf.float32)), axis=-1)
    # Of the total, which is 1 but for rounding: so no uniform lies above it, and none draws a level of probability 0.
    return tf.reduce_sum(tf.cast(cumulative <= uniform[:, None] * cumulative[:, -1:], tf.int32), axis=-1)
