"""The end of a network that sees whole pixels: a softmax for each channel, R, then G given R, then B given both."""

import keras
import tensorflow as tf

from tfgen.layers.causal import linear


class ChannelHead(keras.layers.Layer):
    """Features [N, ..., F] and the pixels [N, ..., C] themselves -> logits, by one hidden layer for each channel.

    Channel c of a pixel reaches the hidden layers of the channels after c alone. In float32, whatever the precision of
    the features. Written as matrix products: tf.einsum took 40 times as long.
    """

    def __init__(self, channels: int, levels: int, width: int):
        super().__init__()
        self.channels, self.levels, self.width = channels, levels, width

    def build(self, shape):
        size, channels = self.width, self.channels
        self.hidden_kernel = self.add_weight(shape=(shape[-1], channels * size), name="hidden_kernel")
        self.hidden_bias = self.add_weight(shape=(channels * size,), initializer="zeros", name="hidden_bias")
        if channels > 1:
            self.earlier_kernel = self.add_weight(shape=(channels, channels, size), name="earlier_kernel")
        self.logits_kernel = self.add_weight(shape=(channels, size, self.levels), name="logits_kernel")
        self.logits_bias = self.add_weight(shape=(channels, self.levels), initializer="zeros", name="logits_bias")
        self.built = True

    def logits(self, run, features: tf.Tensor, pixels: tf.Tensor, channel: int | None = None) -> tf.Tensor:
        """[N, ..., C, levels], or of one channel [N, ..., levels]."""
        if not self.built:
            self.build(features.shape)
        each = run.prepared(self.name, self._weights)
        features, pixels = tf.cast(features, tf.float32), tf.cast(pixels, tf.float32)

        def of(hidden, hidden_bias, earlier, logits, logits_bias):
            h = linear(features, hidden, hidden_bias)
            if earlier is not None:
                h += tf.tensordot(pixels, earlier, 1)
            return linear(tf.nn.relu(h), logits, logits_bias)

        return tf.stack([of(*weights) for weights in each], axis=-2) if channel is None else of(*each[channel])

    def _weights(self) -> list[tuple]:
        """Of each channel."""
        split = {"num_or_size_splits": self.channels, "axis": -1}
        earlier = [None] * self.channels
        if self.channels > 1:
            order = tf.range(self.channels)
            later = tf.cast(order[:, None] < order[None, :], tf.float32)[:, :, None]
            earlier = tf.unstack(tf.cast(self.earlier_kernel, tf.float32) * later, axis=1)
        return list(
            zip(
                tf.split(tf.cast(self.hidden_kernel, tf.float32), **split),
                tf.split(tf.cast(self.hidden_bias, tf.float32), **split),
                earlier,
                tf.unstack(tf.cast(self.logits_kernel, tf.float32)),
                tf.unstack(tf.cast(self.logits_bias, tf.float32)),
                strict=True,
            )
        )
