"""PixelCNN++: Tim Salimans, Andrej Karpathy, Xi Chen, Diederik P. Kingma, 2017, "PixelCNN++: Improving the PixelCNN
with Discretized Logistic Mixture Likelihood and Other Modifications", https://arxiv.org/abs/1701.05517."""

import keras
import tensorflow as tf

from tfgen.autoregressive.base import AutoregressiveModel
from tfgen.autoregressive.cached import CausalNetwork, complete
from tfgen.core import arguments
from tfgen.distributions.logistic_mixture import DiscretizedLogisticMixture
from tfgen.layers.causal import CausalColumns, CausalRows, CausalWindow, Pointwise, everywhere
from tfgen.layers.dropout import dropout
from tfgen.layers.runs import Above, Initialize, Parallel
from tfgen.ops import images


def concat_elu(x: tf.Tensor) -> tf.Tensor:
    """ELU of the features and of their negatives: twice as many."""
    return tf.nn.elu(tf.concat([x, -x], axis=-1))


class GatedBlock(keras.layers.Layer):
    """x + a sigmoid(b), (a, b) two convolutions on from x, with a short cut and a condition on the way.

    Args:
      convolution: makes a causal convolution of so many filters.
      feeds: names of what else comes in: "vertical", "skip", "condition".
      stream: of its dropout.
    """

    def __init__(self, width: int, convolution, feeds: set[str], rate: float, stream: int):
        super().__init__()
        self.first = convolution(width, normalized=True)
        self.second = convolution(2 * width, normalized=True, init_scale=0.1)
        for name in ("vertical", "skip"):
            setattr(self, name, Pointwise(width, normalized=True) if name in feeds else None)
        self.condition = Pointwise(2 * width, use_bias=False) if "condition" in feeds else None
        self.rate, self.stream = rate, stream

    def above(self, run, vertical):
        """What its two convolutions take from the rows above, the vertical stream among it, by their names."""
        first = run.above(self.first, run(self.vertical, concat_elu(vertical)))
        return {self.first.name: first, self.second.name: run.above(self.second)}

    def of(self, run, x, above=None, skip=None, condition=None, seed=None):
        above = above or {}  # the rows' own stream takes nothing
        h = run(self.first, concat_elu(x), above.get(self.first.name))
        if skip is not None:
            h += run(self.skip, concat_elu(skip))
        h = run(self.second, dropout(concat_elu(h), self.rate, seed, self.stream), above.get(self.second.name))
        if condition is not None:
            h += everywhere(condition, h)
        a, b = tf.split(h, 2, axis=-1)
        return x + a * tf.sigmoid(b)


def rows(filters: int, **options):
    return CausalRows(filters, 2, 3, **options)


class Scale(keras.layers.Layer):
    """One resolution of the two streams: blocks on the way down, the way to the next coarser one, blocks on the way up.

    The coarser one is halved by a stride of 2, and doubled by a linear map to four pixels.
    """

    def __init__(self, scale: int, scales: int, width: int, depth: int, rate: float, conditional: bool):
        super().__init__()
        self.coarsest = scale == scales - 1
        ups = depth if self.coarsest else depth + 1
        of_rows = {"condition"} if conditional else set()
        of_pixels = of_rows | {"vertical"}
        stream = [scale * (8 * depth + 8)]

        def blocks(count, convolution, feeds):
            stream[0] += count
            return [GatedBlock(width, convolution, feeds, rate, stream[0] - count + i) for i in range(count)]

        self.rows_down, self.rows_up = blocks(depth, rows, of_rows), blocks(ups, rows, of_rows | {"skip"})
        self.down, self.up = blocks(depth, CausalWindow, of_pixels), blocks(ups, CausalWindow, of_pixels | {"skip"})
        if not self.coarsest:
            self.rows_halve, self.rows_double = (
                rows(width, stride=2, normalized=True),
                Pointwise(4 * width, normalized=True),
            )
            self.halve, self.double = (
                CausalWindow(width, stride=2, normalized=True),
                Pointwise(4 * width, normalized=True),
            )

    @property
    def blocks(self):
        return [*self.rows_down, *self.rows_up, *self.down, *self.up]

    def vertical(self, run, u, conditions, seed, coarser):
        """u: the stream of the rows above -> it, after all blocks, and the Above of the other stream."""
        skips, here, above, passed = [u], {}, None, None

        def through(block, beside, skip=None):
            nonlocal u
            u = block.of(run, u, skip=skip, condition=conditions.get(block.name), seed=seed)
            here.update(beside.above(run, u))

        for block, beside in zip(self.rows_down, self.down, strict=True):
            through(block, beside)
            skips.append(u)
        if self.coarsest:
            skips.pop()
        else:
            here[self.halve.name] = run.above(self.halve)

            def below(run, u):
                u, above = coarser[0].vertical(run, u, conditions, seed, coarser[1:])
                return run(self.rows_double, u), above

            u, above, passed = run.coarser_rows(self.name, below, run(self.rows_halve, u))
        for block, beside in zip(self.rows_up, self.up, strict=True):
            through(block, beside, skips.pop())
        return u, Above(here, above, passed)

    def horizontal(self, run, x, above, conditions, seed, coarser):
        """x: the stream of this row and those above -> it, after all blocks."""
        skips = [x]

        def through(block, x, skip=None):
            return block.of(run, x, above.here, skip, conditions.get(block.name), seed)

        for block in self.down:
            x = through(block, x)
            skips.append(x)
        if self.coarsest:
            skips.pop()
        else:

            def below(run, x, above):
                return run(self.double, coarser[0].horizontal(run, x, above, conditions, seed, coarser[1:]))

            x = run.coarser_pixels(self.name, below, run(self.halve, x, above.here[self.halve.name]), above)
        for block in self.up:
            x = through(block, x, skips.pop())
        return x


