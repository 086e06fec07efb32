"""A stack of dilated causal convolutions over time, for whole sequences and one step at a time.

van den Oord et al. 2016, "WaveNet: A Generative Model for Raw Audio", sections 2.1 and 2.3, https://arxiv.org/abs/1609.03499.
A step keeps, for each layer, a queue of what came in (Paine et al. 2016, "Fast Wavenet Generation Algorithm").
"""

import keras
import tensorflow as tf

from tfgen.layers.causal import Pointwise, gate, linear
from tfgen.layers.dropout import dropout


def later(x: tf.Tensor, steps: int) -> tf.Tensor:
    """[N, T, C] `steps` places later, zeros first."""
    return tf.pad(x, [[0, 0], [steps, 0], [0, 0]])[:, : tf.shape(x)[1]]


class DilatedStack(keras.layers.Layer):
    """Gated residual layers of two taps, `dilations` apart: features [N, T, width] -> the sum of skips [N, T, skip].

    Position t sees inputs up to and including t, and back to t - sum(dilations).

    Args:
      width: residual features.
      skip: features of the skip connections.
      dilations: of each layer.
      vector: whether a global condition [N, D] adds to every gate (equation 3).
      rate: of dropout on what a layer reads.
    """

    def __init__(self, width: int, skip: int, dilations: list[int], vector: bool = False, rate: float = 0.0):
        super().__init__()
        self.width, self.dilations, self.rate = width, list(dilations), rate
        depth = len(self.dilations)
        self.then = [Pointwise(2 * width, use_bias=False) for _ in range(depth)]  # the earlier tap
        self.now = [Pointwise(2 * width) for _ in range(depth)]
        self.out = [Pointwise(width + skip) for _ in range(depth)]  # residual and skip
        self.condition = [Pointwise(2 * width, use_bias=False) for _ in range(depth)] if vector else []

    def build(self, shape):
        for layer in [*self.then, *self.now, *self.out]:
            layer.build((*shape[:-1], self.width))
        self.built = True

    def conditions(self, vector: tf.Tensor | None) -> list:
        return [layer(vector) for layer in self.condition] if self.condition else [None] * len(self.dilations)

    def call(self, x, vector=None, seed=None):
        total = 0.0
        for i, condition in enumerate(self.conditions(vector)):
            h = dropout(x, self.rate if i else 0.0, seed, stream=i)
            z = self.now[i](h) + self.then[i](later(h, self.dilations[i]))
            residual, skip = self._gated(i, z if condition is None else z + condition[:, None])
            x, total = x + residual, total + skip
        return total

    def _gated(self, i, z, weights=None):
        y = self.out[i](gate(z)) if weights is None else linear(gate(z), *weights)
        return y[..., : self.width], y[..., self.width :]

    def queues(self, count) -> tf.Tensor:
        """Empty queues of all layers, below each other: [sum(dilations), N, width]."""
        return tf.zeros([sum(self.dilations), count, self.width])

    def prepare(self):
        """The weights as `step` wants them; call it outside of the loop."""
        then = tf.stack([layer.kernel() for layer in self.then])
        return then, [layer.prepare() for layer in self.now], [layer.prepare() for layer in self.out]

    def step(self, x, queues, t, weights, conditions):
        """x [N, width] of time t -> the sum of skips [N, skip], new queues."""
        then, now, out = weights
        starts = [sum(self.dilations[:i]) for i in range(len(self.dilations))]
        places = tf.constant(starts) + t % tf.constant(self.dilations)  # what came in `dilation` steps ago
        earlier = tf.unstack(tf.gather(queues, places) @ then)
        total, entered = 0.0, []
        for i, condition in enumerate(conditions):
            entered.append(x)
            z = linear(x, *now[i]) + earlier[i]
            residual, skip = self._gated(i, z if condition is None else z + condition, out[i])
            x, total = x + residual, total + skip
        return total, tf.tensor_scatter_nd_update(queues, places[:, None], tf.stack(entered))


def dilations(depth: int, stacks: int) -> list[int]:
    """1, 2, 4, ... 2^(depth - 1), `stacks` times."""
    return [2**i for i in range(depth)] * stacks
