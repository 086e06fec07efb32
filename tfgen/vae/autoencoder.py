"""Autoencoders, which learn codes and no density.

Geoffrey E. Hinton, Ruslan R. Salakhutdinov, 2006, "Reducing the Dimensionality of Data with Neural Networks",
https://doi.org/10.1126/science.1127647; denoising: Pascal Vincent, Hugo Larochelle, Yoshua Bengio, Pierre-Antoine
Manzagol, 2008, "Extracting and Composing Robust Features with Denoising Autoencoders",
https://doi.org/10.1145/1390156.1390294.
"""

import math

import keras
import tensorflow as tf

from tfgen.core import GenerativeModel, Player, Signature, arguments
from tfgen.distributions.points import Picture, Point
from tfgen.ops import images, seeds
from tfgen.vae.networks import mlp_decoder, mlp_encoder

ARCHITECTURES = ("linear", "mlp", "conv")
CONVOLUTIONS = 4  # of the encoder, and up-convolutions of the decoder
BLACK = -1.0  # what a corrupted pixel is, in the network's [-1, 1]: level 0


def _strides(image_shape: tuple[int, int, int]) -> tuple[int, ...]:
    """Of the four convolutions: 2 as often as leaves a side of at least 2 pixels; of the second and the last first."""
    halvings = max(0, min(CONVOLUTIONS, int(math.log2(min(image_shape[:2]))) - 1))
    return tuple(2 if place < halvings else 1 for place in (2, 0, 3, 1))


def conv_encoder(width: int, outputs: int, image_shape: tuple[int, int, int]) -> keras.Sequential:
    """Four convolutions, each of stride 2 twice as wide as the last, then a layer: [N, H, W, C] -> [N, outputs]."""
    strides = _strides(image_shape)
    convs = [
        keras.layers.Conv2D(features, 3, stride, "same", activation="gelu")
        for features, stride in zip(_widths(width, strides), strides, strict=True)
    ]
    return keras.Sequential([*convs, keras.layers.Flatten(), keras.layers.Dense(outputs)])