class PixelStreams(CausalNetwork):
    """Figure 2: a stream of the rows above and one of the pixels before, down through the scales and up again."""

    def __init__(self, channels, levels, width, depth, scales, mixtures, rate, conditional):
        super().__init__()
        self.channels, self.levels, self.mixtures = channels, levels, mixtures
        self.first = CausalRows(width, 2, 3, normalized=True)
        self.first_above = CausalRows(width, 1, 3, normalized=True)
        self.first_left = CausalColumns(width, 1, normalized=True)
        self.scales = [Scale(i, scales, width, depth, rate, conditional) for i in range(scales)]
        self.last = Pointwise(DiscretizedLogisticMixture.size(channels, mixtures), normalized=True)

    def conditions(self, vector):
        if vector is None:
            return {}
        return {block.name: block.condition(vector) for scale in self.scales for block in scale.blocks}

    def vertical(self, run, rows, conditions, seed=None):
        finest, *coarser = self.scales
        _, above = finest.vertical(run, run(self.first, rows), conditions, seed, coarser)
        return above._replace(here={self.first_left.name: run(self.first_above, rows), **above.here})

    def horizontal(self, run, pixels, above, conditions, seed=None):
        finest, *coarser = self.scales
        x = run(self.first_left, pixels) + above.here[self.first_left.name]
        x = finest.horizontal(run, x, above, conditions, seed, coarser)
        return run(self.last, tf.nn.elu(x))

    def mixture(self, features):
        return DiscretizedLogisticMixture(features, self.channels, self.levels, self.mixtures)

    def head(self, run, features, pixels, channel=None):
        mixture = self.mixture(features)
        if channel is not None:
            return mixture.logits(pixels, channel)
        return tf.stack([mixture.logits(pixels, c) for c in range(self.channels)], axis=-2)


class PixelCNNPlusPlus(AutoregressiveModel):
    """p(x) or p(x | label) = prod over pixels of sum_k pi_k prod_c logistic_k(x_c), gathered into the levels.

    Each pixel is a mixture of logistics whose means for G and B are linear in the channels before them (equations 1 to
    3); features come from a stream of the rows above and one of the pixels before, over three resolutions with short
    cuts, weight-normalised and initialised from the first batch.

    Where we deviate from the authors' code (https://github.com/openai/pixel-cnn): doubling the resolution of the
    vertical stream takes a 2x2 window (2x3 there); no channel of ones is put beside the pixels, so that the padding is
    told from a middle gray by nothing; no dropout acts while gains and biases are initialised; means are kept in
    [-3, 3] and log scales in [-7, 7] of pixels in [-1, 1] (there the means are free and the log scales at least -7).

    Args:
      image_shape: (H, W, C), H and W multiples of 2^(scales - 1).
      levels: number of values of a pixel.
      width: features of a stream (160 in the paper).
      depth: blocks of a stream at each resolution (5 in the paper).
      scales: resolutions (3 in the paper).
      mixtures: components of the mixture (10 in the paper; 5 also served).
      dropout: share of features dropped in training in every block (0.5 in the paper).
      conditional: whether to model p(x | label).
      num_classes: number of labels; looked at only with `conditional`.

    log_prob, sample and complete: see `AutoregressiveModel`.

    Raises:
      ValueError: naming an argument that is out of range.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        levels: int = 256,
        width: int = 160,
        depth: int = 5,
        scales: int = 3,
        mixtures: int = 10,
        dropout: float = 0.5,
        conditional: bool = False,
        num_classes: int = 0,
    ):
        super().__init__(image_shape, levels, num_classes if conditional else 0)
        arguments.check(
            {"width": width, "depth": depth, "scales": scales, "mixtures": mixtures}, dropout, conditional, num_classes
        )
        if any(side % 2 ** (scales - 1) for side in self.image_shape[:2]):
            raise ValueError(
                f"scales={scales}: the sides of image_shape={self.image_shape} must be multiples of "
                f"{2 ** (scales - 1)}; lower scales, or resize the images"
            )
        self.network = PixelStreams(self.image_shape[2], levels, width, depth, scales, mixtures, dropout, conditional)

    def logits(self, image, seed=None, **condition):
        return self.network(images.to_symmetric(image, self.levels), vector=self.vector(**condition), seed=seed)

    def direct_log_prob(self, image, seed=None, **condition):
        pixels = images.to_symmetric(image, self.levels)
        features = self.network.features(Parallel(), pixels, self.vector(**condition), seed)
        return tf.reduce_sum(self.network.mixture(features).log_prob(image), axis=[1, 2])

    def initialize(self, batch):
        """Sets gains and biases layer after layer, from what the first batch makes of the ones before."""
        pixels = images.to_symmetric(batch["image"], self.levels)
        self.network.features(Initialize(), pixels, self.vector(**self.condition(batch)))

    def fill_by_steps(self, image, known, uniforms, draw, **condition):
        return complete(self.network, image, known, uniforms, self.levels, draw, self.vector(**condition))
