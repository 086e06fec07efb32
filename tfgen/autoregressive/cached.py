"""Sampling that keeps what it has computed: the vertical stack one row at a time, the horizontal one a pixel at a time.

One loop over rows and one over pixels, inside the graph; every position is computed once, where the plain sampler
(`distributions.autoregressive`) runs the whole network for every value. Both draw inverse_cdf(logits, uniform), so
that the same uniforms give the same picture.
"""

import abc

import keras
import tensorflow as tf

from tfgen.distributions.autoregressive import inverse_cdf
from tfgen.layers.causal import Parallel, Step, shift
from tfgen.ops import images


class CausalNetwork(keras.layers.Layer, abc.ABC):
    """A network of two stacks, written once for training and sampling as functions of a `run` (`layers.causal`).

    `vertical` sees the rows above, `horizontal` the pixels to the left and what the rows above say; `head` makes logits
    for every channel of a pixel, channel c from the features and the channels before c.
    """

    @abc.abstractmethod
    def vertical(self, run, rows: tf.Tensor, conditions: list, seed: tf.Tensor | None = None) -> list[tf.Tensor]:
        """Rows [N, (H,) W, C] in [-1, 1], each already one row late -> what each layer hands to `horizontal`."""

    @abc.abstractmethod
    def horizontal(self, run, pixels: tf.Tensor, above: list, conditions: list, seed: tf.Tensor | None = None):
        """Pixels [N, (H, W,) C] in [-1, 1], each already one pixel late -> features [N, (H, W,) F]."""

    @abc.abstractmethod
    def head(self, run, features: tf.Tensor, pixels: tf.Tensor) -> tf.Tensor:
        """Features and the pixels themselves -> logits [N, (H, W,) C, levels]; channel c sees channels before c."""

    @abc.abstractmethod
    def conditions(self, vector: tf.Tensor | None) -> list:
        """What the stacks add for a conditioning vector [N, D], one tensor or None for each layer; computed once."""

    def call(self, pixels, vector=None, seed=None):
        """[N, H, W, C] in [-1, 1] -> logits [N, H, W, C, levels] of all positions at once."""
        run, conditions = Parallel(), self.conditions(vector)
        above = self.vertical(run, shift(pixels, 1), conditions, seed)
        return self.head(run, self.horizontal(run, shift(pixels, 2), above, conditions, seed), pixels)


def complete(network: CausalNetwork, image, known, uniforms, levels: int, vector=None) -> tf.Tensor:
    """Draws the unknown values in order, each given all before it; the known ones stay.

    Args:
      network: of a picture of `image`'s static shape.
      image: uint8 [N, H, W, C].
      known: bool [N, H, W, C].
      uniforms: float32 [N, H, W, C] in (0, 1), one for each value.
      levels: number of values of a pixel.
      vector: the network's conditioning, float32 [N, D].
    Returns:
      uint8 [N, H, W, C].
    """
    count, height, width, channels = image.shape
    count = tf.shape(image)[0] if count is None else count  # static where it can be, as XLA wants it
    # Pixel after pixel in the order of the scan: [H, W, N, C], so that a step takes one slice.
    given = tf.transpose(images.to_symmetric(image, levels), [1, 2, 0, 3])
    known, uniforms = (tf.transpose(tf.cast(value, tf.float32), [1, 2, 0, 3]) for value in (known, uniforms))
    conditions = network.conditions(vector)

    # A first row and pixel outside of the loops: it prepares the weights there, and tells what the layers keep.
    weights: dict = {}
    first_row = Step({}, weights)
    above = [tensor[:, 0] for tensor in network.vertical(first_row, tf.zeros([count, width, channels]), conditions)]
    sizes = [tensor.shape[-1] for tensor in above]
    first_pixel = Step({}, weights)
    features = network.horizontal(first_pixel, tf.zeros([count, channels]), above, conditions)
    network.head(first_pixel, features, tf.zeros([count, channels]))

    def row(r, canvas, cache):
        run = Step(cache, weights)
        above = network.vertical(run, tf.transpose(canvas[r], [1, 0, 2]), conditions)
        above = [tf.transpose(tensor, [1, 0, 2]) for tensor in above]
        # All that a pixel needs in one tensor [W, N, ...]: one gather for each pixel.
        packed = tf.concat([*above, given[r], known[r], uniforms[r]], axis=-1)

        def pixel(c, before, line, cache):
            run = Step(cache, weights)
            *above, given, known, uniforms = tf.split(tf.gather(packed, c), [*sizes, *[channels] * 3], axis=-1)
            value = draw(run, network.horizontal(run, before, above, conditions), given, known > 0.5, uniforms)
            return c + 1, value, tf.concat([line[1:], value[None]], axis=0), run.kept

        line = tf.zeros([width, count, channels])
        _, _, line, _ = tf.while_loop(
            lambda c, *_: c < width, pixel, (0, line[0], line, zeros_like(first_pixel.kept)),
            maximum_iterations=width, parallel_iterations=1)  # fmt: skip
        return r + 1, tf.tensor_scatter_nd_update(canvas, [[r + 1]], line[None]), run.kept

    def draw(run, features, given, known, uniforms):
        """The channels of a pixel [N, C], one after another."""
        columns = []
        for channel in range(channels):
            drawn = tf.concat([*columns, given[:, channel:]], axis=1) if columns else given
            logits = network.head(run, features, drawn)[:, channel]
            level = inverse_cdf(logits, uniforms[:, channel])
            column = images.to_symmetric(level, levels)[:, None]
            columns.append(tf.where(known[:, channel : channel + 1], given[:, channel : channel + 1], column))
        return tf.concat(columns, axis=1)

    canvas = tf.zeros([height + 1, width, count, channels])
    _, canvas, _ = tf.while_loop(
        lambda r, *_: r < height, row, (0, canvas, zeros_like(first_row.kept)),
        maximum_iterations=height, parallel_iterations=1)  # fmt: skip
    return images.from_symmetric(tf.transpose(canvas[1:], [2, 0, 1, 3]), levels)


def zeros_like(tree):
    return tf.nest.map_structure(tf.zeros_like, tree)
