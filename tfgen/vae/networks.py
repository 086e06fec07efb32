"""Encoders and decoders that the models of the family share: fully connected, and of convolutions."""

import math

import keras
import tensorflow as tf

from tfgen.core import arguments


class Centre(keras.layers.Layer):
    """x less a mean that is set from data, and not learned."""

    def build(self, shape):
        self.mean = self.add_weight(shape=shape[1:], initializer="zeros", trainable=False, name="mean")

    def call(self, x):
        return x - self.mean


def mlp_encoder(width: int, depth: int, outputs: int, activation: str = "tanh") -> keras.Sequential:
    """Fully connected layers (Kingma and Welling 2014, appendix C): picture [N, H, W, C] -> [N, outputs]."""
    hidden = [keras.layers.Dense(width, activation) for _ in range(depth)]
    return keras.Sequential([Centre(), keras.layers.Flatten(), *hidden, keras.layers.Dense(outputs)])


def mlp_decoder(
    width: int, depth: int, image_shape: tuple[int, int, int], activation: str = "tanh"
) -> keras.Sequential:
    """Fully connected layers (appendix C, too): latents [N, D] -> [N, H, W, C]."""
    hidden = [keras.layers.Dense(width, activation) for _ in range(depth)]
    return keras.Sequential([*hidden, keras.layers.Dense(math.prod(image_shape)), keras.layers.Reshape(image_shape)])


def conv_encoder(width: int, depth: int, outputs: int, activation: str = "gelu") -> keras.Sequential:
    """`depth` convolutions of stride 2, each twice as wide as the last, then a hidden layer."""
    convs = [keras.layers.Conv2D(width * 2**i, 4, 2, "same", activation=activation) for i in range(depth)]
    return keras.Sequential(
        [*convs, keras.layers.Flatten(), keras.layers.Dense(8 * width, activation), keras.layers.Dense(outputs)]
    )


def conv_decoder(
    width: int, depth: int, image_shape: tuple[int, int, int], activation: str = "gelu"
) -> keras.Sequential:
    """The encoder turned round: `depth` up-convolutions of stride 2, cropped to the picture."""
    height, width_, channels = image_shape
    rows, columns = -(-height // 2**depth), -(-width_ // 2**depth)
    widths = [width * 2**i for i in reversed(range(depth))]
    ups = [keras.layers.Conv2DTranspose(w, 4, 2, "same", activation=activation) for w in [*widths[1:], width]]
    crop = ((0, rows * 2**depth - height), (0, columns * 2**depth - width_))
    return keras.Sequential(
        [
            keras.layers.Dense(8 * width, activation),
            keras.layers.Dense(rows * columns * widths[0], activation),
            keras.layers.Reshape((rows, columns, widths[0])),
            *ups,
            keras.layers.Conv2D(channels, 3, padding="same"),
            keras.layers.Cropping2D(crop),
        ]
    )


def start_from_data(encoder: keras.Sequential, decoder: keras.Sequential, pixels: tf.Tensor, values: tf.Tensor) -> None:
    """Begins with the mean image: it becomes the origin of a fully connected encoder, and the decoder's last bias.

    Most pixels hardly vary, and what they have in common takes thousands of steps to be learned away (BUILD_NOTES.md).

    Args:
      pixels: float32 [N, H, W, C] in [-1, 1], of the first batch.
      values: float32 [H, W, parameters], what the decoder shall give; of a convolution their mean over the picture.
    """
    if isinstance(encoder.layers[0], Centre):
        encoder.layers[0].mean.assign(tf.reduce_mean(pixels, axis=0))
    last = next(layer for layer in reversed(decoder.layers) if layer.variables)
    dense = isinstance(last, keras.layers.Dense)
    last.bias.assign(tf.reshape(values, [-1]) if dense else tf.reduce_mean(values, axis=[0, 1]))


ARCHITECTURES = {"mlp": (mlp_encoder, mlp_decoder), "conv": (conv_encoder, conv_decoder)}


def check(architecture: str, depth: int, image_shape: tuple[int, int, int], activation: str = "") -> None:
    """Holds an architecture against the table, its depth against the picture, an activation against Keras's.

    Raises:
      ValueError: naming what is wrong.
    """
    if architecture not in ARCHITECTURES:
        raise ValueError(f"architecture={architecture!r}: must be one of {sorted(ARCHITECTURES)}")
    height, width, _ = image_shape
    if architecture == "conv" and 2 ** (depth - 1) >= min(height, width):
        raise ValueError(f"depth={depth}: a {height}x{width} image cannot be halved that often")
    if activation:
        check_activation(activation)


def check_activation(name: str) -> None:
    """Holds the name of an activation against those of Keras.

    Raises:
      ValueError: naming it.
    """
    try:
        keras.activations.get(name)
    except ValueError:
        raise ValueError(f"activation={name!r}: must be one of Keras's, such as tanh, relu, gelu, silu") from None


def check_layers(latent_dims: tuple[int, ...], widths: tuple[int, ...]) -> None:
    """Holds the sizes of several layers of latents, and of the networks around them, against each other.

    Raises:
      ValueError: naming what is wrong.
    """
    arguments.check({"latent_dims": min(latent_dims), "widths": min(widths)})
    if len(latent_dims) < 2 or len(widths) != len(latent_dims):
        raise ValueError(f"latent_dims={latent_dims}, widths={widths}: must be as many, and two at least")
