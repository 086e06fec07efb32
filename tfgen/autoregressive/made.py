"""MADE: Mathieu Germain, Karol Gregor, Iain Murray, Hugo Larochelle, 2015, "MADE: Masked Autoencoder for Distribution
Estimation", https://arxiv.org/abs/1502.03509."""

import math

import numpy as np
import tensorflow as tf

from tfgen.autoregressive.base import AutoregressiveModel
from tfgen.core import arguments
from tfgen.ops import images


class MADE(AutoregressiveModel):
    """p(x) = 1/M sum_m p_m(x), each p_m(x) = prod_i p_m(x_i | the values before i in order m).

    An autoencoder whose weights are masked (equations 8 to 13): hidden unit k has a degree and sees values whose rank
    in the order is at most that degree; output i sees units whose degree is below the rank of value i. Every m has its
    own degrees, and with `random_orders` its own order; the weights are shared. Training steps take one m after another
    (section 4.2); `log_prob` is that of the uniform mixture over all of them, exact. Without the paper's direct
    connections from input to output; more than two levels come in as one number in [-1, 1].

    Args:
      image_shape: (H, W, C).
      levels: number of values of a pixel; the paper has two, and this is the softmax over any number.
      width: hidden units of a layer (8,000 in the paper's best net of one layer).
      depth: hidden layers.
      masks: M.
      random_orders: whether each of the M masks has an order of its own (section 4.1), rather than the raster scan.

    log_prob, sample and complete: see `AutoregressiveModel`. A sample is drawn by one m in the order of that m; a
    completion fills in that order too, each value given those before it in it.

    Raises:
      ValueError: naming an argument that is out of range.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        levels: int = 2,
        width: int = 500,
        depth: int = 1,
        masks: int = 1,
        random_orders: bool = False,
    ):
        super().__init__(image_shape, levels)
        arguments.check({"width": width, "depth": depth, "masks": masks})
        self.positions = positions = math.prod(self.image_shape)
        self.masks = masks
        random = np.random.default_rng(0)  # part of the model's definition: the same wherever it is restored
        raster = np.arange(positions)
        # ranks[m, i]: where value i comes in order m. degrees[l][m, k]: the highest rank that unit k of layer l sees.
        self.ranks = np.stack([random.permutation(positions) if random_orders else raster for _ in range(masks)])
        self.degrees = []
        lowest = np.zeros(masks, np.int64)
        for _ in range(depth):
            highest = max(1, positions - 1)
            self.degrees.append(np.stack([random.integers(low, highest, width) for low in lowest]))
            lowest = self.degrees[-1].min(axis=1)
        sizes = [positions] + [width] * depth
        self.kernels = [
            self.add_weight(shape=pair, name=f"kernel_{i}")
            for i, pair in enumerate(zip(sizes, sizes[1:], strict=False))
        ]
        self.biases = [self.add_weight(shape=(width,), initializer="zeros", name=f"bias_{i}") for i in range(depth)]
        # Keras counts the positions into the fan-in: sqrt(D) times below Glorot's, so that it starts near the biases.
        # With Glorot's own for each matrix, as NADE has it, it learned MNIST worse (BUILD_NOTES.md).
        self.decoder = self.add_weight(shape=(positions, width, levels), initializer="glorot_uniform", name="decoder")
        self.decoder_bias = self.add_weight(shape=(positions, levels), initializer="zeros", name="decoder_bias")

    def logits(self, image, seed=None):
        """Of the first mask, in whose order a position sees those before it."""
        return self._masked_logits(image, 0)

    def _masked_logits(self, image, m):
        rank, *degrees = (tf.gather(tf.constant(table, tf.int32), m) for table in (self.ranks, *self.degrees))
        h, seen = tf.reshape(images.to_symmetric(image, self.levels), [-1, self.positions]), rank
        for kernel, bias, degree in zip(self.kernels, self.biases, degrees, strict=True):
            h = tf.nn.relu(h @ (kernel * tf.cast(seen[:, None] <= degree, kernel.dtype)) + bias)
            seen = degree
        decoder = tf.convert_to_tensor(self.decoder)
        decoder *= tf.cast(seen < rank[:, None], decoder.dtype)[:, :, None]
        logits = h @ tf.reshape(tf.transpose(decoder, [1, 0, 2]), [-1, self.positions * self.levels])
        logits = tf.reshape(logits, [-1, self.positions, self.levels]) + self.decoder_bias
        return tf.reshape(logits, [-1, *self.image_shape, self.levels])

    def direct_log_prob(self, image, seed=None):
        """Of one mask in training, of their mixture otherwise."""

        def of(m):
            nats = tf.nn.sparse_softmax_cross_entropy_with_logits(
                tf.cast(image, tf.int32), tf.cast(self._masked_logits(image, m), tf.float32)
            )
            return -tf.reduce_sum(nats, axis=[1, 2, 3])

        if seed is not None:
            return of(tf.math.floormod(self.step, self.masks))  # not by the seed: the same on every replica
        if self.masks == 1:
            return of(0)
        each = tf.map_fn(of, tf.range(self.masks), fn_output_signature=tf.TensorSpec(image.shape[:1], tf.float32))
        return tf.reduce_logsumexp(each, axis=0) - math.log(self.masks)

    def fill_by_steps(self, image, known, uniforms, draw):
        """The first hidden layer is a running sum: a unit takes in a value until the rank passes its degree."""
        count = tf.shape(image)[0] if image.shape[0] is None else image.shape[0]
        flat = [count, self.positions]
        given, known, uniforms = (
            tf.reshape(t, flat) for t in (images.to_symmetric(image, self.levels), known, uniforms)
        )
        # floor(M u) of the first uniform u draws the mask of a row; the rest of it is again uniform.
        scaled = uniforms[:, 0] * self.masks
        m = tf.minimum(tf.cast(scaled, tf.int32), self.masks - 1)
        uniforms = tf.concat([(scaled - tf.cast(m, tf.float32))[:, None], uniforms[:, 1:]], axis=1)
        degrees = [tf.gather(tf.constant(table, tf.int32), m) for table in self.degrees]  # [N, width]
        order = tf.gather(tf.constant(self.ranks.argsort(axis=1), tf.int32), m)  # [N, D]: the value of each rank
        first, *deeper = (tf.identity(kernel) for kernel in self.kernels)
        biases = [tf.identity(bias) for bias in self.biases]
        decoder, decoder_bias = tf.identity(self.decoder), tf.identity(self.decoder_bias)
        inner = [
            tf.cast(before[:, :, None] <= after[:, None, :], tf.float32) * kernel
            for before, after, kernel in zip(degrees, degrees[1:], deeper, strict=False)
        ]  # [N, width, width]
        pick = {"batch_dims": 1, "axis": 1}

        def step(rank, total, values):
            i = order[:, rank]
            h = tf.nn.relu(total + biases[0])
            for kernel, bias in zip(inner, biases[1:], strict=True):
                h = tf.nn.relu((h[:, None] @ kernel)[:, 0] + bias)
            h *= tf.cast(degrees[-1] < rank, tf.float32)
            logits = (h[:, None] @ tf.gather(decoder, i))[:, 0] + tf.gather(decoder_bias, i)
            level = draw(logits, tf.gather(uniforms, i, **pick))
            drawn = images.to_symmetric(level, self.levels)
            value = tf.where(tf.gather(known, i, **pick), tf.gather(given, i, **pick), drawn)
            taken = tf.cast(degrees[0] >= rank, tf.float32)
            return (
                rank + 1,
                total + value[:, None] * taken * tf.gather(first, i),
                tf.concat([values[:, 1:], value[:, None]], 1),
            )

        start = 0, tf.zeros([count, first.shape[1]]), tf.zeros(flat)
        _, _, values = tf.while_loop(
            lambda rank, *_: rank < self.positions,
            step,
            start,
            maximum_iterations=self.positions,
            parallel_iterations=1,
        )
        values = tf.gather(values, tf.gather(tf.constant(self.ranks, tf.int32), m), **pick)  # from ranks to places
        return tf.reshape(images.from_symmetric(values, self.levels), [-1, *self.image_shape])
