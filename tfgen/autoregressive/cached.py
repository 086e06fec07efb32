"""Sampling that keeps what it has computed: the vertical stack one row at a time, the horizontal one a pixel at a time.

One loop over rows and one over pixels, inside the graph; every position is computed once, where the plain sampler
(`distributions.autoregressive`) runs the whole network for every value. Both draw from the logits with the same
function, so that the same uniforms give the same picture.
"""

import abc
from collections.abc import Callable

import keras
import tensorflow as tf

from tfgen.layers.causal import shift
from tfgen.layers.runs import Above, Parallel, PixelStep, RowStep, map_tensors, pack
from tfgen.ops import images


class CausalNetwork(keras.layers.Layer, abc.ABC):
    """A network of two stacks, written once for training and sampling as functions of a `run` (`layers.runs`).

    `vertical` sees the rows above, `horizontal` the pixels to the left and what the rows above say; `head` makes logits
    for the channels of a pixel, channel c from the features and the channels before c.
    """

    @abc.abstractmethod
    def vertical(self, run, rows: tf.Tensor, conditions: list, seed: tf.Tensor | None = None) -> Above:
        """Rows [N, (H,) W, C] in [-1, 1], each already one row late -> what pixels take from the rows above them."""

    @abc.abstractmethod
    def horizontal(self, run, pixels: tf.Tensor, above: Above, conditions: list, seed: tf.Tensor | None = None):
        """Pixels [N, (H, W,) C] in [-1, 1], each already one pixel late -> what `head` wants of them."""

    @abc.abstractmethod
    def head(self, run, features, pixels: tf.Tensor, channel: int | None = None) -> tf.Tensor:
        """Features and the pixels themselves -> logits [N, (H, W,) C, levels], channel c seeing channels before c; of
        one channel [N, (H, W,) levels]."""

    def build(self, shape):
        self.built = True  # its layers are built where they first run, before any training: `make_variables`

    def conditions(self, vector: tf.Tensor | None) -> list:
        """What the stacks add for a conditioning vector [N, D], computed once."""
        return []

    def call(self, pixels, vector=None, seed=None, planes=None):
        """[N, H, W, C] in [-1, 1] -> logits [N, H, W, C, levels] of all positions at once.

        `planes`, [N, H, W, S], say something of each position from the start: both stacks see them beside the pixels,
        but not late.
        """
        run = Parallel()
        return self.head(run, self.features(run, pixels, vector, seed, planes), pixels)

    def features(self, run: Parallel, pixels, vector=None, seed=None, planes=None):
        """What `head` wants, of all positions at once."""
        conditions = self.conditions(vector)
        above = self.vertical(run, beside(shift(pixels, 1), planes), conditions, seed)
        return self.horizontal(run, beside(shift(pixels, 2), planes), above, conditions, seed)


def beside(pixels: tf.Tensor, planes: tf.Tensor | None) -> tf.Tensor:
    """Pixels [N, ..., C] and planes [N, ..., S], if there are any, as the channels of one."""
    return pixels if planes is None else tf.concat([pixels, tf.cast(planes, pixels.dtype)], axis=-1)