def conv_decoder(width: int, image_shape: tuple[int, int, int]) -> keras.Sequential:
    """The encoder turned round: a layer, then four up-convolutions, cropped to the picture."""
    strides = _strides(image_shape)
    height, width_, channels = image_shape
    factor, widths = math.prod(strides), _widths(width, strides)
    rows, columns = -(-height // factor), -(-width_ // factor)
    outputs = [channels, *widths[:-1]]
    ups = [
        keras.layers.Conv2DTranspose(outputs[i], 3, strides[i], "same", activation="gelu" if i else None)
        for i in reversed(range(CONVOLUTIONS))
    ]
    return keras.Sequential(
        [
            keras.layers.Dense(rows * columns * widths[-1], "gelu"),
            keras.layers.Reshape((rows, columns, widths[-1])),
            *ups,
            keras.layers.Cropping2D(((0, rows * factor - height), (0, columns * factor - width_))),
        ]
    )


def _widths(width: int, strides: tuple[int, ...]) -> list[int]:
    return [width * math.prod(strides[1 : i + 1]) for i in range(CONVOLUTIONS)]


class Autoencoder(GenerativeModel):
    """A code of few numbers from which a picture is made again, learned by the squared error alone.

    loss   sum over pixels and channels of (x - decode(encode(x)))^2, pixels x in 0 .. 1; mean over the batch

    It has no prior, hence no samples and no likelihood: `encode` answers with a point, `decode` with a picture. With
    `noise` it is a denoising autoencoder: in training the encoder sees pixels of which a share is black (section 2.3 of
    Vincent et al. 2008), and the picture that it is held to is whole. The linear one learns the plane of principal
    component analysis (Baldi and Hornik 1989, https://doi.org/10.1016/0893-6080(89)90014-2). Hinton and Salakhutdinov
    start from a stack of Boltzmann machines; here all layers learn together from the start.

    Args:
      image_shape: (H, W, C).
      levels: number of values of a pixel.
      latent_dim: dimensions of the code.
      width: features of every hidden layer ("mlp"), or of the first convolution ("conv").
      depth: hidden layers in the encoder and in the decoder, of "mlp" alone.
      architecture: "linear", "mlp" or "conv", with four convolutions and four up-convolutions.
      noise: share of the pixels that the encoder does not see in training.

    Raises:
      ValueError: naming an argument that is out of range.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        levels: int = 256,
        latent_dim: int = 32,
        width: int = 256,
        depth: int = 2,
        architecture: str = "mlp",
        noise: float = 0.0,
    ):
        super().__init__(image_shape, levels)
        arguments.check({"latent_dim": latent_dim, "width": width, "depth": depth})
        if architecture not in ARCHITECTURES:
            raise ValueError(f"architecture={architecture!r}: must be one of {', '.join(ARCHITECTURES)}")
        if not 0.0 <= noise < 1.0:
            raise ValueError(f"noise={noise}: is a share of the pixels, and must lie in [0, 1)")
        self.latent_dim, self.noise = latent_dim, noise
        self.bounded = architecture != "linear"
        if architecture == "conv":
            self.encoder = conv_encoder(width, latent_dim, self.image_shape)
            self.decoder = conv_decoder(width, self.image_shape)
        else:
            depth = depth if architecture == "mlp" else 0
            self.encoder = mlp_encoder(width, depth, latent_dim)
            self.decoder = mlp_decoder(width, depth, self.image_shape)

    def encode(self, image: tf.Tensor, training: bool = False) -> Point:
        """The code of uint8 [N, H, W, C]."""
        return Point(self.encoder(images.to_symmetric(image, self.levels), training=training))

    def decode(self, latents: tf.Tensor, seed: tf.Tensor | None = None, training: bool = False) -> Picture:
        """The picture of a code float32 [N, D]; `seed` is for models that draw."""
        return Picture(self._pixels(latents, training) * (self.levels - 1.0), self.levels)

    def reconstruct(self, image: tf.Tensor, seed: tf.Tensor | None = None) -> tf.Tensor:
        """uint8 [N, H, W, C] -> uint8 [N, H, W, C]; `seed` is for models that draw."""
        return self.decode(self.encode(image).value).show()

    def _pixels(self, latents, training=False):
        """[N, D] -> float32 [N, H, W, C], in 0 .. 1 (linear: near it)."""
        made = tf.cast(self.decoder(latents, training=training), tf.float32)
        return tf.sigmoid(made) if self.bounded else made

    def players(self):
        squares = "squares of 0..1"
        return (
            Player(
                "model",
                self._terms,
                parts=[self],
                objective=lambda terms: terms["squared_error"],
                units={"squared_error": squares, "loss": squares, "mse_per_pixel": squares},
            ),
        )

    def _terms(self, batch, seed, training):
        seen = images.to_symmetric(batch["image"], self.levels)
        if training and self.noise:
            seen = tf.where(seeds.uniform(seed, self.image_shape) < self.noise, BLACK, seen)
        made = self._pixels(self.encoder(seen, training=training), training)
        error = tf.reduce_sum(tf.square(images.to_unit(batch["image"], self.levels) - made), axis=[1, 2, 3])
        return {"squared_error": error, "mse_per_pixel": error / math.prod(self.image_shape)}

    def signatures(self):
        image = {"image": self.batch_spec["image"]}
        code = {"latents": tf.TensorSpec([None, self.latent_dim], tf.float32, name="latents")}

        def decode(latents):
            picture = self.decode(latents)
            return {"image": picture.show(), "mean": picture.mean}

        return {
            "encode": Signature(lambda image: {"latents": self.encode(image).value}, image, "The code of an image."),
            "decode": Signature(decode, code, "The image of a code; its pixels in levels before they are rounded."),
            "reconstruct": Signature(
                lambda image: {"image": self.reconstruct(image)}, image, "The image of the image's code."
            ),
        }
