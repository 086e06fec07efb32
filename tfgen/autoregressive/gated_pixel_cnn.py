"""Gated PixelCNN: Aaron van den Oord, Nal Kalchbrenner, Oriol Vinyals, Lasse Espeholt, Alex Graves, Koray Kavukcuoglu,
2016, "Conditional Image Generation with PixelCNN Decoders", https://arxiv.org/abs/1606.05328 (section 2, figure 2)."""

import tensorflow as tf

from tfgen.autoregressive.base import AutoregressiveModel
from tfgen.autoregressive.cached import CausalNetwork, complete
from tfgen.core import arguments
from tfgen.layers.causal import CausalColumns, CausalRows, Pointwise, everywhere, gate
from tfgen.layers.channel_head import ChannelHead
from tfgen.layers.dropout import dropout
from tfgen.layers.runs import Above
from tfgen.ops import images


class GatedStacks(CausalNetwork):
    """Figure 2, `depth` times: a vertical stack without blind spot, and a residual horizontal one that it feeds.

    Layer l of the vertical stack is a convolution over the rows above; its features, before the gate, go by a 1x1
    convolution into layer l of the horizontal stack. The first layer's window is 7 wide, the others' 3, their taps
    apart as `dilations` says, over and over.
    """

    def __init__(
        self,
        channels: int,
        levels: int,
        width: int,
        depth: int,
        head_width: int,
        dilations: tuple[int, ...],
        dropout: float,
        vector: bool,
    ):
        super().__init__()
        self.rate = dropout
        self.down = [
            CausalRows(2 * width, *((3, 7) if i == 0 else (2, 3)), dilation=dilations[i % len(dilations)])
            for i in range(depth)
        ]
        self.across = [CausalColumns(2 * width, 3 if i == 0 else 2, use_bias=False) for i in range(depth)]
        self.feed = [Pointwise(2 * width) for _ in range(depth)]
        self.out = [Pointwise(width) for _ in range(depth)]
        # Equation 4: a conditioning vector adds to both stacks before the gate.
        self.condition = [Pointwise(4 * width, use_bias=False) for _ in range(depth)] if vector else []
        self.channels = ChannelHead(channels, levels, head_width)

    def conditions(self, vector):
        if not self.condition:
            return [(None, None)] * len(self.down)
        return [tuple(tf.split(dense(vector), 2, axis=-1)) for dense in self.condition]

    def vertical(self, run, rows, conditions, seed=None):
        x, above = rows, {}
        layers = zip(self.down, self.feed, self.across, conditions, strict=True)
        for i, (down, feed, across, (condition, _)) in enumerate(layers):
            x = run(down, dropout(x, self.rate if i else 0.0, seed, stream=2 * i))
            above[across.name] = run(feed, x)
            x = gate(x if condition is None else x + everywhere(condition, x))
        return Above(above)

    def horizontal(self, run, pixels, above, conditions, seed=None):
        x = pixels
        for i, (across, out, (_, condition)) in enumerate(zip(self.across, self.out, conditions, strict=True)):
            h = run(across, dropout(x, self.rate if i else 0.0, seed, stream=2 * i + 1)) + above.here[across.name]
            h = run(out, gate(h if condition is None else h + everywhere(condition, h)))
            x = x + h if i else h
        return tf.nn.relu(x)

    def head(self, run, features, pixels, channel=None):
        return self.channels.logits(run, features, pixels, channel)


class GatedPixelCNN(AutoregressiveModel):
    """p(x) or p(x | label) = prod_i softmax(f(x_1 .. x_{i-1})), f two gated stacks without a blind spot.

    The order is the raster scan, in a pixel R, then G given R, then B given both. The paper splits all features into
    three groups for that order; here the stacks see whole pixels before this one and the head alone the channels of
    this one, which makes the same factorisation and lets a sampler compute every feature once.

    Args:
      image_shape: (H, W, C).
      levels: number of values of a pixel.
      width: features of each stack (the paper's p).
      depth: layers.
      head_width: hidden features for each channel before the softmax.
      dilations: how far apart the taps of the vertical stack lie, layer after layer, from the start again when they
        are used up: (1,) as in the paper; with (1, 2, 4) few layers see all rows above (see BUILD_NOTES.md).
      dropout: share of features dropped in training before every convolution but the first; none in the paper.
      conditional: whether to model p(x | label), equation 4.
      num_classes: number of labels; looked at only with `conditional`.

    log_prob, sample and complete: see `AutoregressiveModel`.

    Raises:
      ValueError: naming an argument that is out of range.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        levels: int = 256,
        width: int = 64,
        depth: int = 7,
        head_width: int = 64,
        dilations: tuple[int, ...] = (1,),
        dropout: float = 0.0,
        conditional: bool = False,
        num_classes: int = 0,
    ):
        super().__init__(image_shape, levels, num_classes if conditional else 0)
        arguments.check({"width": width, "depth": depth, "head_width": head_width}, dropout, conditional, num_classes)
        if not dilations or min(dilations) < 1:
            raise ValueError(f"dilations={dilations}: must be numbers of at least 1, like (1, 2, 4)")
        channels = self.image_shape[2]
        self.network = GatedStacks(channels, levels, width, depth, head_width, dilations, dropout, conditional)

    def logits(self, image, seed=None, **condition):
        return self.network(images.to_symmetric(image, self.levels), vector=self.vector(**condition), seed=seed)

    def fill_by_steps(self, image, known, uniforms, draw, **condition):
        return complete(self.network, image, known, uniforms, self.levels, draw, self.vector(**condition))
