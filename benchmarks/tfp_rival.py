"""`tfd.PixelCNN` of TensorFlow Probability, with the weights of our PixelCNN++ of one scale: the same function."""

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from tfgen.layers.runs import Parallel
from tfgen.ops import images


def same_weights(model) -> tfp.distributions.PixelCNN:
    """A `tfd.PixelCNN` whose network answers what `model`'s does (but for how a scale is made of its last numbers).

    Raises:
      ValueError: where the model has more than one scale; there the two differ in how they double the resolution.
    """
    network = model.network
    if len(network.scales) != 1:
        raise ValueError("scales: tfd.PixelCNN has the same architecture for one scale alone")
    (scale,) = network.scales
    rival = tfp.distributions.PixelCNN(
        image_shape=model.image_shape,
        num_resnet=len(scale.down),
        num_hierarchies=1,
        num_filters=network.first.filters,
        num_logistic_mix=network.mixtures,
        dropout_p=0.0,
        high=model.levels - 1,
        low=0,
        use_weight_norm=False,
    )
    for kind, weights in (("conv2d", _convolutions(network, scale)), ("dense", _linear(network, scale))):
        layers = [layer for layer in rival.network._network.layers if layer.name.startswith(kind)]
        layers.sort(key=lambda layer: int(("0" + layer.name.removeprefix(kind)).replace("_", "")))  # as they were made
        for layer, (kernel, bias) in zip(layers, weights, strict=True):
            layer.set_weights([_embedded(kernel, layer.weights[0].shape), bias])
    return rival


def _convolutions(network, scale):
    """(kernel, bias) of each convolution, in the order in which tfd.PixelCNN makes them."""
    yield _of(network.first)
    yield _of(network.first_above)
    # Theirs also sees the pixel above, which the layer before sees as well: at zero.
    kernel, bias = _of(network.first_left)
    yield np.concatenate([np.zeros_like(kernel)[None], kernel[None]]), bias
    for rows, pixels in zip(scale.rows_down + scale.rows_up, scale.down + scale.up, strict=True):
        for layer in (rows.first, rows.second, pixels.first, pixels.second):
            yield _of(layer)


def _linear(network, scale):
    """The same of the linear layers."""
    for pixels in scale.down:
        yield _of(pixels.vertical)
    for rows, pixels in zip(scale.rows_up, scale.up, strict=True):
        yield _of(rows.skip)
        (vertical, one), (skip, other) = _of(pixels.vertical), _of(pixels.skip)
        # One layer of theirs reads both, each ELU of the features before each of their negatives.
        halves = [half for pair in zip(np.split(vertical, 2), np.split(skip, 2), strict=True) for half in pair]
        yield np.concatenate(halves), one + other
    yield _of(network.last)


def _of(layer):
    return layer.kernel().numpy(), layer.bias.numpy()


def _embedded(kernel: np.ndarray, shape) -> np.ndarray:
    """A kernel in the upper left of a larger one of zeros: they store whole windows and mask them."""
    whole = np.zeros(shape, np.float32)
    whole[tuple(slice(size) for size in kernel.shape)] = kernel
    return whole


def difference(model, rival, image: tf.Tensor) -> float:
    """The largest difference of mixture weights and means between the two networks, on images uint8."""
    pixels = images.to_symmetric(image, model.levels)
    mixture = model.network.mixture(model.network.features(Parallel(), pixels))
    logits, means, *_ = rival.network(pixels, training=False)
    means = tf.clip_by_value(means, -mixture.LARGEST_MEAN, mixture.LARGEST_MEAN)
    parts = (logits - mixture.weights, means - mixture.means)
    return max(float(tf.reduce_max(tf.abs(part))) for part in parts)
