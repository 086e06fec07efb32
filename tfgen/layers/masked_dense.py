"""A network over vectors whose i-th output sees the values before the i-th alone (Germain et al. 2015, section 3)."""

import keras
import numpy as np
import tensorflow as tf


class MaskedDense(keras.layers.Layer):
    """A dense layer, some of whose weights are held at zero.

    Args:
      mask: [inputs, units], 1 where a unit sees an input.
    """

    def __init__(self, mask: np.ndarray, activation: str | None = None, start: str = "glorot_uniform"):
        super().__init__()
        self.mask, self.activation, self.start = mask, keras.activations.get(activation), start

    def build(self, *shapes):
        self.kernel = self.add_weight(shape=self.mask.shape, initializer=self.start, name="kernel")
        self.bias = self.add_weight(shape=self.mask.shape[1:], initializer="zeros", name="bias")

    def call(self, x, rest=0.0):
        """`rest`, [N, units], is added before the activation."""
        return self.activation(x @ (self.kernel * tf.constant(self.mask, self.kernel.dtype)) + self.bias + rest)


class AutoregressiveNetwork(keras.layers.Layer):
    """Values [N, D], and what else they depend on [N, C] if there is anything -> [N, D, outputs]; outputs i are
    functions of values 0 .. i - 1 and of all of the rest.

    Args:
      dim: D.
      outputs: numbers for each value; at the start they are zero whatever comes in.
      width, depth: of the hidden layers.
    """

    def __init__(self, dim: int, outputs: int, width: int, depth: int = 1, activation: str = "elu"):
        super().__init__()
        self.dim, self.outputs = dim, outputs
        # A hidden unit of degree m sees values 0 .. m; so of value 0 alone where there are two.
        degrees = [np.arange(dim), *([np.arange(width) % max(1, dim - 1)] * depth)]
        self.hidden = [
            MaskedDense((before[:, None] <= after).astype(np.float32), activation)
            for before, after in zip(degrees, degrees[1:], strict=False)
        ]
        last = (degrees[-1][:, None] < np.arange(dim)).astype(np.float32)
        self.head = MaskedDense(np.repeat(last, outputs, axis=1), start="zeros")
        self.context = keras.layers.Dense(width, use_bias=False)

    def build(self, *shapes):
        self.built = True  # its layers are built where they first run: `make_variables`

    def call(self, values, context=None):
        first, *deeper = self.hidden
        h = first(values) if context is None else first(values, self.context(context))
        for layer in deeper:
            h = layer(h)
        return tf.reshape(self.head(h), [-1, self.dim, self.outputs])
