"""The discretised logistic mixture of Salimans et al. 2017 (PixelCNN++), section 2, https://arxiv.org/abs/1701.05517."""

import tensorflow as tf
import tensorflow_probability as tfp

from tfgen.ops import images

tfd = tfp.distributions


class DiscretizedLogisticMixture:
    """Whole pixels as a mixture of logistics, gathered into levels: level k takes the mass between k - 1/2 and k + 1/2,
    the first and the last also their tail.

    The mean of channel c in a component is its own plus a linear map of the channels before it (equation 3).

    Args:
      values: [..., size(channels, mixtures)], any numbers.
      channels, levels: of a pixel.
      mixtures: number of components.
    """

    # Of pixels in [-1, 1]; within these limits every level has a finite log-probability.
    LARGEST_MEAN, LOG_SCALES = 3.0, (-7.0, 7.0)

    @staticmethod
    def size(channels: int, mixtures: int) -> int:
        """Numbers for each pixel: of a component its weight, a mean and a scale for each channel, and coefficients."""
        return mixtures * (1 + 2 * channels + channels * (channels - 1) // 2)

    def __init__(self, values: tf.Tensor, channels: int, levels: int, mixtures: int):
        self.channels, self.levels = channels, levels
        values = tf.reshape(
            tf.cast(values, tf.float32), [-1, *values.shape[1:-1], mixtures, values.shape[-1] // mixtures]
        )
        weights, means, log_scales, coefficients = tf.split(
            values, [1, channels, channels, channels * (channels - 1) // 2], axis=-1
        )
        self.weights = weights[..., 0]  # [..., K]
        self.means = tf.clip_by_value(means, -self.LARGEST_MEAN, self.LARGEST_MEAN)
        self.log_scales = tf.clip_by_value(log_scales, *self.LOG_SCALES)
        self.coefficients = tf.tanh(coefficients)

    def _locations(self, pixels: tf.Tensor, count: int) -> tf.Tensor:
        """Means of the first `count` channels given pixels [..., C] in [-1, 1]: [..., K, count], in levels."""
        columns, used = [], 0
        for channel in range(count):
            mean = self.means[..., channel]
            for earlier in range(channel):
                mean += self.coefficients[..., used] * pixels[..., earlier : earlier + 1]
                used += 1
            columns.append(mean)
        return images.symmetric_to_levels(tf.stack(columns, axis=-1), self.levels)

    def _components(self, pixels: tf.Tensor, count: int) -> tfd.Distribution:
        scales = tf.exp(self.log_scales[..., :count]) * ((self.levels - 1) / 2.0)
        # tfd.QuantizedDistribution rounds up, so that level k takes the mass of (k - 1, k]: hence the half level.
        logistic = tfd.Logistic(self._locations(pixels, count) - 0.5, scales)
        return tfd.QuantizedDistribution(logistic, low=0.0, high=self.levels - 1.0)

    def log_prob(self, image: tf.Tensor) -> tf.Tensor:
        """ln p of each pixel, uint8 [..., C] -> [...], nats."""
        components = tfd.Independent(self._components(images.to_symmetric(image, self.levels), self.channels), 1)
        mixture = tfd.MixtureSameFamily(tfd.Categorical(logits=self.weights), components)
        return mixture.log_prob(tf.cast(image, tf.float32))

    def logits(self, pixels: tf.Tensor, channel: int) -> tf.Tensor:
        """ln p(level | the channels before) of all levels: pixels [..., C] in [-1, 1] -> [..., levels].

        The components' weights are those given the channels before (Bayes' rule).
        """
        weights = self.weights
        if channel:
            values = images.symmetric_to_levels(pixels, self.levels)[..., None, :channel]
            weights += tf.reduce_sum(self._components(pixels, channel).log_prob(tf.round(values)), axis=-1)
        location = self._locations(pixels, channel + 1)[..., channel, None]
        scale = tf.exp(self.log_scales[..., channel, None]) * ((self.levels - 1) / 2.0)
        edges = tf.range(self.levels - 1, dtype=tf.float32) + 0.5
        below = tf.sigmoid((edges - location) / scale)  # [..., K, levels - 1]
        below = tf.pad(below, [[0, 0]] * (below.shape.rank - 1) + [[1, 0]])
        above = tf.concat([below[..., 1:], tf.ones_like(below[..., :1])], axis=-1)
        probs = tf.reduce_sum(tf.nn.softmax(weights)[..., None] * (above - below), axis=-2)
        return tf.math.log(tf.maximum(probs, 1e-12))
