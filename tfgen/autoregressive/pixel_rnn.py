"""PixelRNN: Aaron van den Oord, Nal Kalchbrenner, Koray Kavukcuoglu, 2016, "Pixel Recurrent Neural Networks",
https://arxiv.org/abs/1601.06759 (sections 3.1 to 3.4 and table 1)."""

import tensorflow as tf

from tfgen.autoregressive.base import AutoregressiveModel
from tfgen.autoregressive.cached import CausalNetwork, complete
from tfgen.core import arguments
from tfgen.layers.causal import CausalColumns, CausalRows, Pointwise
from tfgen.layers.channel_head import ChannelHead
from tfgen.layers.dropout import dropout
from tfgen.layers.lstm import DiagonalBiLSTM, RowLSTM
from tfgen.layers.runs import Above
from tfgen.ops import images

RECURRENCES = {"row": RowLSTM, "diagonal": DiagonalBiLSTM}


class RecurrentStack(CausalNetwork):
    """Table 1: a 7x7 convolution of what came before, residual LSTM layers (figure 5, right), two 1x1 layers."""

    def __init__(self, channels: int, levels: int, layer, width: int, depth: int, head_width: int, dropout: float):
        super().__init__()
        self.rate = dropout
        self.rows = CausalRows(2 * width, 3, 7)
        self.columns = CausalColumns(2 * width, 3, use_bias=False)
        self.layers = [layer(width) for _ in range(depth)]
        self.out = [Pointwise(2 * width) for _ in range(depth)]
        self.hidden = Pointwise(head_width)
        self.channels = ChannelHead(channels, levels, head_width)

    def vertical(self, run, rows, conditions, seed=None):
        above = {layer.name: run.above(layer) for layer in self.layers}
        return Above({self.columns.name: run(self.rows, rows), **above})

    def horizontal(self, run, pixels, above, conditions, seed=None):
        x = run(self.columns, pixels) + above.here[self.columns.name]
        for i, (layer, out) in enumerate(zip(self.layers, self.out, strict=True)):
            x += run(out, dropout(run(layer, x, above.here[layer.name]), self.rate, seed, stream=i))
        return tf.nn.relu(run(self.hidden, tf.nn.relu(x)))

    def head(self, run, features, pixels, channel=None):
        return self.channels.logits(run, features, pixels, channel)


class PixelRNN(AutoregressiveModel):
    """p(x) = prod_i softmax(f(x_1 .. x_{i-1})), f a stack of LSTMs over rows or over diagonals.

    The order is the raster scan, in a pixel R, then G given R, then B given both; as in `GatedPixelCNN` the head alone
    sees the channels of the pixel itself.

    Args:
      image_shape: (H, W, C).
      levels: number of values of a pixel.
      recurrence: "row" (Row LSTM: a triangle of the rows above) or "diagonal" (Diagonal BiLSTM: all pixels before, but
        for the last one of the row above where the first convolution does not reach it: after it there is none that
        could tell of it).
      width: h, features of a state; 2h between layers.
      depth: LSTM layers (7 for MNIST and 12 for CIFAR-10 in the paper).
      head_width: features of the two 1x1 layers before the softmax.
      dropout: share of states dropped in training before they are added; none in the paper.

    log_prob, sample and complete: see `AutoregressiveModel`.

    Raises:
      ValueError: naming an argument that is out of range.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        levels: int = 256,
        recurrence: str = "diagonal",
        width: int = 128,
        depth: int = 12,
        head_width: int = 1024,
        dropout: float = 0.0,
    ):
        super().__init__(image_shape, levels)
        if recurrence not in RECURRENCES:
            raise ValueError(f"recurrence={recurrence!r}: must be one of {', '.join(RECURRENCES)}")
        arguments.check({"width": width, "depth": depth, "head_width": head_width}, dropout)
        layer = RECURRENCES[recurrence]
        self.network = RecurrentStack(self.image_shape[2], levels, layer, width, depth, head_width, dropout)

    def logits(self, image, seed=None):
        return self.network(images.to_symmetric(image, self.levels), seed=seed)

    def fill_by_steps(self, image, known, uniforms, draw):
        return complete(self.network, image, known, uniforms, self.levels, draw)