def complete(
    network: CausalNetwork, image, known, uniforms, levels: int, draw: Callable, vector=None, planes=None
) -> tf.Tensor:
    """Draws the unknown values in order, each given all before it; the known ones stay.

    Args:
      network: of a picture of `image`'s static shape.
      image: uint8 [N, H, W, C].
      known: bool [N, H, W, C].
      uniforms: float32 [N, H, W, C] in (0, 1), one for each value.
      levels: number of values of a pixel.
      draw: logits [N, levels], uniform [N] -> level [N].
      vector: the network's conditioning, float32 [N, D].
      planes: what it knows of each position from the start, float32 [N, H, W, S].
    Returns:
      uint8 [N, H, W, C].
    """
    count, height, width, channels = image.shape
    count = tf.shape(image)[0] if count is None else count  # static where it can be, as XLA wants it
    # Pixel after pixel in the order of the scan: [H, W, N, C], so that a step takes one slice.
    given = tf.transpose(images.to_symmetric(image, levels), [1, 2, 0, 3])
    known, uniforms = (tf.transpose(tf.cast(value, tf.float32), [1, 2, 0, 3]) for value in (known, uniforms))
    conditions = network.conditions(vector)
    if planes is not None:
        planes = tf.transpose(tf.cast(planes, tf.float32), [1, 2, 0, 3])
    seen = channels + (0 if planes is None else planes.shape[-1])

    # A first row and pixel outside of the loops: it prepares the weights there, and tells what the layers keep.
    weights: dict = {}
    first_row = RowStep(weights, shape=(count, width))
    above = network.vertical(first_row, tf.zeros([count, width, seen]), conditions)
    above = map_tensors(lambda tensor: tensor[:, 0], above)
    first = PixelStep(weights)
    features = network.horizontal(first, tf.zeros([count, seen]), above, conditions)
    network.head(first, features, tf.zeros([count, channels]))
    handed = [first.handed, *first.coarser_handed]
    names = [list(of_level) for of_level in handed]
    sizes = [[tensor.shape[-1] for tensor in of_level.values()] for of_level in handed]
    lines = {
        f"line {level}": tf.zeros([width >> level, count, sum(sizes[level])])
        for level in range(len(handed))
        if names[level]
    }

    def row(r, canvas, lines, cache):
        by_layer = {}
        for name, line in lines.items():
            level = int(name.removeprefix("line "))
            parts = tf.split(tf.transpose(line, [1, 0, 2]), sizes[level], axis=-1)
            by_layer |= dict(zip(names[level], parts, strict=True))
        run = RowStep(weights, cache, by_layer, (count, width), r)
        late = beside(canvas[r], None if planes is None else planes[r])
        above = network.vertical(run, tf.transpose(late, [1, 0, 2]), conditions)
        rows = pack(above, [given[r], known[r], uniforms[r], *([] if planes is None else [planes[r]])])

        def pixel(c, before, line, cache):
            run = PixelStep(weights, cache, rows, (r, c))
            above, (given, known, uniforms, *plane) = rows[0].at(c)
            features = network.horizontal(run, beside(before, *plane or [None]), above, conditions)
            value = choose(run, features, given, known > 0.5, uniforms)
            run.hand_down()
            return c + 1, value, line.write(c, value), run.kept

        left = tf.zeros([count, channels])
        line = tf.TensorArray(tf.float32, width, element_shape=left.shape)
        _, _, line, kept = tf.while_loop(
            lambda c, *_: c < width, pixel, (0, left, line, zeros_like(first.kept) | lines), parallel_iterations=1
        )
        canvas = tf.tensor_scatter_nd_update(canvas, [[r + 1]], line.stack()[None])
        return r + 1, canvas, {name: kept[name] for name in lines}, run.kept

    def choose(run, features, given, known, uniforms):
        """The channels of a pixel [N, C], one after another."""
        # A batch at a time, [C, N] of each: in a loop of 784 rounds every operation counts.
        columns, givens = [], tf.unstack(given, axis=1)
        parts = zip(givens, tf.unstack(known, axis=1), tf.unstack(uniforms, axis=1), strict=True)
        for channel, (value, there, uniform) in enumerate(parts):
            # By concat: TensorFlow's graph optimiser takes slices with a new axis out of a stack wrongly.
            drawn = tf.concat([column[:, None] for column in [*columns, *givens[channel:]]], 1) if columns else given
            level = draw(network.head(run, features, drawn, channel), uniform)
            columns.append(tf.where(there, value, images.to_symmetric(level, levels)))
        return tf.stack(columns, axis=1)

    canvas = tf.zeros([height + 1, width, count, channels])
    _, canvas, *_ = tf.while_loop(
        lambda r, *_: r < height, row, (0, canvas, lines, zeros_like(first_row.kept)), parallel_iterations=1
    )
    return images.from_symmetric(tf.transpose(canvas[1:], [2, 0, 1, 3]), levels)


def zeros_like(tree):
    return tf.nest.map_structure(tf.zeros_like, tree)
