"""PixelCNN: Aaron van den Oord, Nal Kalchbrenner, Koray Kavukcuoglu, 2016, "Pixel Recurrent Neural Networks",
https://arxiv.org/abs/1601.06759 (section 3.5 and table 1)."""

import keras
import tensorflow as tf

from tfgen.autoregressive.base import AutoregressiveModel
from tfgen.autoregressive.cached import CausalNetwork, complete
from tfgen.core import arguments
from tfgen.layers.dropout import dropout
from tfgen.layers.masked_conv import MaskedConv2D
from tfgen.layers.runs import Above
from tfgen.ops import images


class ResidualBlock(keras.layers.Layer):
    """Figure 5, left: 2h features -> 1x1 -> h -> 3x3 -> h -> 1x1 -> 2h, added to what came in; all with mask B.

    Dropout is on the branch alone: on the sum it would multiply from block to block.
    """

    def __init__(self, width: int, groups: int):
        super().__init__()
        self.reduce = MaskedConv2D(width, 1, "B", groups)
        self.look = MaskedConv2D(width, 3, "B", groups)
        self.expand = MaskedConv2D(2 * width, 1, "B", groups)

    def build(self, shape):
        narrow = (*shape[:-1], self.reduce.filters)
        self.reduce.build(shape)
        self.look.build(narrow)
        self.expand.build(narrow)
        self.built = True

    def of(self, run, x, above, rate=0.0, seed=None, stream=0):
        h = run(self.reduce, tf.nn.relu(x))
        h = run(self.look, dropout(tf.nn.relu(h), rate, seed, stream), above)
        return x + run(self.expand, tf.nn.relu(h))


class MaskedStack(CausalNetwork):
    """Figure 1, left: a 7x7 convolution with mask A, `depth` residual blocks, two 1x1 layers and the softmax.

    A pixel goes through the whole stack in `head`, once for every channel: the groups of its features see the channels
    before their own.
    """

    def __init__(self, channels: int, levels: int, width: int, depth: int, head_width: int, dropout: float):
        super().__init__()
        self.channels, self.levels, self.rate = channels, levels, dropout
        self.first = MaskedConv2D(2 * width, 7, "A", channels)
        self.blocks = [ResidualBlock(width, channels) for _ in range(depth)]
        self.hidden = [MaskedConv2D(head_width, 1, "B", channels), MaskedConv2D(head_width, 1, "B", channels)]
        self.last = MaskedConv2D(channels * levels, 1, "B", channels)

    def build(self, shape):
        self.first.build(shape)
        for block in self.blocks:
            block.build((*shape[:-1], self.first.filters))
        self.built = True

    def vertical(self, run, rows, conditions, seed=None):
        above = {block.look.name: run.above(block.look) for block in self.blocks}
        return Above({self.first.name: run.above(self.first, row=rows), **above})

    def horizontal(self, run, pixels, above, conditions, seed=None):
        return pixels, above, seed

    def head(self, run, features, pixels, channel=None):
        before, above, seed = features
        x = run(self.first, pixels, above.here[self.first.name], before)
        for i, block in enumerate(self.blocks):
            x = block.of(run, x, above.here[block.look.name], rate=self.rate, seed=seed, stream=i)
        for layer in self.hidden:
            x = run(layer, tf.nn.relu(x))
        x = run(self.last, dropout(tf.nn.relu(x), self.rate, seed, stream=len(self.blocks)))
        x = tf.reshape(x, [-1, *x.shape[1:-1], self.channels, self.levels])
        return x if channel is None else x[..., channel, :]


class PixelCNN(AutoregressiveModel):
    """p(x) = prod_i softmax(f(x_1 .. x_{i-1})), f a stack of masked convolutions.

    The order is the raster scan, in a pixel R, then G given R, then B given both. As in the paper, the window of the
    stack has a blind spot to the upper right.

    Args:
      image_shape: (H, W, C).
      levels: number of values of a pixel: 2 (binary), 17 (digits), 256.
      width: h, features in the middle of a residual block; 2h between blocks. A multiple of C.
      depth: residual blocks (15 in the paper).
      head_width: features of the two 1x1 layers before the softmax. A multiple of C.
      dropout: share of features dropped in training in every block and before the softmax; none in the paper.

    log_prob, sample and complete: see `AutoregressiveModel`.

    Raises:
      ValueError: where width or head_width is not a multiple of C, or an argument is out of range.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        levels: int = 256,
        width: int = 128,
        depth: int = 15,
        head_width: int = 1024,
        dropout: float = 0.0,
    ):
        super().__init__(image_shape, levels)
        channels = self.image_shape[2]
        for name, value in (("width", width), ("head_width", head_width)):
            if value < 1 or value % channels:
                raise ValueError(f"{name}={value}: must be a positive multiple of the {channels} channels of the image")
        arguments.check({"depth": depth}, dropout)
        self.network = MaskedStack(channels, levels, width, depth, head_width, dropout)

    def logits(self, image, seed=None):
        return self.network(images.to_symmetric(image, self.levels), seed=seed)

    def fill_by_steps(self, image, known, uniforms, draw):
        return complete(self.network, image, known, uniforms, self.levels, draw)
